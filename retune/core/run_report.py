"""What one execution did, in values: its stages, its models, its reasons, and the exit code they come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from retune.core.errors import EXIT_FAILURE, EXIT_GATE, EXIT_SUCCESS, EXIT_WAITING, GateError, RetuneError

CACHED, RAN, REFUSED, FAILED, NOT_REACHED = "cached", "ran", "refused", "failed", "not reached"


@dataclass(frozen=True)
class StageRow:
    """One stage: what became of it, what went in and what came out."""

    stage: str
    state: str
    seconds: float = 0.0
    unit: str = ""
    rows_in: int | None = None
    rows_out: int | None = None
    rejected: int = 0
    quarantined: int = 0
    verdict: str = ""


@dataclass(frozen=True)
class ModelRow:
    """One model: its version, its scores, and which version is champion and why."""

    model: str
    version: str
    champion: str
    promoted: bool
    reasons: tuple[str, ...]
    scores: dict[str, Any] = field(default_factory=dict)
    note: str = ""  # what a person should know of its data


@dataclass
class RunReport:
    """The whole of an execution; it grows while the execution goes on."""

    stages: list[StageRow] = field(default_factory=list)
    models: list[ModelRow] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def fail(self, where: str, error: RetuneError) -> None:
        """Keep an error with the place where it happened and the exit code that it stands for."""
        reasons = error.reasons if isinstance(error, GateError) else [str(error)]
        self.failures.append({"where": where, "exit_code": error.exit_code, "reasons": reasons})

    def alert(self, model: str, reasons: Sequence[str]) -> None:
        """Keep that a run which drift started left a model as it was, and why: people are to know both."""
        self.alerts.append(
            f"{model}: drift started this run, and it did not bring a new champion: {'; '.join(reasons)}"
        )

    @property
    def exit_code(self) -> int:
        """Return the exit code: a gate's no only where nothing worse happened, waiting only where nothing else did."""
        codes = {failure["exit_code"] for failure in self.failures}
        if codes <= {EXIT_GATE, EXIT_WAITING}:
            return min(codes, default=EXIT_SUCCESS)
        return max(codes - {EXIT_GATE, EXIT_WAITING}) or EXIT_FAILURE

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values for a JSON file."""
        return {**asdict(self), "exit_code": self.exit_code}


def report_of(value: dict[str, Any]) -> RunReport:
    """Return the report that `as_dict` wrote."""
    return RunReport(
        stages=[StageRow(**row) for row in value["stages"]],
        models=[ModelRow(**{**row, "reasons": tuple(row["reasons"])}) for row in value["models"]],
        failures=value["failures"],
        alerts=value["alerts"],
        links=value["links"],
        seconds=value["seconds"],
    )
