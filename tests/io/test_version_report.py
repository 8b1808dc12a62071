"""What a page shows of single answers: no word of a document, whatever the model answers with."""

import pandas as pd
import pytest

from retune.io.version_report import folder_of_answers, worst


def answers(labels: list[str], predictions: list[str], confidences: list[float]) -> pd.DataFrame:
    ids = [f"e{place}" for place in range(len(labels))]
    return pd.DataFrame({"example_id": ids, "label": labels, "prediction": predictions, "confidence": confidences})


def test_wrong_labels_are_told_with_the_surest_first() -> None:
    found = worst(answers(["a", "a", "b"], ["b", "b", "b"], [0.6, 0.9, 0.99]), {})
    assert [(one["example_id"], one["label"], one["prediction"]) for one in found] == [
        ("e1", "a", "b"),
        ("e0", "a", "b"),
    ]


def test_what_was_written_is_told_by_its_worth_alone() -> None:
    metrics = {"target": "text", "primary": "rougeL"}
    found = worst(answers(["the gate is shut"] * 3, ["the gate", "the gate is shut", "rain"], [0.1] * 3), metrics)
    assert found == [{"example_id": "e2", "value": 0.0}, {"example_id": "e0", "value": pytest.approx(2 / 3)}]
    assert worst(None, metrics) == []


@pytest.mark.parametrize(
    ("target", "folder"), [("label", ""), ("labels", ""), ("entities", "rows"), ("answers", "rows"), ("text", "rows")]
)
def test_answers_that_may_repeat_a_document_lie_where_a_deletion_looks(target: str, folder: str) -> None:
    assert folder_of_answers(target) == folder
