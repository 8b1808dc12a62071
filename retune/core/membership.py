"""Whether a model gives away which rows it was trained on: by how sure it is of their answers.

Whoever has a row with its answer can look at the loss alone (Yeom et al. 2018, arXiv 1709.01604), or at how far it lies
below that of a reference model, since some rows are easy for any (Watson et al. 2021, arXiv 2111.08440). A few
rows that are known for certain are what harms, so the rate of hits at few false ones stands beside the area under the
curve (Carlini et al. 2022, arXiv 2112.03570).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from retune.core.hashing import unit_interval
from retune.core.resampling import places_of, row_weights
from retune.core.statistics import Interval, percentile_bounds, wilson

FALSE_POSITIVES = 0.01

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Losses:
    """What rows cost the model, what they cost a reference model (nats, each [rows]), and the documents of the rows."""

    model: Sequence[float]
    reference: Sequence[float]
    documents: Sequence[str]


def drawn(rows: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """Return so many of the rows, all where there are fewer; by id and seed, so that most stay when rows are added."""
    order = sorted(rows["example_id"], key=lambda row: unit_interval(row, seed))
    return rows[rows["example_id"].isin(order[:count])]


def report(learnt: Losses, held_out: Losses, seed: int) -> dict[str, Any]:
    """Return how well rows that were trained on are told from held-out ones, by the measure that tells them best.

    `auc` is the chance that a row of the first kind looks more familiar than one of the second (0.5: no better than
    chance), `true_positive_rate` the share of the first that is known while 1 % of the second is taken for them.
    """
    rows = {"learnt_rows": len(learnt.model), "held_out_rows": len(held_out.model)}
    if not all(rows.values()):
        return rows
    documents = (learnt.documents, held_out.documents)
    measures = {
        "loss": _told(-np.asarray(learnt.model), -np.asarray(held_out.model), documents, seed),
        "loss_ratio": _told(_below(learnt), _below(held_out), documents, seed),
    }
    best = max(measures, key=lambda name: measures[name]["auc"]["value"])
    return {**rows, "by": best, **measures[best], "measures": measures}


def _below(losses: Losses) -> Floats:
    """Return by how much the model's loss lies below the reference's: the logarithm of their likelihood ratio."""
    return np.asarray(losses.reference, dtype=np.float64) - np.asarray(losses.model, dtype=np.float64)


def _told(
    learnt: Floats, held_out: Floats, documents: tuple[Sequence[str], Sequence[str]], seed: int
) -> dict[str, dict[str, float]]:
    """Return both figures with 95 % intervals for how familiar each row looks; whole documents of both are drawn."""
    bins = np.unique(np.concatenate([learnt, held_out]), return_inverse=True)[1]
    first, second = bins[: len(learnt)], bins[len(learnt) :]

    def figures(weights: Floats, others: Floats) -> tuple[float, float]:
        size = int(bins.max()) + 1
        return _figures(np.bincount(first, weights, size), np.bincount(second, others, size))

    auc, rate = figures(np.ones(len(first)), np.ones(len(second)))
    sides = (row_weights(of, len(of), seed + side) for side, of in enumerate(documents))  # alike seeds would pair them
    draws = np.array([figures(*weights) for weights in zip(*sides, strict=True)])
    known, others = (int(places_of(of, len(of)).max()) + 1 for of in documents)
    return {
        "auc": _between(auc, draws[:, 0], min(known, others)),
        "true_positive_rate": _between(rate, draws[:, 1], known),
    }


def _figures(learnt: NDArray[Any], held_out: NDArray[Any]) -> tuple[float, float]:
    """Return the area under the curve and the rate of hits, from the weight of each side at each value, ascending."""
    hits, false = learnt.sum(), held_out.sum()
    below = np.cumsum(held_out) - held_out / 2  # a tie counts half
    from_here, false_from_here = np.cumsum(learnt[::-1]), np.cumsum(held_out[::-1])
    few = false_from_here <= FALSE_POSITIVES * false + 1e-9
    return float(learnt @ below / (hits * false)), float(from_here[few].max(initial=0.0) / hits)


def _between(value: float, draws: Floats, documents: int) -> dict[str, float]:
    """Return a figure with its 95 % interval: that of the draws; Wilson's at 0 and 1, where no draw differs."""
    if value in (0.0, 1.0):
        return asdict(wilson(round(value) * documents, documents))
    return asdict(Interval(value, *percentile_bounds(draws)))
