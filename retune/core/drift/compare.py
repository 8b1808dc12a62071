"""Hold a window against its reference: every watched aspect, corrected for their number, and a verdict with reasons.

Drift is called where a change is significant and large enough to matter. What could not be measured says so.
"""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from retune.core import parts
from retune.core.drift import statistics
from retune.core.drift.finding import (
    DRIFT,
    NOT_ENOUGH,
    NOT_MEASURED,
    STEADY,
    AspectResult,
    DriftReport,
    Finding,
    NotMeasuredError,
    Verdict,
)
from retune.core.drift.rows import counted_once
from retune.core.drift.sample import Sample
from retune.core.params.monitor import MonitorParams

ASPECTS = "retune.core.drift.aspects"
HELD_OUT_SIDE = "test"


def compare(reference: pd.DataFrame, window: Sample, params: MonitorParams) -> DriftReport:
    """Return the verdict on a window against a reference [PROFILE]; a column that either lacks is not measured."""
    known = counted_once(reference, params.near_duplicate)
    found = {"reference": len(known), "window": len(window.rows)}
    few = [f"{found[side]} different texts in the {side}" for side in found if found[side] < params.minimum_rows]
    if few:
        too_few = f"{' and '.join(few)}; at least {params.minimum_rows} are needed"
        return _report(len(known), window, params, (), too_few)
    measured = [_measured(name, known, window.rows, params) for name in sorted(params.watch)]
    return _report(len(known), window, params, _judged(measured, params.alpha), "")


def _measured(name: str, known: pd.DataFrame, met: pd.DataFrame, params: MonitorParams) -> AspectResult:
    """Return what an aspect found, not yet corrected; what it cannot measure is a result too."""
    part = parts.find(ASPECTS, name)
    about = " ".join((part.__doc__ or name).split())
    blank = AspectResult(name, NOT_MEASURED, about, params.watch[name], part.TEST, part.MEASURE)
    try:
        reference, window = _usable(part, known, met, params)
        found: Finding = part.compare(reference, window, params)
        if not np.isfinite([found.p, found.effect]).all():
            raise NotMeasuredError("the result is not a number")
    except NotMeasuredError as error:
        return replace(blank, reason=str(error))
    measured = replace(blank, state=STEADY, p=found.p, effect=found.effect, cells=found.cells)
    return replace(measured, reference_rows=len(reference), window_rows=len(window))


def _usable(
    part: ModuleType, known: pd.DataFrame, met: pd.DataFrame, params: MonitorParams
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows that an aspect compares; raises NotMeasuredError where values are missing or rows are too few."""
    reference = "reference"
    if getattr(part, "HELD_OUT", False):
        known, reference = known[known["side"] == HELD_OUT_SIDE], "reference that were not learnt from"
    least_share = getattr(part, "LEAST_SHARE", 1.0)
    return (
        _whole(known, part.COLUMNS, reference, least_share, params.minimum_rows),
        _whole(met, part.COLUMNS, "window", least_share, params.minimum_rows),
    )


def _whole(
    frame: pd.DataFrame, columns: tuple[str, ...], side: str, least_share: float, minimum_rows: int
) -> pd.DataFrame:
    """Return the rows that have every column; raises NotMeasuredError if they are too few, or too small a share."""
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise NotMeasuredError(f"the {side.split()[0]} has no {' and no '.join(missing)}")
    whole = np.logical_and.reduce([_is_there(frame[column]) for column in columns])
    if whole.sum() < least_share * len(frame):
        raise NotMeasuredError(f"{(~whole).sum()} of {len(frame)} rows of the {side} lack {', '.join(columns)}")
    if whole.sum() < minimum_rows:
        found = f"{whole.sum()} rows of the {side} have {', '.join(columns)}"
        raise NotMeasuredError(f"{found}; at least {minimum_rows} are needed")
    return frame[whole].reset_index(drop=True)


def _is_there(column: pd.Series) -> NDArray[np.bool_]:
    """Return which cells hold a value: not null, and every number in them finite."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return np.asarray(np.isfinite(column.to_numpy(dtype=np.float64, na_value=np.nan)))
    return np.array([_is_value(value) for value in column], dtype=bool)


def _is_value(value: object) -> bool:
    """Tell whether a cell holds a value; a vector does if all of its numbers are finite."""
    if isinstance(value, (np.ndarray, list, tuple)):
        return len(value) > 0 and bool(np.isfinite(np.asarray(value, dtype=np.float64)).all())
    return not pd.isna(value)  # type: ignore[call-overload]


def _judged(measured: list[AspectResult], alpha: float) -> tuple[AspectResult, ...]:
    """Correct the p of the measured aspects for their number, and call drift where it is significant and large."""
    corrected = iter(statistics.holm([one.p for one in measured if one.p is not None]))
    judged = []
    for one in measured:
        if one.p is None or one.effect is None:
            judged.append(one)
            continue
        p = next(corrected)
        is_drift = p < alpha and one.effect >= one.least_effect
        judged.append(replace(one, p_corrected=p, state=DRIFT if is_drift else STEADY))
    return tuple(judged)


def _report(
    known: int, window: Sample, params: MonitorParams, aspects: tuple[AspectResult, ...], too_few: str
) -> DriftReport:
    """Return the verdict; without a single measured aspect there is not enough data for one."""
    drifted = [one for one in aspects if one.state == DRIFT]
    silent = [f"{one.name} ({one.reason})" for one in aspects if one.state == NOT_MEASURED]
    without = f"not measured: {'; '.join(silent)}" if silent else ""
    verdict: Verdict = DRIFT if drifted else STEADY
    said = [one.told() for one in drifted] or [f"no change in {len(aspects) - len(silent)} aspects"]
    if too_few or len(silent) == len(aspects):
        verdict, said = NOT_ENOUGH, [too_few]
    why = "; ".join(filter(None, [*said, without]))
    sizes = (known, len(window.rows), window.copies, window.left_out)
    return DriftReport(verdict, why, params.alpha, *sizes, aspects)
