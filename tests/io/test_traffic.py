"""The traffic log: no personal data in it, whole files or none, nothing lost in silence, and no answer held up."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd
import pytest

from retune.core.errors import UnavailableError, UserError
from retune.core.params.redact import RedactParams
from retune.io import traffic
from retune.io.traffic import append, day_of, expire, read
from retune.project import read_project
from tests.conftest import CHECKOUT
from tests.io.toy_s3 import ToyS3

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MODEL = "ticket-router"


@pytest.fixture(scope="module")
def redact() -> RedactParams:
    return read_project(CHECKOUT).corpus.redact


@pytest.fixture(autouse=True)
def no_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "_LOSSES", traffic._Losses())


def answers(*texts: Any) -> pd.DataFrame:
    return pd.DataFrame({"text": pd.Series(texts, dtype=object), "prediction": "access", "confidence": 0.75})


def all_rows(uri: str) -> pd.DataFrame:
    return read(uri, MODEL, NOW - 1000 * DAY, NOW + 1000 * DAY)


def files_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_what_is_appended_is_read_back_with_ids_times_and_version(tmp_path: Path, redact: RedactParams) -> None:
    first = append(str(tmp_path), MODEL, "3", answers("the badge fails", "the door is shut"), redact=redact, at=NOW)
    later = append(str(tmp_path), MODEL, "4", answers("no power"), redact=redact, at=NOW + DAY)
    rows = all_rows(str(tmp_path))
    assert set(rows["request_id"]) == {*first, *later}
    assert len(rows) == 3
    assert list(rows.columns) == list(traffic.TRAFFIC)
    last = rows.iloc[2]
    assert (last["text"], last["version"], last["prediction"], last["confidence"]) == ("no power", "4", "access", 0.75)
    assert last["at"] == "2026-03-11T12:00:00.000000+00:00"
    assert [day_of(request) for request in (first[0], later[0])] == [NOW.date(), (NOW + DAY).date()]
    assert rows.attrs == {"skipped": [], "withheld": 0, "lost": 0}


def test_a_window_takes_its_first_instant_and_not_its_last(tmp_path: Path, redact: RedactParams) -> None:
    for hours in (0, 1, 2):
        append(str(tmp_path), MODEL, "1", answers(f"{hours} o'clock"), redact=redact, at=NOW + timedelta(hours=hours))
    rows = read(str(tmp_path), MODEL, NOW, NOW + timedelta(hours=2))
    assert list(rows["text"]) == ["0 o'clock", "1 o'clock"]
    assert read(str(tmp_path), "another-model", NOW - DAY, NOW + DAY).empty


@pytest.mark.case("PII-2")
def test_no_personal_data_reaches_the_disk(
    tmp_path: Path, redact: RedactParams, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "erika.mustermann@example.org"
    written: list[bytes] = []
    import pyarrow.parquet as pq

    real = pq.write_table

    def spied(table: Any, where: Any, **options: Any) -> None:
        written.append(repr(table.to_pydict()).encode())
        real(table, where, **options)

    monkeypatch.setattr(pq, "write_table", spied)
    with caplog.at_level(logging.DEBUG):
        append(str(tmp_path), MODEL, "1", answers(f"Write to {secret}, or call +44 20 7946 0958"), redact=redact)
    rows = all_rows_now(str(tmp_path))
    assert rows["text"].iloc[0] == "Write to [EMAIL_1], or call [PHONE_1]"
    assert written
    assert secret.encode() not in b"".join(written)
    assert secret not in caplog.text


def all_rows_now(uri: str) -> pd.DataFrame:
    now = datetime.now(UTC)
    return read(uri, MODEL, now - DAY, now + DAY)


def test_a_text_that_cannot_be_redacted_is_counted_and_not_written(
    tmp_path: Path, redact: RedactParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    from retune.core.recognizers import iban

    def breaks(text: str) -> list[Any]:
        if "trap" in text:
            raise RecursionError
        return []

    monkeypatch.setattr(iban, "find", breaks)
    given = answers("all is well", "half a \ud800 pair", None, "a trap for a recognizer")
    requests = append(str(tmp_path), MODEL, "1", given, redact=redact, at=NOW)
    rows = all_rows(str(tmp_path))
    assert [bool(request) for request in requests] == [True, False, False, False]
    assert list(rows["text"]) == ["all is well"]
    assert rows.attrs["withheld"] == 3


def test_a_text_in_which_something_is_still_found_after_redaction_is_not_written(
    tmp_path: Path, redact: RedactParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    from retune.core.recognizers import iban

    monkeypatch.setattr(iban, "find", lambda _text: [(0, 1)])  # whatever is put in its place
    assert append(str(tmp_path), MODEL, "1", answers("anything"), redact=redact, at=NOW) == [""]
    assert all_rows(str(tmp_path)).attrs["withheld"] == 1


def test_a_store_that_fails_fails_no_answer_and_is_said_once_and_counted(
    tmp_path: Path, redact: RedactParams, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic, "PAUSE_SECONDS", 0.0)
    (tmp_path / MODEL).write_text("a file where the folder should be")
    for _ in range(3):
        assert append(str(tmp_path), MODEL, "1", answers("one", "two"), redact=redact, at=NOW) == ["", ""]
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    (tmp_path / MODEL).unlink()
    assert append(str(tmp_path), MODEL, "1", answers("three"), redact=redact, at=NOW) != [""]
    assert all_rows(str(tmp_path)).attrs["lost"] == 6
    assert "it works again; 6 answers were not logged" in caplog.text
    assert "three" not in caplog.text


def test_a_store_that_failed_is_left_alone_for_a_while(tmp_path: Path, redact: RedactParams) -> None:
    (tmp_path / MODEL).write_text("a file where the folder should be")
    append(str(tmp_path), MODEL, "1", answers("one"), redact=redact, at=NOW)
    (tmp_path / MODEL).unlink()
    assert append(str(tmp_path), MODEL, "1", answers("two"), redact=redact, at=NOW) == [""]
    assert files_of(tmp_path) == []


def test_what_is_none_of_the_logs_is_named_and_skipped(
    tmp_path: Path, redact: RedactParams, caplog: pytest.LogCaptureFixture
) -> None:
    append(str(tmp_path), MODEL, "1", answers("the badge fails"), redact=redact, at=NOW)
    good = next((tmp_path / MODEL).rglob("*.parquet"))
    day = good.parent
    (day / "torn.parquet").write_bytes(good.read_bytes()[:-20])
    (day / "empty.parquet").write_bytes(b"")
    (day / "notes.txt").write_text("a person was here")
    pd.DataFrame({"text": ["other columns"]}).to_parquet(day / "foreign.parquet")
    frame = pd.read_parquet(good)
    frame.assign(at="yesterday").to_parquet(day / "no-time.parquet", index=False)
    (tmp_path / MODEL / "day=2026-99-99").mkdir()
    (tmp_path / MODEL / "day=2026-99-99" / "x.parquet").write_bytes(good.read_bytes())
    (tmp_path / MODEL / "day=2026-03-09").write_text("a file with a day's name")
    (day / "sub").mkdir()
    (day / "sub" / "deep.parquet").write_bytes(good.read_bytes())
    rows = all_rows(str(tmp_path))
    assert list(rows["text"]) == ["the badge fails"]
    skipped = {Path(one.file).name for one in rows.attrs["skipped"]}
    assert skipped == {
        "torn.parquet", "empty.parquet", "notes.txt", "foreign.parquet", "no-time.parquet", "day=2026-99-99",
        "day=2026-03-09", "deep.parquet"
    }  # fmt: skip
    assert "skipped 8 files" in caplog.text


def test_a_file_that_a_writer_is_busy_with_is_not_there_and_one_that_died_is_named(
    tmp_path: Path, redact: RedactParams
) -> None:
    append(str(tmp_path), MODEL, "1", answers("whole"), redact=redact, at=NOW)
    day = next((tmp_path / MODEL).rglob("*.parquet")).parent
    (day / ".busy.parquet.partial").write_bytes(b"PAR1")
    (day / ".left.parquet.partial").write_bytes(b"PAR1")
    an_hour_ago = datetime.now(UTC).timestamp() - 3600
    os.utime(day / ".left.parquet.partial", (an_hour_ago, an_hour_ago))
    rows = all_rows(str(tmp_path))
    assert len(rows) == 1
    assert [Path(one.file).name for one in rows.attrs["skipped"]] == [".left.parquet.partial"]


KILLED = """
import os, sys
import pandas as pd, pyarrow.parquet as pq
from pathlib import Path
from retune.io.traffic import append
from retune.project import read_project

def dies(table, where, **options):
    Path(where).write_bytes(b"PAR1 half")
    os.kill(os.getpid(), 9)

pq.write_table = dies
rows = pd.DataFrame({"text": ["half"], "prediction": "access", "confidence": 0.5})
append(sys.argv[1], "ticket-router", "1", rows, redact=read_project(Path.cwd()).corpus.redact)
"""


def test_a_killed_writer_leaves_no_half_file(tmp_path: Path, redact: RedactParams) -> None:
    append(str(tmp_path), MODEL, "1", answers("whole"), redact=redact)
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=CHECKOUT, check=False)
    assert ended.returncode == -9
    assert len(files_of(tmp_path)) == 2, "the half one bears a temporary name"
    assert list(all_rows_now(str(tmp_path))["text"]) == ["whole"]


def test_servers_that_write_at_once_never_collide(tmp_path: Path, redact: RedactParams) -> None:
    with ThreadPoolExecutor(8) as pool:
        calls = [
            pool.submit(append, str(tmp_path), MODEL, "1", answers(f"call {number}"), redact=redact, at=NOW)
            for number in range(64)
        ]
    requests = {call.result()[0] for call in calls}
    assert len(requests) == 64
    assert set(all_rows(str(tmp_path))["request_id"]) == requests


def test_clean_up_deletes_whole_days_that_are_too_old_and_counts_their_rows(
    tmp_path: Path, redact: RedactParams
) -> None:
    for age in (0, 90, 91, 200):
        append(str(tmp_path), MODEL, "1", answers(f"{age} days", "again"), redact=redact, at=NOW - age * DAY)
    old = tmp_path / MODEL / f"day={(NOW - 200 * DAY).date()}"
    (old / "torn.parquet").write_bytes(b"PAR1")
    (tmp_path / MODEL / "day=old").mkdir()
    done = expire(str(tmp_path), MODEL, 90, NOW)
    assert done == traffic.Expired(("2025-08-22", "2025-12-09"), rows=4, unreadable_files=1)
    assert sorted(all_rows(str(tmp_path))["text"]) == ["0 days", "90 days", "again", "again"]
    assert (tmp_path / MODEL / "day=old").exists(), "what is no day is not ours to delete"
    assert expire(str(tmp_path), MODEL, 90, NOW) == traffic.Expired((), 0, 0)


@pytest.mark.parametrize("mark", [".git", ".dvc"])
def test_a_folder_inside_a_checkout_is_refused(mark: str, tmp_path: Path, redact: RedactParams) -> None:
    (tmp_path / "checkout" / mark).mkdir(parents=True)
    (tmp_path / "checkout" / "deep").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "checkout" / "deep")
    for inside in (tmp_path / "checkout" / "log", tmp_path / "link" / "log", f"file://{tmp_path}/checkout/log"):
        with pytest.raises(UserError, match="outside every checkout"):
            append(str(inside), MODEL, "1", answers("x"), redact=redact)
    assert files_of(tmp_path) == []


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("../traffic", "an absolute path"),
        ("ftp://host/log", "s3://bucket/folder"),
        ("s3://", "s3://bucket/folder"),
        ("s3://AKIA:topsecret@bucket/log", "without credentials"),
    ],
)
def test_an_address_that_can_hold_no_log_is_refused_and_no_password_repeated(
    uri: str, said: str, redact: RedactParams
) -> None:
    with pytest.raises(UserError, match=said) as refused:
        append(uri, MODEL, "1", answers("x"), redact=redact)
    assert "topsecret" not in str(refused.value)


def test_wrong_arguments_are_refused_before_anything_is_written(tmp_path: Path, redact: RedactParams) -> None:
    with pytest.raises(UserError, match="no confidence"):
        append(str(tmp_path), MODEL, "1", answers("x").drop(columns="confidence"), redact=redact)
    with pytest.raises(UserError, match="a model's name"):
        append(str(tmp_path), "../elsewhere", "1", answers("x"), redact=redact)
    assert append(str(tmp_path), MODEL, "1", answers().iloc[:0], redact=redact) == []
    assert files_of(tmp_path) == []


@pytest.fixture
def object_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    ToyS3.objects.clear()
    ToyS3.requests.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), ToyS3)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name, value in {"AWS_ACCESS_KEY_ID": "toy", "AWS_SECRET_ACCESS_KEY": "toy"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield f"s3://bucket/log?scheme=http&region=eu-central-1&endpoint_override=127.0.0.1:{server.server_port}"
    server.shutdown()


def test_on_an_object_store_a_call_is_one_put(object_store: str, redact: RedactParams) -> None:
    written = append(object_store, MODEL, "1", answers("the badge fails"), redact=redact, at=NOW)
    assert [verb for verb, _ in ToyS3.requests] == ["PUT"]
    assert f"/bucket/log/{MODEL}/day" in unquote(ToyS3.requests[0][1])
    assert list(all_rows(object_store)["request_id"]) == written
    append(object_store, MODEL, "1", answers("long ago"), redact=redact, at=datetime(2020, 1, 1, tzinfo=UTC))
    assert expire(object_store, MODEL, 90, NOW) == traffic.Expired(("2020-01-01",), 1, 0)
    assert [name for name in ToyS3.objects if "day=2020" in name] == []
    assert len(all_rows(object_store)) == 1


def test_an_object_store_that_does_not_answer_is_said_to_the_reader_and_not_to_the_asker(
    object_store: str, redact: RedactParams, caplog: pytest.LogCaptureFixture
) -> None:
    port = object_store.rpartition(":")[2]
    gone = object_store.replace(port, "1")
    assert append(gone, MODEL, "1", answers("the badge fails"), redact=redact) == [""]
    assert "the badge fails" not in caplog.text
    with pytest.raises(UnavailableError, match="s3://bucket/log did not do what was asked"):
        read(gone, MODEL, NOW, NOW + DAY)


def test_what_a_question_was_asked_of_is_logged_without_personal_data(tmp_path: Path, redact: RedactParams) -> None:
    asked = answers("who wrote?").assign(context="ann@harbour-freight.com wrote it")
    append(str(tmp_path), MODEL, "1", asked, redact=redact, at=NOW)
    append(str(tmp_path), MODEL, "1", answers("no question"), redact=redact, at=NOW + DAY)
    assert all_rows(str(tmp_path))["context"].tolist() == ["[EMAIL_1] wrote it", ""]
