"""The folder of corrected answers under DVC: recorded after every change, brought back in a fresh clone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from retune.core.counts import Counts
from retune.core.errors import UserError
from retune.io import dvc
from retune.io.answers import FOLDER, ensure, path_of, read
from retune.io.lockfile import data_hash
from retune.io.source import digest, listing
from retune.io.traffic import Expired

TRACKED = f"{FOLDER}.dvc"


@dataclass(frozen=True)
class Collected:
    """What became of a person's table of answers; the counts add up."""

    counts: Counts
    refused: dict[str, int]  # by reason
    answers: int  # that stand now
    skipped_files: int  # in the traffic log, none of its own
    expired: Expired


def bring_up_to_date(root: Path, models: Iterable[str], say: dvc.Say) -> None:
    """Make the answers what collected.dvc records, with a file for each model; what is newer here is recorded.

    Nothing is recorded before somebody answered something. Raises UserError where answers would be lost, and where
    those that are recorded can be had from neither the cache nor the remote.
    """
    recorded = data_hash(root, TRACKED)
    if recorded:
        _settle(root, recorded, say)
    for model in models:
        ensure(path_of(root, model))
    if recorded:
        record(root, say)


def record(root: Path, say: dvc.Say) -> None:
    """Record the folder as it is in collected.dvc."""
    if digest(listing(root / FOLDER)) != data_hash(root, TRACKED):
        dvc.command(root, ["add", FOLDER], doing=f"to record {FOLDER}/", say=say)


def _settle(root: Path, recorded: str, say: dvc.Say) -> None:
    """Bring back what is recorded, unless what is here is newer than it."""
    present = listing(root / FOLDER)
    here = digest(present)
    if here == recorded:
        return
    if not _has_answers(root / FOLDER, present) or (_cached(root, here) and present):
        _fetch(root, recorded, say)
    elif not _cached(root, recorded):
        raise UserError(
            expected=f"{FOLDER}/ as {TRACKED} records it, or newer",
            found="answers that are not recorded, beside recorded ones that were never here",
            todo=f"Move {FOLDER}/ away, run again, and give your answers once more by `retune collect`.",
        )


def _fetch(root: Path, recorded: str, say: dvc.Say) -> None:
    """Put the recorded answers into the folder, from the cache or else from the remote."""
    verb = "checkout" if _cached(root, recorded) else "pull"
    dvc.command(root, [verb, "--force", TRACKED], doing=f"to bring back the answers of {TRACKED}", say=say)


def _cached(root: Path, md5: str) -> bool:
    """Tell whether this state of the folder was ever recorded or fetched here."""
    return (root / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]).exists()


def _has_answers(folder: Path, present: Iterable[str]) -> bool:
    """Tell whether there is more in the folder than headers."""
    return any(name.endswith("-refused.csv") or not read(folder / name).empty for name in present)
