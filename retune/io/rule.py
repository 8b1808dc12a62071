"""Which rule holds for a decision, by what MLflow knows of the champion: its age, a withdrawal, a recorded drift."""

from __future__ import annotations

from datetime import UTC, datetime

from retune.core import rule
from retune.core.params.release import ReleaseParams
from retune.core.rule import Cause, Champion, Rule
from retune.io.registry import CHAMPION, MODEL, WHY, WITHDRAWN, Registry
from retune.io.tracking import KIND, VERSION, Tracking

# on the run of a window of the monitor
WINDOW, VERDICT, SOURCE, TRIGGERED = "window", "retune.verdict", "retune.source", "retune.triggered"
STEADY = "steady"


def holding(tracking: Tracking, registry: Registry, params: ReleaseParams, cause: Cause, now: datetime) -> Rule:
    """Return the rule that holds for a decision of a run with this cause."""
    version = registry.version(registry.aliases().get(CHAMPION, "0"))
    if version is None:
        return rule.holding(params, cause, None)
    created = datetime.fromtimestamp(version.created / 1000, UTC)
    champion = Champion(
        version=version.number,
        age_days=(now - created).total_seconds() / 86400,
        withdrawn=version.tags.get(WITHDRAWN, ""),
        drift=standing_drift(tracking, registry.name, version.number) if cause == "drift" else "",
    )
    return rule.holding(params, cause, champion)


def standing_drift(tracking: Tracking, model: str, version: str) -> str:
    """Return what the window said by which a drift of this version was acted on, empty where no drift stands.

    It stands until a later window of the same source was steady.
    """
    over: set[str] = set()
    for window in tracking.finished({KIND: WINDOW, MODEL: model, VERSION: version}):
        said, source = window.data.tags, window.data.tags.get(SOURCE, "")
        if said.get(VERDICT) == STEADY:
            over.add(source)
        elif said.get(TRIGGERED) and source not in over:
            return f"{source}: {said.get(WHY, '')}"
    return ""
