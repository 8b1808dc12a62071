"""MLflow's own evaluation of a table of answers shows the figures that we show."""

from typing import Any

import pandas as pd
import pytest

from retune.core import parts
from tests.core.metrics import toys

THEIR_NAMES = {
    "weighted": {"accuracy": "accuracy_score", "weighted_f1": "f1_score"},
    "macro": {"macro_f1": "f1_score", "balanced_accuracy": "recall_score"},
}


@pytest.mark.case("EV-1")
@pytest.mark.parametrize("average", THEIR_NAMES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pandas of MLflow
def test_mlflow_shows_the_same_figures_of_a_table_of_answers(
    mlflow_uri: str, average: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_uri)  # set_tracking_uri would hold for every test after this one
    evaluate: Any = mlflow.models.evaluate
    toy = toys.labels(120, 0.8, 1)
    table = pd.DataFrame({"label": toy.truth, "prediction": toy.answers})
    with mlflow.start_run() as run:
        evaluate(
            data=table, targets="label", predictions="prediction", model_type="classifier",
            evaluators="default", evaluator_config={"average": average, "log_explainer": False},
        )  # fmt: skip
    shown = mlflow.get_run(run.info.run_id).data.metrics
    for ours, theirs in THEIR_NAMES[average].items():
        part = parts.find("retune.core.metrics", ours)
        assert shown[theirs] == pytest.approx(part.score(toy.truth, toy.answers))
