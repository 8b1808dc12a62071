"""Whether drift starts a training: m of n windows, a cool-down and a budget, over what is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from retune.core.drift.finding import DRIFT, NOT_ENOUGH
from retune.core.params.monitor import TriggerParams

DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Window:
    """One window of a source, as it was recorded."""

    source: str  # documents | traffic
    at: datetime
    verdict: str


@dataclass(frozen=True)
class Action:
    """What follows from the windows, and why."""

    retrain: bool
    why: str


@dataclass(frozen=True)
class Measured:
    """A window as it was measured and recorded now, or earlier if nothing changed since."""

    source: str
    verdict: str
    why: str
    rows: int
    run_id: str
    run_url: str


@dataclass(frozen=True)
class Monitored:
    """What the monitor of a model found, and whether a training starts; `asked_by` is the run that asks for it."""

    model: str
    version: str  # of the champion, empty where there is none
    windows: tuple[Measured, ...]
    retrain: bool
    why: str
    asked_by: str = ""


def decide(windows: Sequence[Window], triggers: Sequence[datetime], now: datetime, policy: TriggerParams) -> Action:
    """Return whether a training starts now.

    `windows` are those of the present champion, `triggers` the times of all trainings that drift started. A window
    counts once: those up to the last trigger have had their training. One without enough data counts neither way.
    """
    last = max(triggers, default=None)
    counted = [one for one in windows if one.verdict != NOT_ENOUGH and (last is None or one.at > last)]
    tallies = {source: _tally(counted, source, policy.of) for source in sorted({one.source for one in counted})}
    drifted = {source: tally for source, tally in tallies.items() if tally[0] >= policy.windows}
    said = ", ".join(
        f"{hits} of the last {of} windows of {source} show drift" for source, (hits, of) in tallies.items()
    )
    if not drifted:
        return Action(
            False, f"{said or 'no window with enough data yet'}; {policy.windows} of {policy.of} start a training"
        )
    held = _held_back(triggers, now, policy)
    return Action(not held, f"{said}; {held}" if held else said)


def _tally(windows: Sequence[Window], source: str, most: int) -> tuple[int, int]:
    """Return how many of the newest windows of a source show drift, and how many there are."""
    newest = sorted((one for one in windows if one.source == source), key=lambda one: one.at)[-most:]
    return sum(one.verdict == DRIFT for one in newest), len(newest)


def _held_back(triggers: Sequence[datetime], now: datetime, policy: TriggerParams) -> str:
    """Return why a training that drift asks for may not start now, empty where it may."""
    today = [one for one in triggers if one > now - DAY]
    if len(today) >= policy.runs_per_day:
        return f"but {len(today)} of {policy.runs_per_day} trainings in 24 hours are used up"
    free = max(triggers, default=now - DAY) + timedelta(hours=policy.cooldown_hours)
    if triggers and now < free:
        return f"but the cool-down lasts until {free.isoformat(timespec='minutes')}"
    return ""
