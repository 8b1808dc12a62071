"""What an examination of an installation says: each check with what was found, and what to do where it is not well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from retune.core.errors import EXIT_FAILURE, EXIT_SUCCESS, EXIT_USAGE, RetuneError, UnavailableError, UserError
from retune.core.params.machine import MachineParams

Condition = Literal["well", "warning", "fault", "unreachable"]


@dataclass(frozen=True)
class Look:
    """What the checks look at: the checkout, the settings that say what it needs, and its MLflow."""

    root: str
    tracking_uri: str
    experiment: str
    models: tuple[str, ...]
    machine: MachineParams
    traffic_uri: str


@dataclass(frozen=True)
class Finding:
    """What one check found; a warning stops nothing, a fault and a server that is away stop a run."""

    condition: Condition
    found: str
    todo: str = ""


@dataclass(frozen=True)
class Examined:
    """A finding under the name of its check."""

    check: str
    finding: Finding


def exit_code(examined: Sequence[Examined]) -> int:
    """Return 1 where a server does not answer, else 2 where something is at fault, else 0."""
    found = {one.finding.condition for one in examined}
    if "unreachable" in found:
        return EXIT_FAILURE
    return EXIT_USAGE if "fault" in found else EXIT_SUCCESS


def stopping(examined: Sequence[Examined]) -> RetuneError | None:
    """Return the error that stops a run, with all that is wrong in it; None where nothing does."""
    wrong = [one for one in examined if one.finding.condition in ("fault", "unreachable")]
    if not wrong:
        return None
    told = [f"{one.check.replace('_', ' ')}: {one.finding.found}. {one.finding.todo}".rstrip() for one in wrong]
    if exit_code(wrong) == EXIT_FAILURE:
        return UnavailableError("; ".join(told))
    found = "; ".join(told)
    return UserError(expected="all that a run needs", found=found, todo="`retune doctor` asks for all of it again.")
