"""The general sample is asked as a task type asks, and what it costs is told per token."""

import json

import pytest

from retune.core.general import PASSAGES, report, rows


def test_the_sample_stands_as_the_rows_of_its_task_type_do() -> None:
    plain, raw = rows("text", {"text": "Name a day."}), rows("nothing", {"text": "The office is open."})
    assert plain["text"].tolist() == [first for first, _ in PASSAGES]
    assert plain["label"].str.len().min() > 80
    assert (raw["label"] == "").all()
    assert raw["text"][0].endswith(plain["label"][0])
    chat = rows("text", {"text": json.dumps([{"role": "user", "content": "When?"}])})
    assert json.loads(chat["text"][0]) == [{"role": "user", "content": PASSAGES[0][0]}]


@pytest.mark.case("GT-13")
def test_the_mean_loss_is_that_of_a_token_before_and_after() -> None:
    found = report(([20.0, 10.0], [10, 5]), ([30.0, 15.0], [10, 5]))
    assert found == {"before": 2.0, "after": 3.0, "passages": len(PASSAGES)}
