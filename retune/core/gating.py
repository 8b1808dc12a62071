"""What gates measure, and the decision that follows from it: pure functions, the same for every subject.

A gate is one file in retune/core/gates. It says about which kinds of table it can speak (`APPLIES_TO`), which columns
it needs (`REQUIRES`), in what it counts (`UNIT`), what it looks at in each row (`column`), what it expects there
(`expectation`), and for gates that reject rows, why a row fell (`detail`). Its settings, if any, are its `Rules`.
A gate that needs the column `label` looks at labels: it applies where the target names it (retune/core/targets).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import ModuleType
from typing import Any, Literal, TypedDict

from pydantic import model_validator

from retune.core import parts
from retune.core.errors import UserError
from retune.core.params.base import Settings

PACKAGE = "retune.core.gates"
SUBJECTS = {"documents": ("files", "documents"), "examples": ("examples",)}  # what is measured together: kinds of table


@dataclass(frozen=True)
class Expectation:
    """An expectation of Great Expectations about the gate's column (or the whole table, where a gate has no column)."""

    type: str
    kwargs: dict[str, Any]
    row_level: bool = False  # rows that fail it are rejected


@dataclass(frozen=True)
class Measurement:
    """What one gate measured; `value` is None where it could not."""

    gate: str
    value: float | None
    unit: str  # share | count
    rows_checked: int
    rows_failed: int
    status: str  # measured | error
    detail: str = ""


class Table(TypedDict):
    """A table that the report of a gate shows."""

    columns: list[str]
    rows: list[list[Any]]


class Limit(Settings):
    """How far a gate's value may go, and what happens beyond; a bound that is not given is not there."""

    level: Literal["block", "warn"]
    """`block` stops the pipeline with exit code 3, `warn` only says so."""
    maximum: float | None = None
    """Largest value that passes."""
    minimum: float | None = None
    """Smallest value that passes."""

    @model_validator(mode="after")
    def _bounded(self) -> Limit:
        """Refuse a limit that nothing can break."""
        if self.maximum is None and self.minimum is None:
            raise ValueError("needs a maximum, a minimum or both")
        return self

    def text(self, unit: str) -> str:
        """Return the bounds as people read them."""
        bounds = [("at least", self.minimum), ("at most", self.maximum)]
        return " and ".join(f"{word} {shown(bound, unit)}" for word, bound in bounds if bound is not None)

    def holds(self, value: float) -> bool:
        """Say whether a value lies within the bounds; the bounds themselves do."""
        return (self.minimum is None or value >= self.minimum) and (self.maximum is None or value <= self.maximum)


@dataclass(frozen=True)
class Check:
    """The verdict on one gate."""

    gate: str
    status: str  # pass | warn | fail | not_run
    value: float | None
    unit: str
    limit: str
    level: str
    rows_checked: int
    rows_failed: int
    reason: str


@dataclass(frozen=True)
class Verdict:
    """The verdict on all gates: passed, unless a blocking limit is broken or a gate could not be measured."""

    passed: bool
    checks: list[Check] = field(default_factory=list)

    @property
    def reasons(self) -> list[str]:
        """Return why it did not pass, a line per gate."""
        return [check.reason for check in self.checks if check.status in ("fail", "not_run")]

    @property
    def warnings(self) -> list[str]:
        """Return what was beyond a limit that only warns."""
        return [check.reason for check in self.checks if check.status == "warn"]

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as plain values for a JSON file."""
        return {**asdict(self), "reasons": self.reasons, "warnings": self.warnings}


def document(subject: str, measurements: Sequence[Measurement], tables: Mapping[str, Table]) -> dict[str, Any]:
    """Return what was measured on a subject, and the tables that its report shows, as plain values for a JSON file."""
    return {"subject": subject, "measurements": [asdict(one) for one in measurements], "tables": dict(tables)}


def gates(kind: str, of_labels: Collection[str] | None = None) -> dict[str, ModuleType]:
    """Return the gates that can speak about a kind of table: files, documents or examples.

    Of those that look at labels only the named ones, which are those of a target; None: all.
    """
    found = {name: gate for name, gate in parts.load_all(PACKAGE).items() if kind in gate.APPLIES_TO}
    if of_labels is None:
        return found
    return {name: gate for name, gate in found.items() if "label" not in gate.REQUIRES or name in of_labels}


def about(gate: str) -> str:
    """Return the sentence that says what a gate looks at."""
    return (parts.find(PACKAGE, gate).__doc__ or "").strip().split("\n")[0]


def check_limits(limits: Collection[str], subject: str, of_labels: Collection[str] | None = None) -> None:
    """Raise UserError unless the limits name every gate of the subject and no other."""
    known = {name for kind in SUBJECTS[subject] for name in gates(kind, of_labels)}
    _check_named(known, limits, ("a limit for each gate on", "no limit for", "limits for unknown gates"), subject)


def check_rules(given: Collection[str], of_labels: Collection[str]) -> None:
    """Raise UserError unless there are rules for every gate on examples that has any and applies, and for no other."""
    known = {name for name, gate in gates("examples", of_labels).items() if hasattr(gate, "Rules")}
    words = ("the rules of each gate on", "no rules for", "rules of gates that do not apply:")
    _check_named(known, given, words, "examples")


def _check_named(known: set[str], given: Collection[str], words: tuple[str, str, str], subject: str) -> None:
    """Raise UserError where known names are missing, or others are given."""
    missing, strange = sorted(known - set(given)), sorted(set(given) - known)
    if missing or strange:
        found = [f"{words[1]} {', '.join(missing)}"] * bool(missing)
        found += [f"{words[2]} {', '.join(strange)}"] * bool(strange)
        raise UserError(
            expected=f"{words[0]} {subject}: {', '.join(sorted(known))}",
            found="; ".join(found),
            todo="Correct `gate.limits` and `rules` in params.yaml; which gates apply depends on the task type.",
        )


def decide(measurements: Sequence[Measurement], limits: Mapping[str, Limit]) -> Verdict:
    """Hold every measurement against its limit; a gate with a limit that was not measured has failed."""
    measured = {measurement.gate: measurement for measurement in measurements}
    unlimited = sorted(set(measured) - set(limits))
    if unlimited:
        raise UserError(
            expected="a limit for every gate that was measured",
            found=f"none for {', '.join(unlimited)}",
            todo="Add it to the section `limits` of this gate in params.yaml.",
        )
    checks = [_check(name, measured.get(name), limits[name]) for name in sorted(limits)]
    return Verdict(passed=all(check.status in ("pass", "warn") for check in checks), checks=checks)


def shown(value: float | None, unit: str) -> str:
    """Return a value as people read it: shares in percent, counts as they are."""
    if value is None:
        return "not measured"
    if unit == "share":
        return f"{value * 100:.4g}%"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4g}"


def _check(name: str, measurement: Measurement | None, limit: Limit) -> Check:
    """Hold one measurement against its limit."""
    if measurement is None:
        measurement = Measurement(name, None, "", 0, 0, "error", "it left no measurement")
    status, reason = _judged(measurement, limit)
    value = measurement.value if status != "not_run" else None
    rows = {"rows_checked": measurement.rows_checked, "rows_failed": measurement.rows_failed}
    return Check(
        name, status, value, measurement.unit, limit.text(measurement.unit), limit.level, **rows, reason=reason
    )


def _judged(measurement: Measurement, limit: Limit) -> tuple[str, str]:
    """Return the status of one gate and the sentence for it."""
    value, name = measurement.value, measurement.gate
    if measurement.status != "measured" or value is None or not math.isfinite(value):
        return "not_run", f"{name} could not be measured: {measurement.detail or 'it gave no number'}"
    rows = f" ({measurement.rows_failed} of {measurement.rows_checked} rows)" if measurement.rows_failed else ""
    asked = "asked" if limit.maximum is None else "allowed"
    sentence = f"{name} is {shown(value, measurement.unit)}{rows}, {limit.text(measurement.unit)} {asked}"
    if limit.holds(value):
        return "pass", sentence
    return ("fail" if limit.level == "block" else "warn"), sentence
