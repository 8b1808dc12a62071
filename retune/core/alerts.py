"""What people are told: each change of state once, and nothing of what never changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from retune.core.drift.finding import NOT_ENOUGH, STEADY
from retune.core.drift.trigger import Monitored
from retune.core.run_report import RunReport

WELL = "well"
QUIET = (WELL, STEADY, "none")  # no news where nothing else was told before
LONGEST_BODY = 3000
LONGEST_VALUE = 300


@dataclass(frozen=True)
class State:
    """How something stands: another `value` of the same `topic` is a change; `subject` and `body` tell it."""

    topic: str
    value: str
    subject: str
    body: str


def of_retrain(report: RunReport, asked: Sequence[str]) -> list[State]:
    """Return how the retraining of these models stands: whether it runs through, and who is champion."""
    states = [_failures("retrain", report, asked)]
    alerts = "; ".join(report.alerts)
    value = alerts[:LONGEST_VALUE] or "none"
    states.append(State(f"alerts of {' and '.join(asked)}", value, value, alerts))
    for row in report.models:
        why = "; ".join(row.reasons)
        subject = f"{row.model}: the champion is version {row.champion or 'none'}"
        states.append(State(f"champion of {row.model}", row.champion or "none", subject, why))
    return states


def of_monitor(found: Sequence[Monitored], report: RunReport, asked: Sequence[str]) -> list[State]:
    """Return how the monitoring of these models stands: whether it runs through, and what drifts.

    A window without enough data leaves the state as it was.
    """
    states = [_failures("monitor", report, asked)]
    for one in found:
        follows = "A training is asked for" if one.retrain else "No training is asked for"
        for window in one.windows:
            if window.verdict != NOT_ENOUGH:
                subject = f"{one.model}: {window.verdict} in {window.source} since version {one.version}"
                body = f"{window.why}\n{follows}: {one.why}\n{window.run_url}"
                states.append(State(f"{window.source} of {one.model}", window.verdict, subject, body))
    return states


def news(states: Sequence[State], told: Mapping[str, str]) -> list[State]:
    """Return the states of which nobody was told yet; what was well from the beginning is no news."""
    unknown = {state.topic: state.value for state in states if state.value in QUIET}
    return [state for state in states if state.value != {**unknown, **told}.get(state.topic)]


def _failures(flow: str, report: RunReport, asked: Sequence[str]) -> State:
    """Return whether a flow over these models runs through, and what stops it."""
    topic = f"{flow} of {' and '.join(asked)}"
    if not report.failures:
        return State(topic, WELL, f"{topic} runs through again", "")
    stopped = sorted({f"{item['where']} ({item['exit_code']})" for item in report.failures})
    lines = [f"{item['where']}: {reason}" for item in report.failures for reason in item["reasons"]]
    body = "\n".join([*report.alerts, *lines, *report.links.values()])
    return State(topic, ", ".join(stopped), f"{topic} stopped: {', '.join(stopped)}", body[:LONGEST_BODY])
