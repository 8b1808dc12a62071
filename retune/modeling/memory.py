"""What a training does where memory ends: a step's rows are computed in more parts, and their sum stays the same."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from retune.core.errors import UnavailableError, UserError
from retune.modeling import distributed

PARTS = "parts"  # beside the checkpoints: what several processes start again with after one ran out of memory


def parts_at_first(checkpoints: Path, asked: int) -> int:
    """Return in how many parts a step begins: as the settings say, or as many as an attempt before had to make."""
    note = checkpoints.parent / PARTS
    return max(asked, int(note.read_text(encoding="utf-8"))) if note.exists() else asked


def more_parts(rows: int, parts: int, checkpoints: Path) -> int:
    """Return twice as many parts; UserError where a part was one row, UnavailableError among several processes.

    Of several processes, the others wait for the one that ran out of memory: all end, and the launcher starts again.
    """
    if parts * distributed.processes() >= rows:
        raise UserError(
            expected="memory for one row at a time", found="too little of it",
            todo="Set train.gradient_checkpointing, lower train.max_length, or take a smaller base, in params.yaml.",
        )  # fmt: skip
    if distributed.processes() > 1:
        (checkpoints.parent / PARTS).write_text(str(2 * parts), encoding="utf-8")
        raise UnavailableError(f"a step does not fit into memory in {parts} parts; run again: it will have {2 * parts}")
    return 2 * parts


def checkpoint_gradients(body: nn.Module) -> None:
    """Let the base compute its layers again on the way back instead of keeping them; UserError where it cannot."""
    if not getattr(body, "supports_gradient_checkpointing", False):
        found = f"{type(body).__name__}, which cannot"
        todo = "Set train.gradient_checkpointing: false in params.yaml."
        raise UserError(expected="a base that can compute its layers twice", found=found, todo=todo)
    body.activation_checkpointing_enable({"use_reentrant": False})  # type: ignore[operator]
