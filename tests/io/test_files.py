from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from retune.io.files import read_frame, read_json, whole_file, whole_folder, write_frame, write_json, write_text

COLUMNS = {"id": "string", "size": "int64"}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def die_while_writing_file(path: Path) -> None:
    with whole_file(path) as partial:
        partial.write_text("half of the n")
        raise ValueError("killed")


def die_while_writing_folder(path: Path) -> None:
    with whole_folder(path) as partial:
        (partial / "weights").write_text("new")
        raise ValueError("killed")


def test_a_file_is_whole_or_the_old_one_stands(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(ValueError, match="killed"):
        die_while_writing_file(tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_folder_is_whole_or_the_old_one_stands(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "model") as partial:
        (partial / "weights").write_text("old")
    with pytest.raises(ValueError, match="killed"):
        die_while_writing_folder(tmp_path / "model")
    assert (tmp_path / "model" / "weights").read_text() == "old"
    with whole_folder(tmp_path / "model") as partial:
        (partial / "other").write_text("new")
    assert names(tmp_path / "model") == ["other"]
    assert names(tmp_path) == ["model"]


def test_the_same_rows_are_the_same_bytes_in_whatever_order_they_come(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["b", "a"], "size": [2, 1], "not_a_column": ["x", "y"]})
    write_frame(tmp_path / "one.parquet", frame, COLUMNS)
    write_frame(tmp_path / "two.parquet", frame.iloc[::-1], COLUMNS)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    assert read_frame(tmp_path / "one.parquet").to_dict("list") == {"id": ["a", "b"], "size": [1, 2]}


def test_an_empty_frame_keeps_its_columns(tmp_path: Path) -> None:
    write_frame(tmp_path / "none.parquet", pd.DataFrame(), COLUMNS)
    assert list(read_frame(tmp_path / "none.parquet").columns) == ["id", "size"]


def test_json_is_the_same_bytes_whatever_the_order_of_its_keys(tmp_path: Path) -> None:
    write_json(tmp_path / "one.json", {"b": 1, "a": "é"})
    write_json(tmp_path / "two.json", {"a": "é", "b": 1})
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert read_json(tmp_path / "one.json") == {"a": "é", "b": 1}


def test_a_score_that_is_no_number_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        write_json(tmp_path / "scores.json", {"accuracy": float("nan")})
    assert not (tmp_path / "scores.json").exists()


def test_a_file_that_holds_the_text_already_is_left_as_it_is(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "the same")
    before = (tmp_path / "a.txt").stat()
    write_text(tmp_path / "a.txt", "the same")
    after = (tmp_path / "a.txt").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    write_text(tmp_path / "a.txt", "another")
    assert (tmp_path / "a.txt").read_text() == "another"
