"""The one code file that a registered version carries: it answers through the installed package `retune`.

Its bytes are part of every version, and a version whose code is not the installed file is refused. So it does nothing
itself: whatever may have to change stands in retune/modeling/answering.py.
"""

from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

from retune.modeling import answering


class RetuneModel(PythonModel):
    """Answers texts with `prediction` and `confidence`."""

    def load_context(self, context: Any) -> None:
        """Load the tuned weights over the base that the version names; IntegrityError if either is another."""
        self.predictor = answering.load(context.artifacts["model"], context.model_config["base"], code=__file__)

    def predict(self, model_input: pd.DataFrame) -> pd.DataFrame:  # type: ignore[override] # MLflow takes it without
        """Answer a frame with a column `text`, or a list of texts; one row per text, in the same order."""
        return answering.answer(self.predictor, model_input)


set_model(RetuneModel())
