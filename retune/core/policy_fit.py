"""Whether a release policy asks for what models of a task type can show: an unknown name would stop every release."""

from __future__ import annotations

from collections.abc import Sequence

from retune.core import scoring
from retune.core.params.release import ReleaseParams

WRITTEN = ("text", "nothing")
ASKS = {  # a setting of the release, and the targets of which it can be measured
    "calibration": ("label", "labels", "entities", "answers"),
    "general_loss": WRITTEN,
    "refusals": ("text", "answers"),
    "judge": ("text",),
    "verbatim": WRITTEN,
    "personal_data": WRITTEN,
    "memorisation": ("label", *WRITTEN),
    "membership": ("label", *WRITTEN),
}


def misfits(
    policy: ReleaseParams, target: str, metrics: Sequence[str], primary: str, floors: Sequence[str]
) -> list[str]:
    """Return what a policy asks for that models of such a task type do not show, each as a person reads it."""
    unknown = {"thresholds": (sorted(policy.thresholds), metrics), "floors": (policy.floors, floors)}
    found = [
        f"release.{setting} names {name}; there is {', '.join(known) or 'none'}"
        for setting, (names, known) in unknown.items()
        for name in names
        if name not in known
    ]
    limits = {f"thresholds.{name}": (name, limit) for name, limit in policy.thresholds.items() if name in metrics}
    limits |= {f"slices.least.{column}": (primary, limit) for column, limit in policy.slices.least.items()}
    found += [
        f"release.{setting} is {limit:g}, and {name} runs from 0 to 1"
        for setting, (name, limit) in limits.items()
        if limit > 1 and scoring.is_share(name)
    ]
    asked = [name for name in ASKS if getattr(policy, name) not in (None, False)]
    return found + [
        f"release.{name} cannot be measured of answers of this kind" for name in asked if target not in ASKS[name]
    ]
