"""Split: examples to train, validation and test, with nothing alike on two sides."""

from __future__ import annotations

from pathlib import Path

from retune.core import parts, splits
from retune.core.counts import Counts
from retune.core.examples import require_passed
from retune.core.frames import LINEAGE, REJECTED, ROWS
from retune.core.params.split import SplitParams
from retune.io.files import read_frame, read_json, write_frame, write_json


def split(
    *,
    examples: Path,
    clusters: Path,
    verdict: Path,
    task_type: Path,
    train: Path,
    validation: Path,
    test: Path,
    rejected: Path,
    lineage: Path,
    summary: Path,
    counts: Path,
    params: SplitParams,
) -> None:
    """Write the three sides, what was dropped between them, where each row comes from, and a summary."""
    require_passed(read_json(verdict), "examples")
    found = read_frame(examples)
    target = parts.load_all("retune.core.targets")[parts.at(task_type).TARGET]
    result = splits.split(found, read_frame(clusters), params, target)
    for side, path in {splits.TRAIN: train, splits.VALIDATION: validation, splits.TEST: test}.items():
        write_frame(path, result.rows[result.rows["side"] == side], ROWS)
    write_frame(rejected, result.rejected, REJECTED)
    write_frame(lineage, result.rows, LINEAGE)
    write_json(summary, result.summary)
    done = Counts("split", "examples", len(found), len(result.rows), len(result.rejected), details=result.summary)
    write_json(counts, done.as_dict())
