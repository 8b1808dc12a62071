"""Files are read with limits and never written over."""

import os
from pathlib import Path

import pytest
from openpyxl import Workbook

from retune.core.errors import UserError
from retune.core.prepare.findings import UnfitFileError
from retune.io.prepare import read, write_new


def read_here(path: Path) -> object:
    return read(path, timeout_seconds=60, memory_mb=1024)[0]


@pytest.mark.case("PD-5")
def test_of_a_workbook_the_first_sheet_is_read_and_the_others_are_said(tmp_path: Path) -> None:
    book = Workbook()
    first = book.active
    assert first is not None
    for row in (["prompt", "completion", None], ["a", 5.0], [None, None], ["b", None]):
        first.append(row)
    book.create_sheet("more").append(["prompt", "completion"])
    book.save(tmp_path / "x.xlsx")
    found, _ = read(tmp_path / "x.xlsx", timeout_seconds=60, memory_mb=1024)
    assert found.rows == [{"prompt": "a", "completion": "5"}, {"prompt": "b", "completion": ""}]
    assert found.warnings == ("only the first sheet, Sheet, is read: there are 1 more",)
    assert "read as XLSX" in found.notes[0]


@pytest.mark.case("PD-3")
@pytest.mark.parametrize("cut", [0, 50, 2000])
def test_a_damaged_workbook_is_an_error(tmp_path: Path, cut: int) -> None:
    book = Workbook()
    book.save(tmp_path / "whole.xlsx")
    (tmp_path / "x.xlsx").write_bytes((tmp_path / "whole.xlsx").read_bytes()[:cut])
    with pytest.raises(UnfitFileError, match=r"x\.xlsx is not valid XLSX"):
        read_here(tmp_path / "x.xlsx")


@pytest.mark.case("PD-2")
def test_what_is_not_there_or_no_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnfitFileError, match="does not exist"):
        read_here(tmp_path / "x.jsonl")
    with pytest.raises(UnfitFileError, match="is not a file"):
        read_here(tmp_path)


@pytest.mark.case("PD-28")
def test_a_name_that_is_taken_gets_a_number_and_all_files_get_the_same(tmp_path: Path) -> None:
    (tmp_path / "x_prepared.jsonl").write_text("mine")
    made = write_new(tmp_path, "x", {".b{}": "0", "{}.jsonl": "1"})
    assert [path.name for path in made] == ["x_prepared.b (1)", "x_prepared (1).jsonl"]
    assert [path.name for path in write_new(tmp_path, "x", {"{}.jsonl": "2"})] == ["x_prepared (2).jsonl"]
    assert (tmp_path / "x_prepared.jsonl").read_text() == "mine"


@pytest.mark.case("PD-28")
def test_a_name_that_is_taken_at_the_last_instant_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.link

    def taken_first(source: Path, target: Path) -> None:
        if target.name == "x_prepared.jsonl":
            target.write_text("theirs")
        real(source, target)

    monkeypatch.setattr(os, "link", taken_first)
    made = write_new(tmp_path, "x", {"{}.json": "0", "{}.jsonl": "1"})
    assert [path.name for path in made] == ["x_prepared (1).json", "x_prepared (1).jsonl"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "x_prepared (1).json", "x_prepared (1).jsonl", "x_prepared.jsonl",
    ]  # fmt: skip
    assert (tmp_path / "x_prepared.jsonl").read_text() == "theirs"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--into"):
        write_new(tmp_path / "away", "x", {"{}.jsonl": "1"})
    assert list(tmp_path.iterdir()) == []
