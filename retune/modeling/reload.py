"""Load a logged model as any user would, in a fresh process, and compare its logits with those of the training.

Run as `python -m retune.modeling.reload FOLDER`; prints one line of JSON and exits 5 when they differ.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from retune.core.errors import EXIT_INTEGRITY, RetuneError
from retune.modeling.folder import REFERENCE

TOLERANCE = 1e-4  # absolute, on logits in float32: room for another order of sums, none for another weight


def compared(folder: Path) -> dict[str, Any]:
    """Return how far the reloaded logits are from those in reference.json, and whether that is near enough."""
    import mlflow.pyfunc
    import numpy as np

    loaded = mlflow.pyfunc.load_model(str(folder))
    reference = json.loads((folder / "artifacts" / "model" / REFERENCE).read_text(encoding="utf-8"))
    texts = [str(text) for text in reference["texts"]]
    logits = loaded.unwrap_python_model().predictor.logits(texts)
    answers = loaded.predict(texts)
    expected = np.asarray(reference["logits"], dtype=np.float32)
    same_shape = expected.shape == logits.shape and len(answers) == len(texts)
    difference = float(np.abs(expected - logits).max()) if same_shape else float("inf")
    return {
        "largest_difference": str(difference),
        "tolerance": TOLERANCE,
        "rows": len(texts),
        "is_equal": same_shape and difference <= TOLERANCE,  # NaN is not
    }


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
