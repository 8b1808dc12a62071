"""Ingest on a folder of real files: what comes in is a document or a line in quarantine, whatever the files do."""

from __future__ import annotations

import os
import random
import shutil
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from retune.core.errors import RetuneError, UserError
from retune.core.frames import DOCUMENTS, FILES, QUARANTINE
from retune.core.ingest import TODOS
from retune.core.params.ingest import IngestParams
from retune.io import documents as reading
from retune.io import tombstones
from retune.io.files import read_frame, read_json
from tasks.ingest import ingest
from tests.core.formats import samples
from tests.core.formats.samples import WORDS

TABLES = ("documents", "files", "quarantine")
TICKETS = b"no,subject,body,opened\n1,Printer,It does not print at all.,2026-02-03\n2,Badge,My badge is broken.,\n"


def params(timeout_seconds: float = 60, **changes: Any) -> IngestParams:
    values = {
        "parsing": samples.settings().model_dump(),
        "limits": {"max_file_mb": 1, "timeout_seconds": timeout_seconds, "memory_mb": 1024},
        "workers": 2,
        "departments": {"rules": {}, "from_folder": True},
        "access": {
            "levels": ["public", "internal", "restricted"],
            "default": "internal",
            "rules": {"board/*": "restricted"},
        },
    }
    return IngestParams.model_validate({**values, **changes})


class Corpus:
    """A folder of files that can be ingested again and again."""

    def __init__(self, root: Path) -> None:
        self.root, self.source, self.out = root, root / "data", root / "out"

    def put(self, **files: bytes | str) -> None:
        self.write({name.replace("__", "/").replace("_", "."): data for name, data in files.items()})

    def write(self, files: dict[str, bytes | str]) -> None:
        for name, data in files.items():
            path = self.source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data.encode() if isinstance(data, str) else data)

    def run(self, settings: IngestParams | None = None) -> dict[str, Any]:
        """Ingest; return the tables by name, and counts and seen as values."""
        paths = {name: self.out / f"{name}.parquet" for name in TABLES}
        counts, seen = self.out / "counts.json", self.out / "seen.json"
        tombstones.ensure(self.root)
        inputs = {"source": self.source, "tombstones": tombstones.path_of(self.root)}
        ingest(**inputs, **paths, counts=counts, seen=seen, params=settings or params())
        return {
            **{name: read_frame(path) for name, path in paths.items()},
            "counts": read_json(counts),
            "seen": read_json(seen),
            "bytes": {
                name: (self.out / name).read_bytes() for name in [*(p.name for p in paths.values()), "counts.json"]
            },
        }


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    monkeypatch.setenv("RETUNE_STATE", str(tmp_path / "state"))
    return Corpus(tmp_path)


def reasons(result: dict[str, Any]) -> dict[str, str]:
    return dict(zip(result["quarantine"]["source_path"], result["quarantine"]["reason"], strict=True))


@pytest.mark.parametrize("stood_open", [False, True])
def test_nobody_but_the_owner_may_look_at_raw_text(corpus: Corpus, stood_open: bool) -> None:
    corpus.put(a_txt=WORDS)
    before = os.umask(0o022)
    try:
        if stood_open:
            corpus.out.mkdir(mode=0o755)
        corpus.run()
    finally:
        os.umask(before)
    assert corpus.out.stat().st_mode & 0o777 == 0o700


@pytest.mark.case("IN-1")
def test_a_folder_with_one_file_of_each_format_gives_one_record_per_document(corpus: Corpus) -> None:
    corpus.write({**samples.one_of_each(), "tickets/a.csv": TICKETS, "board/minutes.txt": WORDS})
    result = corpus.run()
    documents: pd.DataFrame = result["documents"].set_index("document_id")
    assert list(result["documents"].columns) == list(DOCUMENTS)
    assert list(result["files"].columns) == list(FILES)
    assert list(result["quarantine"].columns) == list(QUARANTINE)
    assert {"a.txt", "a.pdf", "canteen-rules", "tickets:1", "tickets:2", "board/minutes.txt"} <= set(documents.index)
    mail = documents[documents["source_path"] == "a.eml"]
    assert sorted(mail["kind"]) == ["document", "message"]
    assert mail.index[0].startswith("mail:")
    assert (documents[["source_sha256", "media_type", "parser", "parser_version", "access_label"]] != "").all(axis=None)
    labels = documents[["access_label", "department"]].T.to_dict("list")
    assert labels["board/minutes.txt"] == ["restricted", "board"]
    assert labels["canteen-rules"] == ["internal", "facilities"]
    assert set(documents["language"]) == {"en"}
    assert documents.loc["a.txt", "size_bytes"] == len(WORDS)
    assert result["seen"]["modified"].keys() == set(result["files"]["source_path"])
    assert reasons(result) == {"a.eml#attachment=logo.png": "unsupported_type"}


def test_every_file_and_every_row_is_counted_once(corpus: Corpus) -> None:
    rows = TICKETS + b",Lost,No id.,\n1,Printer again,The same id.,\n"
    corpus.write({"tickets/a.csv": rows, "a.txt": WORDS, "b.gif": b"GIF89a", ".DS_Store": b"x", ".git/config": b"x"})
    counts = corpus.run()["counts"]
    assert (counts["rows_in"], counts["rows_out"], counts["quarantined"]) == (3, 2, 1)
    assert counts["details"]["parts"]["row"] == {"rows_in": 4, "rows_out": 2, "quarantined": 2}
    assert counts["details"]["quarantined_by_reason"] == {"unsupported_type": 1}
    assert counts["details"]["not_considered"] == {"hidden": 2}
    assert counts["details"]["quarantine_lines"] == 3


def test_rows_in_quarantine_say_where_they_are_and_what_to_do(corpus: Corpus) -> None:
    corpus.write({"tickets/a.csv": TICKETS, "tickets/b.csv": TICKETS.replace(b"2,Badge", b",Badge")})
    lines = corpus.run()["quarantine"].set_index("source_path")
    assert lines.loc["tickets/b.csv#row=1", "reason"] == "duplicate_id"
    assert lines.loc["tickets/b.csv#row=1", "detail"] == "its id belongs to tickets/a.csv#row=1"
    assert lines.loc["tickets/b.csv#row=2", "reason"] == "corrupt"
    assert (lines["todo"] == [TODOS[reason] for reason in lines["reason"]]).all()
    assert lines.loc["tickets/b.csv", "detail"] == "none of its 2 parts can be taken"


@pytest.mark.case("IN-2")
def test_a_second_run_without_a_change_parses_nothing_and_gives_the_same_bytes(corpus: Corpus) -> None:
    corpus.write({**samples.one_of_each(), "broken.pdf": b"%PDF-", "empty.txt": b""})
    first, second = corpus.run(), corpus.run()
    assert first["seen"]["n_parsed"] == 13
    assert (second["seen"]["n_parsed"], second["seen"]["n_from_cache"]) == (0, 13)
    assert first["bytes"] == second["bytes"]
    assert [second["seen"][kind] for kind in ("added", "changed", "removed", "renamed")] == [[], [], [], []]


@pytest.mark.case("IN-3")
def test_one_changed_byte_changes_exactly_the_rows_of_its_document(corpus: Corpus) -> None:
    corpus.write({"a.txt": WORDS, "b.txt": WORDS + "!", "tickets/a.csv": TICKETS})
    before = corpus.run()["documents"].set_index("document_id")
    corpus.write({"b.txt": WORDS + "?"})
    result = corpus.run()
    after = result["documents"].set_index("document_id")
    changed = before.compare(after).index.tolist()
    assert changed == ["b.txt"]
    assert (result["seen"]["n_parsed"], result["seen"]["changed"]) == (1, ["b.txt"])


@pytest.mark.case("IN-4")
def test_a_deleted_file_leaves_with_its_rows_and_with_what_was_kept_of_it(corpus: Corpus) -> None:
    corpus.write({"a.txt": WORDS, "b.txt": "A sentence that must be forgotten when its file is gone."})
    corpus.run()
    (corpus.source / "b.txt").unlink()
    result = corpus.run()
    assert result["documents"]["document_id"].tolist() == ["a.txt"]
    assert result["seen"]["removed"] == ["b.txt"]
    kept = b"".join(path.read_bytes() for path in (corpus.root / "state").rglob("*") if path.is_file())
    assert b"must be forgotten" not in kept


@pytest.mark.case("IN-5")
def test_a_renamed_file_is_told_as_renamed_and_keeps_its_content(corpus: Corpus) -> None:
    corpus.write({"a.txt": WORDS, "b.md": samples.MARKDOWN})
    before = corpus.run()["documents"].set_index("document_id")
    (corpus.source / "a.txt").rename(corpus.source / "c.txt")
    (corpus.source / "b.md").rename(corpus.source / "d.md")
    result = corpus.run()
    after = result["documents"].set_index("document_id")
    assert result["seen"]["renamed"] == [{"from": "a.txt", "to": "c.txt"}, {"from": "b.md", "to": "d.md"}]
    assert (result["seen"]["added"], result["seen"]["removed"]) == ([], [])
    assert after.loc["c.txt", "text"] == before.loc["a.txt", "text"]
    assert after.loc["canteen-rules", "text"] == before.loc["canteen-rules", "text"]


@pytest.mark.case("IN-6")
def test_a_bad_file_goes_to_quarantine_with_its_reason_and_the_others_are_taken(corpus: Corpus) -> None:
    outside = corpus.root / "outside.txt"
    outside.write_text("not yours", encoding="utf-8")
    bad: dict[str, tuple[bytes | str, str]] = {
        "encrypted.pdf": (samples.pdf(WORDS, password="x"), "encrypted"),
        "corrupt.docx": (b"PK\x03\x04word/document", "corrupt"),
        "empty.md": (b"", "empty_file"),
        "scan.pdf": (samples.pdf("", ""), "no_text"),
        "large.txt": (b"x" * (2**20 + 1), "too_large"),
        "picture.png": (b"\x89PNG", "unsupported_type"),
        "binary.txt": (bytes(range(256)), "undecodable"),
    }
    corpus.write({**{name: data for name, (data, _) in bad.items()}, "good.txt": WORDS})
    (corpus.source / "link.txt").symlink_to(outside)
    (corpus.source / "nowhere.txt").symlink_to(corpus.root / "gone")
    (corpus.source / "inside.txt").symlink_to(corpus.source / "good.txt")
    (corpus.source / "loop").symlink_to(corpus.source)
    os.mkfifo(corpus.source / "pipe.txt")
    result = corpus.run()
    links = {
        "link.txt": "link_outside",
        "nowhere.txt": "link_outside",
        "loop": "link_outside",
        "pipe.txt": "unsupported_type",
    }
    assert reasons(result) == {**{name: reason for name, (_, reason) in bad.items()}, **links}
    assert result["documents"]["document_id"].tolist() == ["good.txt", "inside.txt"]
    assert result["counts"]["rows_in"] == 13


@pytest.mark.case("IN-6")
def test_a_file_that_is_too_much_for_its_parser_costs_only_itself(corpus: Corpus) -> None:
    row = b"<row>" + b"<c><v>1</v></c>" * 50 + b"</row>"
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>' + row * 20_000
    book = {"xl/worksheets/sheet1.xml": sheet + b"</sheetData></worksheet>"}
    corpus.write({"slow.xlsx": replaced_members(samples.xlsx([["a"]]), book), "a.txt": WORDS, "b.txt": WORDS})
    result = corpus.run(params(timeout_seconds=4, workers=1))
    assert reasons(result) == {"slow.xlsx": "timeout"}
    assert result["documents"]["document_id"].tolist() == ["a.txt", "b.txt"]
    assert corpus.run(params(timeout_seconds=4, workers=1))["seen"]["n_parsed"] == 1, "a timeout is not kept"


def replaced_members(archive: bytes, members: dict[str, bytes]) -> bytes:
    """Return a zip file in which some members hold something else."""
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, members.get(name, old.read(name)))
    return buffer.getvalue()


@pytest.mark.case("IN-6")
@pytest.mark.parametrize("trouble", ["missing", "empty", "hidden", "unreadable"])
def test_nothing_to_read_is_an_error_that_says_what_to_do(corpus: Corpus, trouble: str) -> None:
    if trouble != "missing":
        corpus.source.mkdir()
    if trouble == "hidden":
        corpus.write({".gitignore": b"/data"})
    if trouble == "unreadable":
        corpus.write({"a.gif": b"GIF89a"})
    with pytest.raises(UserError, match="Add documents" if trouble == "unreadable" else "make source FROM="):
        corpus.run()


def test_deleting_or_damaging_the_cache_changes_no_byte(corpus: Corpus) -> None:
    corpus.write({name: data for name, data in samples.one_of_each().items() if name < "a.j"})
    first = corpus.run()
    for path in sorted((corpus.root / "state").rglob("*.json"))[::2]:
        path.write_bytes(path.read_bytes()[:-5] + b"wrong")
    damaged = corpus.run()
    shutil.rmtree(corpus.root / "state")
    assert first["bytes"] == damaged["bytes"] == corpus.run()["bytes"]
    assert damaged["seen"]["n_from_cache"] > 0


def test_a_cache_that_cannot_be_written_changes_no_byte(corpus: Corpus) -> None:
    corpus.write({"a.txt": WORDS, "b.md": samples.MARKDOWN})
    first = corpus.run()
    shutil.rmtree(corpus.root / "state")
    (corpus.root / "state").write_text("no folder", encoding="utf-8")
    assert corpus.run()["bytes"] == first["bytes"]


def test_other_code_or_other_settings_parse_again(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus.write({"a.txt": WORDS})
    corpus.run()
    assert corpus.run(params(departments={"rules": {}, "from_folder": False}))["seen"]["n_parsed"] == 0
    assert corpus.run(params(parsing=samples.settings(tables=[]).model_dump()))["seen"]["n_parsed"] == 1
    corpus.run()
    monkeypatch.setattr(reading, "_code", lambda: "edited")
    assert corpus.run()["seen"]["n_parsed"] == 1


def test_the_order_of_the_files_and_the_number_of_workers_change_no_byte(corpus: Corpus) -> None:
    names = list(samples.one_of_each().items())
    corpus.write(dict(names))
    first = corpus.run(params(workers=1))
    shutil.rmtree(corpus.source)
    shutil.rmtree(corpus.root / "state")
    random.Random(1).shuffle(names)
    corpus.write(dict(names))
    assert corpus.run(params(workers=2))["bytes"] == first["bytes"]


def test_no_text_of_a_document_is_shown_while_it_is_parsed(corpus: Corpus, capfd: pytest.CaptureFixture[str]) -> None:
    corpus.write(
        {"broken.pdf": samples.pdf(WORDS)[:-200], "broken.eml": b"Subject: ada@example.org\n\n" + WORDS.encode()}
    )
    corpus.run()
    assert capfd.readouterr() == ("", "")


def test_plain_text_needs_no_heavy_library(corpus: Corpus) -> None:
    corpus.write({"a.txt": WORDS, "b.md": samples.MARKDOWN, "tickets/a.csv": TICKETS})
    from retune.io.mapping import map_files
    from tests.tasks.ingest_toys import parse_and_list_modules

    items = [str(path) for path in sorted(corpus.source.rglob("*.*"))]
    outcome = map_files(parse_and_list_modules, items, workers=1, timeout_seconds=60, memory_mb=1024)[-1]
    assert "retune.core.formats.markdown" in outcome.value
    assert not {"pandas", "pyarrow", "docx", "openpyxl", "pypdf", "lxml"} & set(outcome.value)


@pytest.mark.shared
def test_the_developer_documents_of_a_government_are_all_accounted_for(corpus: Corpus, shared_data: Path) -> None:
    import tarfile

    archive = shared_data / "data/organisations/govuk-developer-docs/snapshot-2026-08-21.tar.gz"
    with tarfile.open(archive) as files:
        files.extractall(corpus.source, filter="data")
    counts = corpus.run()["counts"]
    assert counts["rows_in"] == 298
    assert counts["details"]["quarantined_by_reason"] == {"no_text": 16}, "templates of which nothing is left"


def test_a_worker_that_cannot_start_stops_the_step(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus.write({"a.txt": WORDS})
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(RetuneError, match="did not start"):
        corpus.run()
