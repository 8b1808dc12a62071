"""The step examples for what is no single label: faults are rejected with reasons, and no gate that is not meant."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from retune.core.errors import UserError
from retune.core.frames import DOCUMENTS
from retune.core.params.examples import ExamplesParams
from retune.io.answers import ensure
from retune.io.files import read_frame, read_json, write_frame, write_json
from tasks.examples import examples

OUTPUTS = ("examples", "rejected", "measurements", "counts", "data_docs")
RULES: dict[str, Any] = {
    "text_too_short": {"minimum_characters": 1},
    "text_too_long": {"maximum_characters": 1000},
    "unprepared": {"minimum_examples": 100},
}
PAIRS = {"tables": ["asked"], "prompt_column": "prompt", "context_column": "", "completion_column": "completion"}
ANSWERS = {"tables": ["asked"], "question_column": "q", "context_column": "c", "answers_column": "a"}


def made(folder: Path, task_type: str, builder: str, options: dict[str, Any], records: list[dict[str, str]],
         rules: dict[str, Any] = RULES) -> dict[str, Path]:  # fmt: skip
    """Build examples of the rows of a table, and return the files of the step."""
    blank = dict.fromkeys(DOCUMENTS, "") | {"explicit_id": True, "size_bytes": 1, "kind": "row", "language": "en"}
    rows = [
        blank | {"document_id": f"asked:{number}", "text": "text", "metadata": json.dumps(record)}
        for number, record in enumerate(records)
    ]
    write_frame(folder / "accepted.parquet", pd.DataFrame(rows), DOCUMENTS)
    write_json(folder / "verdict.json", {"passed": True, "reasons": []})
    ensure(folder / "collected.csv")
    files = {name: folder / "out" / name for name in OUTPUTS}
    settings = {"builder": builder, "options": options, "with_title": False, "side_column": "", "slices": []}
    examples(
        accepted=folder / "accepted.parquet", verdict=folder / "verdict.json", collected=folder / "collected.csv",
        builder=Path(f"retune/core/builders/{builder}.py"),
        task_type=Path(f"retune/modeling/task_types/{task_type}.py"),
        **files, params=ExamplesParams.model_validate({**settings, "rules": rules}),
    )  # fmt: skip
    return files


def values(files: dict[str, Path]) -> dict[str, float]:
    return {one["gate"]: one["value"] for one in read_json(files["measurements"])["measurements"]}


@pytest.mark.case("PD-B6")
def test_prompts_with_several_completions_are_counted_and_stay(tmp_path: Path) -> None:
    torn = [{"prompt": f"Is tree {row} green?", "completion": word} for row in range(60) for word in ("yes", "no")]
    lone = [{"prompt": f"How high is tree {row}?", "completion": f"{row} m"} for row in range(40)]
    empty = [{"prompt": "And this one?", "completion": " "}]
    files = made(tmp_path, "text_generation", "pairs", PAIRS, [*torn, *lone, *empty, lone[0]])
    measured = values(files)
    assert measured["several_completions"] == pytest.approx(120 / 162)
    assert set(read_frame(files["rejected"])["reason"]) == {"missing_label", "duplicate_example"}
    assert len(read_frame(files["examples"])) == 160
    assert not {"rare_label", "class_balance", "contradictory_label"} & set(measured)


def test_no_text_of_a_completion_is_in_what_the_gates_measured(tmp_path: Path) -> None:
    files = made(tmp_path, "text_generation", "pairs", PAIRS, [{"prompt": "p", "completion": "zanzibar"}] * 3)
    assert "zanzibar" not in files["measurements"].read_text(encoding="utf-8")
    assert "zanzibar" not in files["counts"].read_text(encoding="utf-8")


def test_an_answer_that_does_not_stand_in_its_passage_is_rejected_with_the_reason(tmp_path: Path) -> None:
    passage = "The gate opens at six."
    cells = [[{"text": "six", "start": 18}], [], [{"text": "ten", "start": 18}], [{"text": "six"}]]
    records = [{"q": f"When, {number}?", "c": passage, "a": json.dumps(cell)} for number, cell in enumerate(cells)]
    rules = {name: rules for name, rules in RULES.items() if name != "unprepared"}
    files = made(tmp_path, "question_answering", "answers", ANSWERS, records, rules)
    found, fell = read_frame(files["examples"]), read_frame(files["rejected"])
    assert sorted(found["document_id"]) == ["asked:0", "asked:1"]
    assert set(found["context"]) == {passage}
    assert set(fell["reason"]) == {"malformed_label"}
    assert sorted(fell["detail"]) == [
        "an answer has no text or no start (document asked:3)",
        "what stood at character 18 is not in the text: redaction may have changed it (document asked:2)",
    ]
    tables = read_json(files["measurements"])["tables"]
    assert tables["Labels"]["rows"] == [["(none)", 1], ["an answer", 2], ["no answer", 1]]


def test_rules_of_a_gate_that_does_not_apply_stop_the_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="rules of gates that do not apply: rare_label"):
        made(tmp_path, "text_generation", "pairs", PAIRS, [], {**RULES, "rare_label": {"minimum_examples": 2}})
