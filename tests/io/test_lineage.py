"""The index of lineage answers from its file alone, and says when it cannot."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from retune.core.errors import UserError
from retune.core.lineage import Link, Name, Saw, Training
from retune.io.lineage import Index, index_file, reading, writing
from tests.conftest import CHECKOUT

FIRST, SECOND = Name("router", "1"), Name("router", "2")
HANDBOOK = Link("hr/leave.md", "hr/leave.md", "internal", "e1", "train")
TICKET = Link("tickets:7", "tickets/2025.csv", "partners", "e2", "test")
OTHER_TICKET = Link("tickets:8", "tickets/2025.csv", "public", "e3", "validation")
UNUSED = Link("board/minutes.md", "board/minutes.md", "restricted", "", "")


@pytest.fixture(autouse=True)
def own_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RETUNE_STATE", raising=False)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with writing(tmp_path) as index:
        index.record(Training("r1", FIRST, "2026-01-01"), [HANDBOOK, TICKET, OTHER_TICKET, UNUSED])
        index.record(Training("r2", SECOND, "2026-02-01", parent=FIRST), [TICKET._replace(side="train")])
        yield index


@pytest.mark.case("LN-1")
def test_a_document_leads_to_its_versions_and_to_those_that_continue_them(index: Index) -> None:
    assert index.versions_of(["hr/leave.md"]) == [Saw("router", "1", ("train",)), Saw("router", "2", ("parent",))]
    assert index.versions_of(["tickets:7"]) == [Saw("router", "1", ("test",)), Saw("router", "2", ("train",))]
    assert index.versions_of(["hr/leave.md", "tickets:7"])[0] == Saw("router", "1", ("train", "test"))


@pytest.mark.case("LN-1")
def test_a_document_that_no_version_used_is_known_and_has_none(index: Index) -> None:
    assert (index.knows("board/minutes.md"), index.versions_of(["board/minutes.md"])) == (True, [])
    assert (index.knows("never/there.md"), index.versions_of(["never/there.md"])) == (False, [])


@pytest.mark.case("LN-1")
def test_a_version_leads_back_to_its_examples_and_documents(index: Index) -> None:
    assert set(index.links_of_version(FIRST)) == {HANDBOOK, TICKET, OTHER_TICKET}
    assert ("hr/leave.md", "train", 1, 1) in index.summary(FIRST)
    assert index.parents() == {SECOND: FIRST}


def test_an_example_leads_to_its_document_and_its_versions(index: Index) -> None:
    assert index.links_of_example("e1") == [(FIRST, HANDBOOK)]
    assert index.versions_of_example("e1") == [Saw("router", "1", ("train",)), Saw("router", "2", ("parent",))]


def test_a_file_or_a_folder_leads_to_its_documents_and_no_others(index: Index) -> None:
    assert index.documents_below("tickets/2025.csv") == ["tickets:7", "tickets:8"]
    assert index.documents_below("tickets/") == index.documents_below("tickets") == ["tickets:7", "tickets:8"]
    assert index.documents_below("ticket") == []


def test_a_file_that_was_renamed_is_found_under_both_names(index: Index) -> None:
    moved = HANDBOOK._replace(document_id="people/leave.md", source_path="people/leave.md")
    index.record(Training("r1", FIRST, "2026-01-01", links="later"), [moved])
    assert index.versions_of(["people/leave.md"])[0] == index.versions_of(["hr/leave.md"])[0]
    assert index.summary(FIRST) == [("people/leave.md", "train", 1, 1)], "the names that it has now"
    assert {HANDBOOK, moved} <= set(index.links_of_version(FIRST)), "and those that it had"


@pytest.mark.case("LN-4")
def test_a_version_bears_the_labels_of_what_it_and_its_parents_learnt(index: Index) -> None:
    assert index.access_labels(FIRST) == ["internal", "public"], "not of what it was measured on, or did not use"
    index.record(Training("r3", Name("other", "1"), "2026-03-01", parent=SECOND), [])
    assert index.access_labels(Name("other", "1")) == ["internal", "partners", "public"]


def test_a_version_whose_links_are_gone_is_told_as_unknown(index: Index) -> None:
    index.record(Training("r0", Name("router", "0"), "2025-01-01", is_known=False), [])
    assert index.unknown() == [Name("router", "0")]


@pytest.mark.case("LN-2")
def test_forgetting_documents_leaves_no_trace_of_them_in_the_file(index: Index, tmp_path: Path) -> None:
    people = [f"people/{number}/jane-doe.md" for number in range(2000)]
    index.record(Training("r3", SECOND, "2026-03-01"), [Link(name, name, "", name, "train") for name in people])
    assert b"jane-doe" in index_file(tmp_path).read_bytes()
    index.forget([*people, "hr/leave.md"])
    assert b"jane-doe" not in index_file(tmp_path).read_bytes()
    assert (index.knows("hr/leave.md"), len(index.links_of_version(FIRST))) == (False, 2)
    assert {row[0] for row in index.summary(FIRST)} == {"tickets/2025.csv"}


def test_an_index_that_is_missing_damaged_or_of_another_release_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="retune lineage --rebuild"), reading(tmp_path):
        pass
    file = index_file(tmp_path)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"SQLite format 3\0 and then nothing" * 200)
    with pytest.raises(UserError, match="damaged"), reading(tmp_path) as index:
        index.trainings()
    file.unlink()
    sqlite3.connect(file).execute("PRAGMA user_version = 99")
    with pytest.raises(UserError, match="of this release"), reading(tmp_path):
        pass


def test_a_damaged_index_is_begun_anew_by_who_writes(tmp_path: Path) -> None:
    file = index_file(tmp_path)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"torn" * 3000)
    with writing(tmp_path) as index:
        index.record(Training("r1", FIRST, "2026-01-01"), [HANDBOOK])
    with reading(tmp_path) as index:
        assert index.versions_of(["hr/leave.md"]) == [Saw("router", "1", ("train",))]


def test_a_write_that_breaks_off_leaves_what_was_there(index: Index) -> None:
    def broken() -> Iterator[Link]:
        yield HANDBOOK
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        index.record(Training("r3", Name("router", "3"), "2026-03-01"), broken())
    assert [one.run_id for one in index.trainings()] == ["r1", "r2"]


@pytest.mark.case("LN-1")
def test_reading_the_index_imports_neither_mlflow_nor_pandas() -> None:
    asked = "import retune.io.lineage, sys; print(sorted({'mlflow', 'pandas', 'pyarrow', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", asked], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
