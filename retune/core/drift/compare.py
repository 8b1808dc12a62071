"""Hold a window against its reference: every watched aspect, corrected for their number, and a verdict with reasons.

Drift is called where a change is significant and large enough to matter. What could not be measured says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from retune.core import parts
from retune.core.drift import rows, statistics
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
from retune.core.params.monitor import MonitorParams

ASPECTS = "retune.core.drift.aspects"
HELD_OUT_SIDE = "test"


@dataclass(frozen=True)
class Sides:
    """The rows that are compared, each different text once, and what was left out of the window."""

    reference: pd.DataFrame
    window: pd.DataFrame
    copies: int
    left_out: int


def compare(reference: pd.DataFrame, window: pd.DataFrame, params: MonitorParams) -> DriftReport:
    """Return the verdict on a window of rows against a reference [PROFILE]; a column that lacks is not measured.

    Both frames need document_id, text_sha256 and words; the reference also its side.
    """
    sides = _sides(reference, window, params)
    found = {"reference": len(sides.reference), "window": len(sides.window)}
    few = [f"{found[side]} different texts in the {side}" for side in found if found[side] < params.minimum_rows]
    if few:
        return _report(sides, params, (), f"{' and '.join(few)}; at least {params.minimum_rows} are needed")
    measured = [_measured(name, sides, params) for name in sorted(params.watch)]
    return _report(sides, params, _judged(measured, params.alpha), "")


def _sides(reference: pd.DataFrame, window: pd.DataFrame, params: MonitorParams) -> Sides:
    """Return both sides with each different text once, the window cut to the number that is compared."""
    once = rows.counted_once(window, params.near_duplicate)
    compared = rows.chosen(once, params.window_rows, params.seed)
    known = rows.counted_once(reference, params.near_duplicate)
    return Sides(known, compared, len(window) - len(once), len(once) - len(compared))


def _measured(name: str, sides: Sides, params: MonitorParams) -> AspectResult:
    """Return what an aspect found, not yet corrected; what it cannot measure is a result too."""
    part = parts.find(ASPECTS, name)
    about = " ".join((part.__doc__ or name).split())
    blank = AspectResult(name, NOT_MEASURED, about, params.watch[name], part.TEST, part.MEASURE)
    try:
        reference, window = _usable(part, sides, params)
        found: Finding = part.compare(reference, window, params)
        if not np.isfinite([found.p, found.effect]).all():
            raise NotMeasuredError("the result is not a number")
    except NotMeasuredError as error:
        return replace(blank, reason=str(error))
    measured = replace(blank, state=STEADY, p=found.p, effect=found.effect, cells=found.cells)
    return replace(measured, reference_rows=len(reference), window_rows=len(window))


def _usable(part: ModuleType, sides: Sides, params: MonitorParams) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows that an aspect compares; raises NotMeasuredError where a value is missing or rows are too few."""
    reference = sides.reference
    if getattr(part, "HELD_OUT", False):
        reference = reference[reference["side"] == HELD_OUT_SIDE]
    found = {"reference": reference, "window": sides.window}
    for side, frame in found.items():
        missing = [column for column in part.COLUMNS if column not in frame.columns]
        if missing:
            raise NotMeasuredError(f"the {side} has no {' and no '.join(missing)}")
        whole = np.logical_and.reduce([_is_there(frame[column]) for column in part.COLUMNS])
        if not whole.all() and not getattr(part, "PARTIAL", False):
            raise NotMeasuredError(
                f"{(~whole).sum()} of {len(frame)} rows of the {side} lack {', '.join(part.COLUMNS)}"
            )
        found[side] = frame[whole].reset_index(drop=True)
        if len(found[side]) < params.minimum_rows:
            held = " that were not learnt from" if side == "reference" and getattr(part, "HELD_OUT", False) else ""
            raise NotMeasuredError(
                f"{len(found[side])} rows of the {side}{held} have {', '.join(part.COLUMNS)}; "
                f"at least {params.minimum_rows} are needed"
            )
    return found["reference"], found["window"]


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


def _report(sides: Sides, params: MonitorParams, aspects: tuple[AspectResult, ...], too_few: str) -> DriftReport:
    """Return the verdict; without a single measured aspect there is not enough data for one."""
    drifted = [one for one in aspects if one.state == DRIFT]
    silent = [f"{one.name} ({one.reason})" for one in aspects if one.state == NOT_MEASURED]
    without = f"not measured: {'; '.join(silent)}" if silent else ""
    verdict: Verdict = DRIFT if drifted else STEADY
    said = [told(one) for one in drifted] or [f"no change in {len(aspects) - len(silent)} aspects"]
    if too_few or len(silent) == len(aspects):
        verdict, said = NOT_ENOUGH, [too_few]
    why = "; ".join(filter(None, [*said, without]))
    sizes = (len(sides.reference), len(sides.window), sides.copies, sides.left_out)
    return DriftReport(verdict, why, params.alpha, *sizes, aspects)


def told(aspect: AspectResult) -> str:
    """Return in one line what moved in an aspect that drifted."""
    grown = [cell for cell in aspect.cells if cell.change > 0]
    largest = max(grown, key=lambda cell: cell.change, default=None)
    where = f": {largest.what} from {largest.before:.0%} to {largest.after:.0%}" if largest else ""
    numbers = f"{aspect.measure} {aspect.effect:.2f}, corrected p {aspect.p_corrected:.4f}"
    return f"{aspect.name} moved{where} ({numbers})"
