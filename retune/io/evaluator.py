"""Which evaluator measured: another one's scores are no evidence beside ours."""

from __future__ import annotations

from pathlib import Path

import retune
from retune.core.hashing import sha256_text
from retune.core.params.evaluate import EvaluateParams
from retune.io.files import sha256_file

CORE = (
    "behaviour calibration classes confusion evaluation leakage learning_curve membership overlap paired perturbations "
    "resampling scoring slices statistics triggers"
)
CODE = (
    *(f"core/{name}.py" for name in CORE.split()),
    "core/metrics/*.py",
    "core/targets/*.py",
    "modeling/floors/*.py",
)


def evaluator_sha256(params: EvaluateParams) -> str:
    """Return the SHA-256 of the code that scores and of its settings."""
    root = Path(retune.__file__).parent
    files = sorted(path for pattern in CODE for path in root.glob(pattern))
    lines = [f"{path.relative_to(root).as_posix()} {sha256_file(path)}" for path in files]
    return sha256_text("\n".join([*lines, params.model_dump_json()]))
