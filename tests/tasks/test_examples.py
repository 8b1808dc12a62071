import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from retune.core.errors import GateError, UserError
from retune.core.frames import DOCUMENTS
from retune.core.params.examples import ExamplesParams
from retune.io.answers import ensure, write
from retune.io.files import read_frame, read_json, write_frame, write_json
from tasks.examples import examples

RULES: dict[str, Any] = {
    "text_too_short": {"minimum_characters": 3},
    "text_too_long": {"maximum_characters": 1000},
    "rare_label": {"minimum_examples": 2},
    "unknown_label": {"declared": []},
}
SETTINGS: dict[str, Any] = {
    "builder": "table",
    "options": {"tables": ["tickets"], "label_column": "queue"},
    "with_title": False,
    "side_column": "",
    "slices": ["language"],
    "rules": RULES,
}
TICKETS = [
    ("tickets:1", "The VPN drops every hour", "vpn"),
    ("tickets:2", "No route to the wiki from home", "vpn"),
    ("tickets:3", "The printer prints blank pages", "printer"),
    ("tickets:4", "Toner is empty on floor two", "printer"),
    ("tickets:5", "toner is EMPTY, on floor two", "printer"),  # equal to 4
    ("tickets:6", "My card does not open the gate", "badge"),  # the only one of its label
    ("tickets:7", "Please call me", "vpn"),  # contradicts 8
    ("tickets:8", "please call me!", "printer"),
    ("tickets:9", "Something is wrong here", ""),
    ("handbook.md", "Not a ticket at all", ""),
]
OUTPUTS = ("examples", "rejected", "measurements", "counts", "data_docs")


def paths(folder: Path, *, passed: bool = True) -> dict[str, Path]:
    blank = dict.fromkeys(DOCUMENTS, "") | {"explicit_id": True, "size_bytes": 1, "kind": "row", "language": "en"}
    named = [
        {"document_id": name, "text": text, "metadata": json.dumps({"queue": queue})} for name, text, queue in TICKETS
    ]
    documents = pd.DataFrame([blank | row for row in named])
    documents.loc[documents["document_id"] == "handbook.md", "kind"] = "document"
    write_frame(folder / "accepted.parquet", documents, DOCUMENTS)
    ensure(folder / "collected.csv")
    write_json(folder / "verdict.json", {"passed": passed, "reasons": [] if passed else ["remaining_pii is 1"]})
    return {
        "accepted": folder / "accepted.parquet",
        "verdict": folder / "verdict.json",
        "collected": folder / "collected.csv",
        "builder": Path("retune/core/builders/table.py"),
        "task_type": Path("retune/modeling/task_types/classification.py"),
        **{name: folder / "out" / name for name in OUTPUTS},
    }


def params(**changes: Any) -> ExamplesParams:
    return ExamplesParams.model_validate(SETTINGS | changes)


def test_every_labelled_row_is_an_example_or_rejected_with_a_reason(tmp_path: Path) -> None:
    given = paths(tmp_path)
    examples(**given, params=params())
    found, rejected = read_frame(given["examples"]), read_frame(given["rejected"])
    assert sorted(found["document_id"]) == ["tickets:1", "tickets:2", "tickets:3", "tickets:4"]
    assert sorted(zip(rejected["detail"].str.extract(r"\(document (.*)\)")[0], rejected["reason"], strict=True)) == [
        ("tickets:5", "duplicate_example"),
        ("tickets:6", "rare_label"),
        ("tickets:7", "contradictory_label"),
        ("tickets:8", "contradictory_label"),
        ("tickets:9", "missing_label"),
    ]
    counts = read_json(given["counts"])
    assert (counts["rows_in"], counts["rows_out"], counts["rejected"]) == (9, 4, 5)
    assert counts["details"]["not_used"] == 1
    assert any("badge" in warning for warning in counts["details"]["warnings"])
    assert {"missing_label", "rare_label"} <= {one["gate"] for one in read_json(given["measurements"])["measurements"]}


def test_a_declared_label_with_one_example_stops_the_run(tmp_path: Path) -> None:
    declared = RULES | {"unknown_label": {"declared": ["vpn", "printer", "badge"]}}
    given = paths(tmp_path)
    with pytest.raises(UserError, match="badge has 0"):
        examples(**given, params=params(rules=declared))
    assert not given["examples"].exists()


def test_a_label_that_is_not_declared_is_rejected(tmp_path: Path) -> None:
    given = paths(tmp_path)
    examples(**given, params=params(rules=RULES | {"unknown_label": {"declared": ["vpn"]}}))
    assert set(read_frame(given["examples"])["label"]) == {"vpn"}
    assert "unknown_label" in set(read_frame(given["rejected"])["reason"])


def test_options_that_fit_no_document_are_told_with_how_many_there_are(tmp_path: Path) -> None:
    settings = SETTINGS | {"options": {"tables": ["requests"], "label_column": "queue"}}
    with pytest.raises(UserError) as caught:
        examples(**paths(tmp_path), params=ExamplesParams.model_validate(settings))
    assert caught.value.found == 'none in 10 documents by {"tables": ["requests"], "label_column": "queue"}'


def test_nothing_is_built_when_the_corpus_did_not_pass(tmp_path: Path) -> None:
    given = paths(tmp_path, passed=False)
    with pytest.raises(GateError, match="remaining_pii is 1"):
        examples(**given, params=params())
    assert not (tmp_path / "out").exists()


def collect(folder: Path, *answers: tuple[str, str]) -> None:
    rows = [
        {"answer_id": f"20260310-{number:020x}", "text": text, "context": "", "label": label, "date": "2026-03-10"}
        for number, (text, label) in enumerate(answers)
    ]
    write(folder / "collected.csv", pd.DataFrame(rows))


def test_answers_that_people_corrected_are_examples_by_the_same_rules(tmp_path: Path) -> None:
    given = paths(tmp_path)
    examples(**given, params=params())
    before = read_frame(given["examples"]).set_index("example_id")
    answers = [
        ("The badge of the night watch is refused", "badge"),  # makes `badge` frequent enough
        ("THE VPN drops every hour!", "vpn"),  # equal to document 1
        ("Toner is empty on floor two", "badge"),  # contradicts 4 and 5
        ("ok", "vpn"),  # too short
        ("Der Drucker im dritten Stock druckt seit gestern nicht mehr", "printer"),
    ]
    collect(tmp_path, *answers)
    examples(**given, params=params())
    found, rejected = read_frame(given["examples"]), read_frame(given["rejected"])
    ours = found[found["document_id"].str.startswith("collected:")]
    assert set(ours["text"]) == {answers[0][0], answers[4][0]}
    sliced = [json.loads(one) for one in ours["slices"]]
    assert {one["language"] for one in sliced} == {"de", "en"}
    assert {one["source"] for one in sliced} == {"collected"}
    assert all(one["created"] for one in sliced)
    assert not ours["explicit_id"].any()
    mine = rejected[rejected["detail"].str.contains("document collected:")]
    assert sorted(mine["reason"]) == ["contradictory_label", "duplicate_example", "text_too_short"]
    still = [name for name in before.index if name in set(found["example_id"])]
    assert len(still) == len(before) - 1, "of what was there, only the contradicted one fell"
    assert (found.set_index("example_id").loc[still, "document_id"] == before.loc[still, "document_id"]).all()
    counts = read_json(given["counts"])
    assert (counts["rows_in"], counts["details"]["documents"], counts["details"]["not_used"]) == (14, 10, 1)
    came_in = read_json(given["measurements"])["tables"]["What came in"]["rows"]
    assert ["answers that people corrected", 5] in came_in


def test_where_a_column_gives_the_split_an_answer_is_there_to_be_learnt_from(tmp_path: Path) -> None:
    given = paths(tmp_path)
    collect(tmp_path, ("The VPN of the night watch is refused", "vpn"))
    examples(**given, params=params(side_column="half"))
    found = read_frame(given["examples"])
    assert dict(zip(found["document_id"].str.startswith("collected:"), found["side"], strict=True)) == {
        True: "train", False: ""
    }  # fmt: skip


def test_a_table_of_answers_that_was_changed_by_hand_stops_the_run(tmp_path: Path) -> None:
    given = paths(tmp_path)
    given["collected"].write_text("text,label\nMy card is lost,badge\n")
    with pytest.raises(UserError, match=r"collected\.csv as `retune collect` writes it"):
        examples(**given, params=params())


@pytest.mark.slow
def test_the_same_documents_are_the_same_bytes(tmp_path: Path) -> None:
    given = paths(tmp_path)
    written = []
    for _ in range(2):
        examples(**given, params=params())
        files = [path for path in sorted((tmp_path / "out").rglob("*")) if path.is_file()]
        written.append({path: path.read_bytes() for path in files})
    assert written[0] == written[1]
