"""Load a logged model as any user would, in a fresh process, compare its numbers with those of the training, and let it
answer its own input example.

Run as `python -m retune.modeling.reload FOLDER`; prints one line of JSON, exits 5 where it does not answer as it must.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from retune.core.errors import EXIT_INTEGRITY, RetuneError
from retune.modeling.folder import REFERENCE

TOLERANCE = 1e-4  # absolute, on logits or losses in float32: room for another order of sums, none for another weight


def compared(folder: Path) -> dict[str, Any]:
    """Return how far the reloaded numbers are from those in reference.json, and whether that is near enough."""
    import mlflow.pyfunc
    import numpy as np

    loaded = mlflow.pyfunc.load_model(str(folder))
    reference = json.loads((folder / "artifacts" / "model" / REFERENCE).read_text(encoding="utf-8"))
    examples = reference["examples"]
    numbers = loaded.unwrap_python_model().predictor.reference(examples)
    expected = np.asarray(reference["numbers"], dtype=np.float32)
    same_shape = expected.shape == numbers.shape
    difference = float(np.abs(expected - numbers).max()) if same_shape else float("inf")
    wrong = wrong_answers(loaded, folder)
    return {
        "largest_difference": str(difference),
        "tolerance": TOLERANCE,
        "rows": len(examples),
        "own_example": wrong or "answered",
        "is_equal": same_shape and difference <= TOLERANCE and not wrong,  # NaN is not
    }


def wrong_answers(loaded: Any, folder: Path) -> str:
    """Say what is wrong with the answers to the model's own input example, empty where they keep to its signature."""
    example = loaded.metadata.load_input_example(str(folder))
    columns = loaded.metadata.get_output_schema().input_names()
    answers = loaded.predict(example)
    missing = [name for name in columns if name not in answers.columns]
    if missing or len(answers) != len(example):
        return f"{len(answers)} answers to {len(example)} rows, without {', '.join(missing) or 'nothing'}"
    if not all(isinstance(one, str) for one in answers["prediction"]):
        return "a prediction that is no text"
    given = answers["confidence"].dropna()
    return "" if given.between(0, 1).all() else "a confidence that is no share"


def main(folder: str) -> int:
    """Compare, print, and return the exit code."""
    try:
        result = compared(Path(folder))
    except RetuneError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(json.dumps(result))
    return 0 if result["is_equal"] else EXIT_INTEGRITY


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
