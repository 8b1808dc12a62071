"""Which examples a new split put on another side than the split of the last version did."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Moves:
    """How many examples both splits kept, and how many of them changed sides."""

    compared: int
    moved: int

    @property
    def share(self) -> float:
        """Return the share that changed sides, 0 where the splits have no example in common."""
        return self.moved / self.compared if self.compared else 0.0

    def told(self, version: str) -> str:
        """Return the line that a person reads."""
        common = f"{self.moved} of the {self.compared} examples that both splits have"
        return f"{self.share:.1%} changed sides of the split since version {version}: {common}"


def moves(before: pd.DataFrame, now: pd.DataFrame) -> Moves:
    """Compare two tables [example_id, side]; an example without a side was left out of its split."""
    sides = before.merge(now, on="example_id", suffixes=("_before", "_now"))
    kept = sides[(sides["side_before"] != "") & (sides["side_now"] != "")]
    return Moves(len(kept), int((kept["side_before"] != kept["side_now"]).sum()))
