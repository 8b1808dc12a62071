"""Prompts and completions: each check sees what the repairs before it have left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

from retune.core.parts import load_all
from retune.core.prepare import pair_checks
from retune.core.prepare.findings import ERROR, NECESSARY, RECOMMENDED, Drop, Finding, Transform
from retune.core.prepare.pair_checks import data_type
from retune.core.prepare.sheet import Measure, Row, Sheet, kind_of

Accept = Callable[[str, Finding], bool]
"""Whether what is recommended is to be done: the name of the check, and what it found."""


@dataclass(frozen=True)
class Said:
    """A finding, the check that it is from, and whether its repair was done."""

    check: str
    finding: Finding
    applied: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        one = self.finding
        known = {"check": self.check, "level": one.level, "message": one.message, "rows": list(one.rows)}
        return {**known, "applied": self.applied, **one.facts}


@dataclass(frozen=True)
class Checked:
    """What all checks said, the rows that stand, and the changes in the order in which they were made."""

    sheet: Sheet
    said: tuple[Said, ...] = ()
    transforms: tuple[Transform, ...] = ()
    removed: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def error(self) -> str:
        """Return why the file cannot be trained on; nothing where it can."""
        return "; ".join(one.finding.message for one in self.said if one.finding.level == ERROR)


def checks() -> dict[str, ModuleType]:
    """Return all checks by name, in their order."""
    found = load_all(pair_checks.__name__)
    return dict(sorted(found.items(), key=lambda item: item[1].ORDER))


def check(values: Sequence[Any], measure: Measure, accept: Accept) -> Checked:
    """Run all checks, repairing what is necessary and what is accepted; the first error ends it."""
    done = Checked(Sheet(tuple(Row(number, value) for number, value in enumerate(values)), measure))
    for name, part in checks().items():
        if part.ORDER >= data_type.ORDER and not done.sheet.kind:
            done = replace(done, sheet=replace(done.sheet, kind=kind_of(done.sheet)))
        for finding in part.look(done.sheet):
            done = _taken_in(done, name, finding, accept)
        if done.error:
            return done
    gone = sum(map(len, done.removed.values()))
    if len(values) != len(done.sheet.rows) + gone:
        raise RuntimeError(f"{len(values)} rows came, {len(done.sheet.rows)} stand and {gone} were left out")
    return done


def _taken_in(done: Checked, name: str, finding: Finding, accept: Accept) -> Checked:
    """Return the state after a finding, with its repair where that is to be done."""
    wanted = finding.level == NECESSARY or (finding.level == RECOMMENDED and accept(name, finding))
    repair = finding.repair if wanted else None
    done = replace(done, said=(*done.said, Said(name, finding, applied=repair is not None)))
    if repair is None:
        return done
    if isinstance(repair, Transform):
        done = replace(done, transforms=(*done.transforms, repair))
    if isinstance(repair, Drop):
        done = replace(done, removed={**done.removed, name: repair.rows})
    return replace(done, sheet=done.sheet.repaired(repair))
