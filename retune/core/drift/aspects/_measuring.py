"""How aspects compare: shares of kinds, and distributions of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from retune.core.drift import statistics
from retune.core.drift.finding import Cell, Finding, NotMeasuredError
from retune.core.params.monitor import MonitorParams

NONE = "(none)"
BINS = 8


def pooled(reference: pd.DataFrame, window: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of both, the window last, as `assignments` expects them."""
    return pd.concat([reference, window], ignore_index=True)


def masks_for(reference: pd.DataFrame, window: pd.DataFrame, params: MonitorParams) -> statistics.Masks:
    """Return the assignments of these rows, the seen one first."""
    return statistics.assignments(len(reference) + len(window), len(window), params.permutations, params.seed)


def kinds(reference: pd.DataFrame, window: pd.DataFrame, column: str, params: MonitorParams) -> Finding:
    """Compare the shares of a column's values; a side where all are empty cannot be compared."""
    for side, frame in (("reference", reference), ("window", window)):
        if (frame[column].astype("str") == "").all():
            raise NotMeasuredError(f"every {column} of the {side} is empty")
    values = pooled(reference, window)[column].astype("str").replace("", NONE)
    codes, names = pd.factorize(values, sort=True)
    return of_cells(reference, window, np.asarray(codes, dtype=np.int64), [str(name) for name in names], params)


def of_cells(
    reference: pd.DataFrame, window: pd.DataFrame, codes: NDArray[np.int64], names: Sequence[str], params: MonitorParams
) -> Finding:
    """Compare the shares of cells, given each pooled row's: chi-square by permutation, and PSI above chance."""
    masks = masks_for(reference, window, params)
    tables = statistics.counted(masks, codes, len(names))
    before, after = tables[0]
    p = statistics.p_value(statistics.chi_square(tables))
    effect = statistics.above_chance(index_of(tables))
    documents = window["document_id"].to_numpy()
    own = codes[len(reference) :]
    cells = [
        Cell(name, before[place] / len(reference), after[place] / len(window), tuple(documents[own == place]))
        for place, name in enumerate(names)
    ]
    return Finding(p, effect, largest_first(cells))


def index_of(tables: statistics.Reals) -> statistics.Reals:
    """Return the PSI of counts [assignments, 2, cells]."""
    return statistics.psi(statistics.shares(tables[:, 0]), statistics.shares(tables[:, 1]))


def numbers(reference: pd.DataFrame, window: pd.DataFrame, column: str, unit: str, params: MonitorParams) -> Finding:
    """Compare the distributions of a column of numbers: Kolmogorov-Smirnov by permutation, its distance the effect."""
    values = pooled(reference, window)[column].to_numpy(dtype=np.float64)
    distances = statistics.kolmogorov_smirnov(masks_for(reference, window, params), values)
    effect = statistics.above_chance(distances)
    return Finding(statistics.p_value(distances), effect, _ranges(reference, window, values, unit))


def largest_first(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Return cells by the size of their change."""
    return tuple(sorted(cells, key=lambda cell: (-abs(cell.change), cell.what)))


def _ranges(reference: pd.DataFrame, window: pd.DataFrame, values: statistics.Reals, unit: str) -> tuple[Cell, ...]:
    """Return ranges that hold equally many pooled rows, in their order, so that a picture reads as a distribution."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)))
    places = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, max(len(edges) - 2, 0))
    old, own = places[: len(reference)], places[len(reference) :]
    documents = window["document_id"].to_numpy()
    cells = []
    for place in range(max(len(edges) - 1, 1)):
        end = edges[min(place + 1, len(edges) - 1)]
        name = f"{edges[place]:.4g} to {end:.4g} {unit}".strip()
        inside = own == place
        cells.append(Cell(name, float((old == place).mean()), float(inside.mean()), tuple(documents[inside])))
    return tuple(cells)
