"""What two models wrote is put before a judge once, and kept."""

from pathlib import Path

import pandas as pd
import pytest

from retune.judging import judged
from tests.core.test_decision import JUDGE
from tests.io.test_judge import MODEL, Toy, toy

__all__ = ["toy"]
ROWS = pd.DataFrame(
    {"example_id": [f"e{place}" for place in range(12)], "text": "Which city?", "context": "", "label": "Paris"}
)


def test_the_same_answers_before_the_same_judge_are_judged_once(
    toy: Toy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RETUNE_STATE", str(tmp_path))
    params = JUDGE.model_copy(update={"url": toy.endpoint().url, "model": MODEL, "rows": 10})
    first, second = ["Paris"] * 12, ["Paris, the capital"] * 12
    found = judged(ROWS, first, second, params, 0.05, 7)
    assert (found["outcome"], found["rows"], found["judge"]) == ("better", 10, MODEL)
    assert len(toy.asked) == 20
    assert "An answer that is known to be good" in str(toy.asked[0])
    assert judged(ROWS, first, second, params, 0.05, 7) == found
    assert len(toy.asked) == 20, "nothing is asked twice"
    assert judged(ROWS, second, first, params, 0.05, 7)["outcome"] == "worse"
