"""What is asked to be deleted is in nothing that we hold, stays out, and a receipt proves it without naming anybody."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from mlflow import MlflowClient

from benchmarks.checkout import use_settings
from retune.core.errors import IntegrityError, UnavailableError, UserError
from retune.core.forget import Request
from retune.core.hosted_model import HostedModel
from retune.io import erasures, hosted_copies, tombstones
from retune.io.erasing import from_caches
from retune.io.hosted import names_of
from retune.io.lineage import index_file
from retune.io.lineage_mirror import FOLDER
from retune.io.locks import exclusive
from retune.io.mlflow_store import default_uri
from retune.io.registry import CHAMPION, PREVIOUS, WITHDRAWN, Registry
from retune.io.reproduction import checkouts
from retune.io.withdrawal import ERASED
from tasks.forget import Done, foresee, forget
from tests.io.toy_openai import KEY as TOY_KEY
from tests.io.toy_openai import Fault, ToyOpenAI, serving
from tests.tasks.estate import ADDRESS, BODY, KEY, MAIL, PAGE, TICKET, dvc, make_estate, read_documents
from tests.toy_checkout import MODEL

pytestmark = [pytest.mark.usefixtures("reload_here"), pytest.mark.slow]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def estate(checkout: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(checkout)
    monkeypatch.setenv(tombstones.KEY_VARIABLE, KEY)
    return make_estate(checkout, tiny_base)


def silent(_line: str) -> None:
    """Hear nothing."""


def stop_at(step: str) -> Callable[[str], None]:
    """Return who stops a deletion before a step."""

    def say(line: str) -> None:
        if line == step:
            raise KeyboardInterrupt

    return say


def erase(root: Path, request: Request) -> Done:
    return forget(root=root, request=request, reason="on request", now=NOW, say=silent)


def holding(root: Path, *words: bytes) -> list[str]:
    """Return the files anywhere in and around the checkout that hold one of these words, tables unpacked."""
    found = []
    for path in root.parent.rglob("*"):
        if path.is_file() and path.suffix not in (".db", ".sqlite", ".safetensors") and "base" not in path.parts:
            content = path.read_bytes()
            if content.startswith(b"PAR1"):
                import pyarrow.parquet as pq

                content = json.dumps(pq.read_table(path).to_pylist(), default=str).encode()
            if any(word in content for word in words):
                found.append(path.relative_to(root.parent).as_posix())
    return found


def registry(root: Path) -> Registry:
    return Registry(default_uri(root), MODEL)


@pytest.mark.case("E1")
@pytest.mark.case("LN-2")
@pytest.mark.case("LN-3")
def test_a_person_is_in_nothing_that_we_hold_and_the_receipt_does_not_say_who_it_was(estate: Path) -> None:
    assert len(holding(estate, ADDRESS.encode())) > 5
    seen = foresee(root=estate, request=Request(persons=(ADDRESS,)), say=silent)
    assert [name for name in seen["documents"] if not name.startswith("mail:")] == [PAGE, TICKET]
    assert seen["versions"] == [{"model": MODEL, "version": "2", "sides": ["train"]}]
    assert holding(estate, BODY.encode())
    done = erase(estate, Request(persons=(ADDRESS,)))
    assert done.left == []
    assert holding(estate, ADDRESS.encode(), b"harbour shed to") == []
    assert holding(estate, PAGE.encode()) == [], "a name of a file may say who it was about"
    assert not (estate / "data" / PAGE).exists()
    assert not (estate / "data" / MAIL).exists()
    assert [line[:2] for line in (estate / "data" / "tickets/desk.csv").read_text().splitlines()[1:]] == ["a1", "a3"]
    assert registry(estate).aliases()[CHAMPION] == "1"
    assert PREVIOUS not in registry(estate).aliases()
    version = registry(estate).version("2")
    assert version is not None
    assert version.tags[ERASED] == done.receipt["receipt"]
    assert done.receipt["receipt"] in version.tags[WITHDRAWN]
    assert done.receipt["hosted_copies"].startswith("none")
    assert (done.receipt["documents"], done.receipt["still_there"]) == (3, [])


@pytest.mark.case("E1")
def test_a_version_whose_links_are_lost_stands_in_the_receipt_as_one_that_may_have_seen_it(
    estate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from retune.cli.main import main

    for links in list((estate.parent / "mlflow").rglob(FOLDER)):
        shutil.rmtree(links)
    index_file(estate).unlink()
    lost = [{"model": MODEL, "version": "1"}, {"model": MODEL, "version": "2"}]
    assert main(["forget", "--document", TICKET, "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "No version is known to have seen it." in told
    assert f"{MODEL} version 2 may have seen it" in told
    receipt = erase(estate, Request(documents=(TICKET,))).receipt
    assert (receipt["versions"], receipt["cannot_be_told"]) == ([], lost)


def test_a_misspelt_document_is_said_to_match_nothing(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from retune.cli.main import main

    assert main(["forget", "--document", f"{TICKET}-misspelt", "--dry-run"]) == 0
    assert "No document that is known here matches it" in capsys.readouterr().out
    assert main(["forget", "--document", TICKET, "--dry-run"]) == 0
    assert "No document that is known here" not in capsys.readouterr().out


@pytest.mark.case("E1")
def test_a_receipt_holds_for_its_request_alone_and_breaks_when_it_is_changed(estate: Path) -> None:
    done = erase(estate, Request(documents=(TICKET,)))
    path, key = estate / done.path, KEY.encode()
    assert erasures.verify(path, key) == done.receipt
    assert done.receipt["request"] == erasures.identity(Request(documents=(TICKET,)), key)
    assert done.receipt["request"] != erasures.identity(Request(documents=("tickets:a3",)), key)
    assert TICKET not in path.read_text()
    path.write_text(path.read_text().replace('"documents": 1', '"documents": 0'))
    with pytest.raises(IntegrityError, match="changed after it was signed"):
        erasures.verify(path, key)


@pytest.mark.case("LN-2")
def test_the_neighbours_of_a_row_stay_in_every_place(estate: Path) -> None:
    erase(estate, Request(documents=(TICKET,)))
    assert holding(estate, b"harbour shed to") == []
    assert (estate / "data" / PAGE).exists()
    assert any("rows/" in path for path in holding(estate, b"tickets:a3"))
    assert any(path.startswith("traffic/") for path in holding(estate, b"The printer is empty."))


@pytest.mark.case("LN-2")
def test_a_folder_goes_with_all_that_was_ever_in_it(estate: Path) -> None:
    done = erase(estate, Request(sources=("data/tickets/",)))
    assert done.receipt["documents"] == 3
    assert holding(estate, b"harbour shed") == []
    assert not (estate / "data" / "tickets").exists()
    assert [one["version"] for one in done.receipt["versions"]] == ["1", "2"]
    assert done.receipt["aliases"][0]["note"].endswith("it answers until it is replaced")
    assert registry(estate).aliases()[CHAMPION] == "2"


@pytest.mark.case("E1")
def test_what_was_erased_stays_out_when_it_comes_again_under_another_name(estate: Path) -> None:
    page = (estate / "data" / PAGE).read_text()
    erase(estate, Request(documents=(PAGE,)))
    again = estate / "data" / "letters" / "again.txt"
    again.parent.mkdir()
    again.write_text(page)
    read_documents(estate)
    counts = json.loads((estate / "artifacts/corpus/ingest/counts.json").read_text())
    assert counts["details"]["erased"] == {"files": 1, "documents": 1}
    assert counts["rows_in"] == counts["rows_out"] + counts["rejected"] + counts["quarantined"]


@pytest.mark.case("E3")
def test_nothing_is_looked_for_while_a_deletion_is_half_done_so_that_no_cache_has_it_again(estate: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        forget(root=estate, request=Request(persons=(ADDRESS,)), reason="", now=NOW, say=stop_at("forget: objects"))
    with pytest.raises(UserError, match="--resume"):
        foresee(root=estate, request=Request(documents=("tickets:a1",)), say=silent)
    assert erase(estate, Request(persons=(ADDRESS,))).left == []
    assert holding(estate, ADDRESS.encode(), b"harbour shed to") == []


@pytest.mark.case("E1")
def test_a_checkout_in_which_a_version_was_made_again_goes_and_one_at_work_stops_the_deletion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETUNE_STATE", str(tmp_path))
    kept = checkouts() / "router-1" / "data" / "page.md"
    kept.parent.mkdir(parents=True)
    kept.write_text("text")
    assert from_caches(erase=False) == {"files": 1}
    with exclusive(checkouts() / "router-1.lock", wait=False), pytest.raises(UnavailableError):
        from_caches(erase=True)
    assert kept.exists()
    assert from_caches(erase=True) == {"files": 1}
    assert not kept.exists()


def test_without_the_key_nothing_is_touched(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = holding(estate, ADDRESS.encode())
    monkeypatch.delenv(tombstones.KEY_VARIABLE)
    with pytest.raises(UserError, match="RETUNE_ERASURE_KEY"):
        erase(estate, Request(persons=(ADDRESS,)))
    assert holding(estate, ADDRESS.encode()) == before


@pytest.mark.case("A2")
def test_a_label_that_was_raised_withdraws_the_versions_and_deletes_nothing(
    estate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from retune.cli.main import main

    done = erase(estate, Request(documents=(TICKET,), only_versions=True))
    assert holding(estate, BODY.encode())
    assert registry(estate).aliases()[CHAMPION] == "1"
    version = registry(estate).version("2")
    assert version is not None
    assert "may not be learnt from any more" in version.tags[WITHDRAWN]
    assert ERASED not in version.tags
    assert done.receipt["kind"] == "document, versions only"
    assert main(["forget", "--relabelled", "--document", "tickets:a3"]) == 0
    said = capsys.readouterr().out
    assert "Nothing is deleted: 1 document may be learnt from no more." in said
    assert "rased" not in said
    assert not tombstones.load(tombstones.path_of(estate))


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, estate: Path) -> Iterator[ToyOpenAI]:
    """Return a service with which version 2 lies, which learnt from the person, and which still holds its rows."""
    monkeypatch.setenv("TOY_KEY", TOY_KEY)
    with serving() as toy:
        files = names_of(MODEL, "a" * 64, "b" * 64)
        toy.files = {f"file-{name}": {"id": f"file-{name}", "filename": name} for name in (*files, "of-others.jsonl")}
        toy.learnt = {"ft:toy:2": {"a": "b"}, "ft:toy:others": {"a": "b"}}
        kept = HostedModel("openai", toy.url, "TOY_KEY", "toy", "ft:toy:2", "j", "", "a" * 64, "b" * 64, "", 1, "", "")
        client = MlflowClient(default_uri(estate))
        for name, value in hosted_copies.tags_of({"hosted": asdict(kept)}).items():
            client.set_model_version_tag(MODEL, "2", name, value)
        settings = {"enabled": True, "base_url": toy.url, "api_key_variable": "TOY_KEY"}
        use_settings(estate, {f"hosted.openai.{name}": value for name, value in settings.items()})
        yield toy


@pytest.mark.case("LN-3")
def test_what_a_service_holds_is_deleted_there(estate: Path, service: ToyOpenAI) -> None:
    seen = foresee(root=estate, request=Request(persons=(ADDRESS,)), say=silent)
    assert (seen["places"]["hosted"]["models"], service.requests.total()) == (1, 0)
    done = erase(estate, Request(persons=(ADDRESS,)))
    assert list(service.learnt) == ["ft:toy:others"]
    assert [one["filename"] for one in service.files.values()] == ["of-others.jsonl"]
    assert done.receipt["hosted_copies"] == "1 models and 2 files were deleted there, 0 are left"
    assert done.left == []


@pytest.mark.case("LN-3")
@pytest.mark.parametrize("reason", ["refused", "not enabled", "never"])
def test_what_a_service_keeps_stands_in_the_receipt_with_the_reason(
    estate: Path, service: ToyOpenAI, reason: str
) -> None:
    if reason == "refused":
        service.faults.append(Fault("DELETE", "/models/.*", 403))
    if reason == "not enabled":
        use_settings(estate, {"hosted.openai.enabled": False})
    if reason == "never":
        use_settings(estate, {"erasure.withdraw": "never"})
    done = erase(estate, Request(persons=(ADDRESS,)))
    assert "ft:toy:2" in service.learnt
    if reason == "never":
        assert done.left == []
        return
    assert [one["place"] for one in done.left] == [service.url]
    assert "ft:toy:2" in done.left[0]["why"]
    assert done.receipt["still_there"] == done.left
    assert service.requests.total() == {"refused": 4, "not enabled": 0}[reason]


@pytest.mark.case("E1")
def test_a_source_far_away_is_listed_as_still_there_and_kept_out(estate: Path) -> None:
    tracked = yaml.safe_load((estate / "data.dvc").read_text())
    (estate / "data.dvc").write_text(yaml.safe_dump({**tracked, "deps": [{"path": "s3://bucket/documents"}]}))
    done = erase(estate, Request(documents=(TICKET,)))
    assert [(one["place"], one["files"]) for one in done.left] == [("s3://bucket/documents", 1)]
    assert done.receipt["still_there"] == done.left
    assert "make pipeline" in done.left[0]["todo"]
    assert holding(estate, b"before Friday") == [], "earlier states are gone"
    read_documents(estate)
    assert [path for path in holding(estate, b"before Monday") if "artifacts/" in path] == []


@pytest.mark.case("E1")
def test_a_source_in_another_folder_loses_it_and_data_follows(estate: Path) -> None:
    documents = estate.parent / "documents"
    shutil.move(estate / "data", documents)
    (estate / "data.dvc").unlink()
    dvc(estate, "import-url", "--quiet", "../documents", "data")
    done = erase(estate, Request(persons=(ADDRESS,)))
    assert done.left == []
    assert holding(estate, ADDRESS.encode(), b"harbour shed to") == []
    assert sorted(path.name for path in documents.rglob("*.*")) == ["desk.csv", "page.md"]
    assert (estate / "data/tickets/desk.csv").read_bytes() == (documents / "tickets/desk.csv").read_bytes()


def test_the_command_line_lists_erases_and_checks_and_answers_programs(
    estate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from retune.cli.main import main

    def told(*arguments: str) -> Any:
        code = main(["forget", *arguments, "--json"])
        return code, json.loads(capsys.readouterr().out)

    code, seen = told("--person", ADDRESS, "--dry-run")
    assert (code, len(seen["documents"]), seen["places"]["documents"]["rows"]) == (0, 3, 1)
    code, [done] = told("--person", ADDRESS)
    assert (code, done["documents"], done["left"]) == (0, 3, [])
    assert told("--verify", done["path"], "--person", ADDRESS)[0] == 0
    assert told("--verify", done["path"], "--person", "Bob Byron")[0] == 1
    assert told("--person", ADDRESS, "--dry-run")[1]["documents"] == []
    assert told("--person", ADDRESS, "--document", TICKET)[0] == 2
    assert told()[0] == 2
    assert told("--resume") == (0, [])
