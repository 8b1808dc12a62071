"""From a file to a file: what is written, what is recorded, and what is never touched."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from retune.core.errors import UserError
from retune.core.prepare.report import Report
from retune.core.prepare.transforms import Taught
from retune.io.files import sha256_file
from tasks.prepare import Wishes, prepare
from tests.conftest import CHECKOUT
from tests.core.prepare.toys import clean, labelled, no, yes


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copyfile(CHECKOUT / "params.yaml", tmp_path / "params.yaml")
    (tmp_path / "files").mkdir()
    return tmp_path


def put(root: Path, rows: list[Any], name: str = "x.jsonl") -> Path:
    path = root / "files" / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def made(root: Path, file: Path, ask: Any = yes, **wishes: Any) -> Report:
    return prepare(root=root, file=file, wishes=Wishes(**wishes), ask=ask, count=None)


def rows_of(path: str) -> list[Any]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").split("\n") if line]


@pytest.mark.case("PD-29")
def test_where_nothing_is_to_mend_no_file_is_written(root: Path) -> None:
    file = put(root, clean())
    found = made(root, file)
    assert (found.outcome, found.exit_code, found.written) == ("fit", 0, ())
    assert list(file.parent.iterdir()) == [file]
    assert found.facts["transforms"]["stop"] == (".\n",)


@pytest.mark.case("PD-4")
def test_a_table_becomes_json_lines_with_the_same_rows(root: Path) -> None:
    file = root / "files" / "x.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["prompt", "completion"])
        writer.writeheader()
        writer.writerows(clean())
    before = file.read_bytes()
    found = made(root, file, no)
    assert found.outcome == "prepared"
    assert [Path(path).name for path in found.written] == ["x_prepared.jsonl"]
    assert rows_of(found.written[0]) == clean()
    assert file.read_bytes() == before


@pytest.mark.case("PD-B3")
def test_an_array_is_never_said_to_be_usable_as_it_is(root: Path) -> None:
    file = root / "files" / "x.json"
    file.write_text(json.dumps(clean()), encoding="utf-8")
    assert rows_of(made(root, file).written[0]) == clean()


@pytest.mark.case("PD-26")
def test_classes_are_split_into_the_same_two_files_every_time(root: Path) -> None:
    file = put(root, labelled(120))
    found, again = made(root, file), made(root, file)
    assert [Path(path).name for path in found.written] == ["x_prepared_train.jsonl", "x_prepared_valid.jsonl"]
    assert [Path(path).name for path in again.written] == ["x_prepared_train (1).jsonl", "x_prepared_valid (1).jsonl"]
    sides = [rows_of(path) for path in found.written]
    assert [len(side) for side in sides] == [96, 24]
    assert [Path(path).read_bytes() for path in found.written] == [Path(path).read_bytes() for path in again.written]
    assert sorted(row["prompt"] for side in sides for row in side) == sorted(row["prompt"] for row in labelled(120))
    assert made(root, file, skip=("split",)).outcome == "fit"


@pytest.mark.case("PD-27")
def test_two_classes_name_the_more_frequent_and_more_are_counted(root: Path) -> None:
    found = made(root, put(root, labelled(120)), only_check=True)
    assert found.exit_code == 0, "that rows can be held out is no fault of the file"
    assert (found.facts["positive_class"], found.facts["classes"]) == ("no", 2)
    facts = made(root, put(root, labelled(120, (" a", " b", " c"))), only_check=True).facts
    assert (facts["positive_class"], facts["classes"]) == (None, 3)


@pytest.mark.case("PD-30")
def test_the_time_for_classes_is_estimated(root: Path) -> None:
    assert made(root, put(root, labelled(120)), only_check=True).facts["hosted_seconds"] == 312.8


@pytest.mark.case("PD-B5")
def test_a_file_of_empty_completions_ends_with_1_and_no_file(root: Path) -> None:
    file = put(root, [{**row, "completion": ""} for row in clean()])
    found = made(root, file)
    assert (found.exit_code, found.as_dict()["rows"]["kept"]) == (1, 0)
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.case("PD-B6")
def test_contradictions_can_stop_it(root: Path) -> None:
    rows = [{"prompt": row["prompt"].lower(), "completion": label} for row in clean(60) for label in (" no", " yes")]
    file = put(root, rows)
    assert made(root, file).exit_code == 0
    for path in file.parent.glob("*_prepared*"):
        path.unlink()
    found = made(root, file, fail_on=("conflicts",))
    assert (found.outcome, found.exit_code, found.written) == ("refused", 3, ())
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.case("PD-B10")
def test_what_was_changed_is_recorded_beside_the_rows(root: Path) -> None:
    raw = [{"prompt": row["prompt"][:-3], "completion": row["completion"][1:]} for row in clean()]
    file = put(root, [*raw, {"prompt": "late", "completion": None}])
    found = made(root, file)
    assert Path(found.record).name == "x_prepared.transforms.json"
    record = json.loads(Path(found.record).read_text(encoding="utf-8"))
    kept = rows_of(found.written[0])
    assert [Taught.from_dict(record).prompt_for(row["prompt"]) for row in raw] == [row["prompt"] for row in kept]
    assert record["removed"] == {"empty_completion": [120]}
    assert record["input"] == {"name": "x.jsonl", "rows": 121, "sha256": sha256_file(file)}
    assert record["outputs"] == {"all": {"rows": 120, "sha256": sha256_file(Path(found.written[0]))}}


@pytest.mark.case("PD-B11")
def test_a_check_never_writes_and_says_by_its_code_whether_it_would(root: Path) -> None:
    file = put(root, [{**row, "completion": row["completion"].strip()} for row in clean()])
    found = made(root, file, only_check=True)
    assert (found.outcome, found.exit_code) == ("would_change", 3)
    assert list(file.parent.iterdir()) == [file]
    assert made(root, file, only_check=True, skip=("leading_space", "completion_ending")).exit_code == 0
    prepared = made(root, file).written[0]
    assert made(root, Path(prepared), only_check=True).outcome == "fit"


@pytest.mark.case("PD-10")
def test_conversations_go_their_own_way_and_are_written_as_they_were(root: Path) -> None:
    good = {"messages": [{"role": "user", "content": "ä"}, {"role": "assistant", "content": "b"}]}
    file = put(root, [good, {"messages": []}, good])
    found = made(root, file)
    assert (found.shape, found.exit_code, found.facts["format_errors"]) == ("chat", 1, {"missing_messages_list": 1})
    found = made(root, file, drop_invalid=True)
    assert rows_of(found.written[0]) == [good]
    assert found.as_dict()["rows"] == {"read": 3, "kept": 1, "removed": {"invalid": [1], "duplicates": [2]}}
    assert made(root, Path(found.written[0])).outcome == "fit"


def test_an_unknown_check_lists_the_known_ones(root: Path) -> None:
    with pytest.raises(UserError, match=r"conflicts.*duplicates"):
        made(root, put(root, clean()), skip=("conflict",))


def test_it_writes_where_it_is_told(root: Path) -> None:
    (root / "out").mkdir()
    found = made(root, put(root, [*clean(), clean()[0]]), into=root / "out")
    assert {path.name for path in (root / "out").iterdir()} == {"x_prepared.jsonl", "x_prepared.transforms.json"}
    assert found.exit_code == 0


@pytest.mark.shared
@pytest.mark.parametrize("name", ["gsm8k_train", "self_instruct_human_427"])
def test_real_sets_are_fit_after_it_and_no_row_is_lost(root: Path, shared_data: Path, name: str) -> None:
    import gzip

    with gzip.open(shared_data / "data" / "instructions" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as stream:
        raw = [json.loads(line) for line in stream]
    pairs = [{"prompt": row.get("question") or f"{row['instruction']}\n{row['input']}",
              "completion": row.get("answer") or row["output"]} for row in raw]  # fmt: skip
    found = made(root, put(root, pairs))
    kept, record = rows_of(found.written[0]), Taught.from_dict(json.loads(Path(found.record).read_text()))
    assert [record.prompt_for(row["prompt"]) for row in pairs] == [row["prompt"] for row in kept]
    assert [record.answer_of(row["completion"]) for row in kept] == [row["completion"] for row in pairs]
    assert made(root, Path(found.written[0]), only_check=True).outcome == "fit"
