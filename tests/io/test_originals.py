"""What a request names leaves its folder, and what cannot be taken out exactly is left and named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from retune.core.forget import Request, Target, taken_of, target_of
from retune.core.params.ingest import IngestParams
from retune.io.originals import erase_from, read_folder
from tests.tasks.test_ingest import params

TABLE = "no,subject,body,opened\n1,Printer,It is empty.,\n2,Badge,It is broken.,\n"
SETTINGS = params(workers=1)
LETTER = (
    'MIME-Version: 1.0\nMessage-ID: <1@example.org>\nContent-Type: multipart/mixed; boundary="b"\n\n--b\n'
    "Content-Type: text/plain\n\nThe plan is attached.\n--b\nContent-Type: text/plain\n"
    'Content-Disposition: attachment; filename="plan.txt"\n\nAda Byron moves in on Monday.\n--b--\n'
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RETUNE_STATE", str(tmp_path / "state"))
    files = {"tickets/a.csv": TABLE, "mail/plan.eml": LETTER, "page.md": "Nobody is in here.\n"}
    for name, text in files.items():
        path = tmp_path / "documents" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "documents"


def asked(folder: Path, request: Request, settings: IngestParams = SETTINGS) -> Target:
    return target_of(*taken_of(list(read_folder(folder, settings).files), request.marks))


def test_a_row_leaves_its_table_and_twice_is_once(folder: Path) -> None:
    target = asked(folder, Request(documents=("tickets:2",)))
    assert erase_from(folder, target, SETTINGS, erase=False) == ({"files": 0, "rows": 1}, [])
    assert (folder / "tickets/a.csv").read_text() == TABLE
    assert erase_from(folder, target, SETTINGS, erase=True) == ({"files": 0, "rows": 1}, [])
    assert (folder / "tickets/a.csv").read_text() == TABLE.replace("2,Badge,It is broken.,\n", "")
    assert erase_from(folder, target, SETTINGS, erase=True) == ({"files": 0, "rows": 0}, [])


def test_an_attachment_goes_with_its_message_and_the_empty_folder_too(folder: Path) -> None:
    target = asked(folder, Request(persons=("Ada Byron",)))
    assert erase_from(folder, target, SETTINGS, erase=True) == ({"files": 1, "rows": 0}, [])
    assert not (folder / "mail").exists()
    assert (folder / "page.md").exists()


def test_a_table_that_cannot_be_written_back_is_left_and_named(folder: Path) -> None:
    odd = folder / "tickets" / "a.csv"
    odd.write_bytes(f"{TABLE}3,Grüße üäöü,Tschüß äöüß.,\n".encode() + b"4,x,\xff\n")
    target = asked(folder, Request(documents=("tickets:2",)))
    before = odd.read_bytes()
    counts, left = erase_from(folder, target, SETTINGS, erase=True)
    assert (counts, odd.read_bytes()) == ({"files": 0, "rows": 0}, before)
    assert [one.place for one in left] == [str(odd.parent.parent) + "/tickets/a.csv"]
    assert "byte for byte" in left[0].why


def test_a_file_that_no_format_reads_is_known_as_one_in_the_source_and_in_its_copy(folder: Path) -> None:
    (folder / "plotter.bin").write_bytes(b"\x00\x01\x02")
    copy = shutil.copytree(folder, folder.with_name("data"))
    found = [read_folder(one, SETTINGS).unread for one in (folder, copy)]
    assert found[0] == found[1]
    assert [path for path, _ in found[0]] == ["plotter.bin"]


def test_a_link_and_what_it_leads_to_go_together(folder: Path) -> None:
    (folder / "link.md").symlink_to(folder / "page.md")
    target = asked(folder, Request(documents=("link.md",)))
    erase_from(folder, target, SETTINGS, erase=True)
    assert not (folder / "link.md").is_symlink()
    assert not (folder / "page.md").exists()


def test_a_copy_of_the_text_in_another_file_goes_too(folder: Path) -> None:
    words = "Ada keeps the list of all keys in her desk drawer.\n"
    (folder / "one.md").write_text(words)
    (folder / "two.txt").write_text(words.upper())
    taken, _ = taken_of(list(read_folder(folder, SETTINGS).files), Request(documents=("one.md",)).marks)
    assert sorted(one.path for one in taken) == ["one.md", "two.txt"]
