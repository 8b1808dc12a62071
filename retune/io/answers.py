"""Corrected answers as files: `collected/<model>.csv`, and beside it what was refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from retune.core.collected import COLLECTED, EMPTY, REFUSED
from retune.core.errors import UserError
from retune.io.files import whole_file

FOLDER = "collected"


def path_of(root: Path, model: str) -> Path:
    """Return where the answers for a model stand."""
    return root / FOLDER / f"{model}.csv"


def refused_of(root: Path, model: str) -> Path:
    """Return where the rows stand that were refused, with their reasons."""
    return root / FOLDER / f"{model}-refused.csv"


def read(path: Path) -> pd.DataFrame:
    """Return the answers [COLLECTED]; raises UserError where the file is not as it was written."""
    answers = _read(path, COLLECTED)
    wrong = ["rows with empty cells"] * bool((answers.drop(columns=list(EMPTY)) == "").any(axis=None))
    wrong += ["ids that stand there twice"] * bool(answers["answer_id"].duplicated().any())
    if wrong:
        raise _not_ours(path, " and ".join(wrong))
    return answers


def read_refused(path: Path) -> pd.DataFrame:
    """Return the refused rows, none where there is no such file."""
    return _read(path, REFUSED) if path.exists() else pd.DataFrame(columns=list(REFUSED), dtype="str")


def write(path: Path, rows: pd.DataFrame) -> None:
    """Write answers or refused rows; the same rows are the same bytes."""
    with whole_file(path) as partial:
        rows.to_csv(partial, index=False, lineterminator="\n", encoding="utf-8")


def ensure(path: Path) -> None:
    """Make the file of a model for which nobody answered anything yet: a header alone."""
    if not path.exists():
        write(path, pd.DataFrame(columns=list(COLLECTED), dtype="str"))


def _read(path: Path, columns: dict[str, str]) -> pd.DataFrame:
    """Return a table whose columns are these; empty cells are empty texts."""
    try:
        rows = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")
    except (ValueError, OSError) as error:  # also what pandas and the codec raise
        raise _not_ours(path, f"one that cannot be read ({type(error).__name__})") from error
    if list(rows.columns) != list(columns):
        raise _not_ours(path, f"{len(rows.columns)} columns of another table")
    return rows


def _not_ours(path: Path, found: str) -> UserError:
    """Return what to say of a file that was changed by hand."""
    return UserError(
        expected=f"{path.name} as `retune collect` writes it",
        found=found,
        todo=f"Bring back what was recorded (dvc checkout {FOLDER}.dvc), and give answers by `retune collect`.",
    )
