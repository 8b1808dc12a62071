import json

import pandas as pd
import pytest

from retune.core import examples
from retune.core.errors import GateError, UserError
from retune.core.params.examples import ExamplesParams

RULES = {
    "text_too_short": {"minimum_characters": 3},
    "text_too_long": {"maximum_characters": 1000},
    "rare_label": {"minimum_examples": 2},
    "unknown_label": {"declared": []},
}
PARAMS = ExamplesParams.model_validate(
    {
        "builder": "table",
        "options": {},
        "with_title": False,
        "side_column": "split",
        "slices": ["department", "language"],
        "rules": RULES,
    }
)
DOCUMENTS = pd.DataFrame(
    [
        {
            "document_id": name,
            "explicit_id": True,
            "title": "On VPN",
            "text": text,
            "department": "it",
            "created": "2025-03-01",
            "source_path": "tickets/desk.csv",
            "metadata": json.dumps({"split": side, "language": "en"}),
        }
        for name, text, side in [
            ("t:1", "It drops.", "train"),
            ("t:2", "it  DROPS", "test"),
            ("t:3", "it drops", "train"),
            ("t:4", "", "test"),
        ]
    ]
)
ROWS = DOCUMENTS[["document_id", "text"]].assign(label="vpn")


def by_document(found: pd.DataFrame, column: str) -> dict[str, str]:
    return dict(zip(found["document_id"], found[column], strict=True))


def test_an_example_carries_its_document_its_side_and_its_slices() -> None:
    found = examples.with_identity(ROWS, DOCUMENTS, PARAMS).set_index("document_id")
    assert found.loc["t:2", "side"] == "test"
    assert json.loads(str(found.loc["t:1", "slices"])) == {
        "created": "2025-03-01",
        "department": "it",
        "language": "en",
        "source": "tickets",
    }
    assert bool(found.loc["t:1", "explicit_id"])


def test_every_example_has_an_id_of_its_own() -> None:
    ids = examples.with_identity(ROWS, DOCUMENTS, PARAMS)["example_id"]
    assert ids.is_unique
    assert set(ids.str.len()) == {16}


@pytest.mark.case("IN-5")
def test_renaming_a_document_changes_no_example() -> None:
    before = examples.with_identity(ROWS, DOCUMENTS, PARAMS)
    new = {"t:1": "z:9", "t:2": "a:1", "t:3": "a:2", "t:4": "m:4"}
    renamed = DOCUMENTS.assign(document_id=DOCUMENTS["document_id"].map(new))
    after = examples.with_identity(ROWS.assign(document_id=renamed["document_id"]), renamed, PARAMS)
    content = ["example_id", "text", "label", "side"]
    assert before[content].sort_values("example_id").to_numpy().tolist() == (
        after[content].sort_values("example_id").to_numpy().tolist()
    )


def test_another_text_or_another_label_is_another_example() -> None:
    before = examples.with_identity(ROWS, DOCUMENTS, PARAMS)
    for change in (ROWS.assign(label="mail"), ROWS.assign(text=ROWS["text"] + " again")):
        assert set(examples.with_identity(change, DOCUMENTS, PARAMS)["example_id"]).isdisjoint(before["example_id"])


def test_a_context_makes_another_example_and_none_changes_no_id() -> None:
    before = examples.with_identity(ROWS, DOCUMENTS, PARAMS)
    none = examples.with_identity(ROWS.assign(context=""), DOCUMENTS, PARAMS)
    assert list(none["example_id"]) == list(before["example_id"])
    about = examples.with_identity(ROWS.assign(context="The VPN of the house."), DOCUMENTS, PARAMS)
    assert set(about["context"]) == {"The VPN of the house."}
    assert set(about["example_id"]).isdisjoint(before["example_id"])


def test_the_title_stands_before_the_text_where_it_is_asked_for() -> None:
    with_title = PARAMS.model_copy(update={"with_title": True})
    assert examples.prepared(DOCUMENTS, with_title)["text"].tolist()[0] == "On VPN\nIt drops."
    assert examples.prepared(DOCUMENTS, with_title)["text"].tolist()[3] == "On VPN"
    assert examples.prepared(DOCUMENTS, PARAMS)["text"].tolist()[0] == "It drops."


def test_a_declared_label_with_too_few_examples_is_an_error_that_names_it() -> None:
    rules = PARAMS.model_validate(
        PARAMS.model_dump() | {"rules": RULES | {"unknown_label": {"declared": ["vpn", "mail"]}}}
    ).rules
    with pytest.raises(UserError, match="mail has 0"):
        examples.check_declared(ROWS, rules)
    examples.check_declared(ROWS, PARAMS.rules)


def test_a_rare_label_and_a_contradiction_are_worth_a_warning() -> None:
    found = pd.DataFrame({"example_id": ["1", "2", "3"], "label": ["rare", "a", "b"], "document_id": ["x", "y", "z"]})
    rejected = pd.DataFrame(
        [("1", "rare_label", "1 usable"), ("2", "contradictory_label", "c"), ("3", "contradictory_label", "c")],
        columns=["row_id", "reason", "detail"],
    )
    assert examples.warnings(found, rejected) == [
        "the label rare has too few examples to be learnt: rejected",
        "2 examples contradict each other: rejected",
    ]
    assert examples.with_documents(rejected, found)["detail"].tolist()[0] == "1 usable (document x)"
    assert examples.warnings(found, rejected.iloc[:0]) == []


@pytest.mark.parametrize("verdict", [{"passed": False, "reasons": ["too few rows"]}, {}, {"passed": "yes"}])
def test_nothing_is_built_on_what_did_not_pass(verdict: dict[str, object]) -> None:
    with pytest.raises(GateError):
        examples.require_passed(verdict, "the corpus")
