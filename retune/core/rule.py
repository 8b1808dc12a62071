"""What the champion asks of a candidate: a gain that is shown, or only that nothing is lost; and on what ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from retune.core.fingerprint import sha256_of
from retune.core.params.release import Policy, ReleaseParams

Cause = Literal["by hand", "schedule", "drift"]
Ground = Literal["settings", "drift", "withdrawn", "age"]


@dataclass(frozen=True)
class Champion:
    """What is known of the version that is champion."""

    version: str
    age_days: float  # since it was registered
    withdrawn: str  # why it was withdrawn, empty where it was not
    drift: str  # what the window said by which its drift was acted on, empty where no such drift stands


@dataclass(frozen=True)
class Rule:
    """The policy that holds for one decision, the ground on which it does, and that ground in words."""

    policy: Policy
    ground: Ground
    why: str = ""


def holding(params: ReleaseParams, cause: Cause, champion: Champion | None) -> Rule:
    """Return the rule for one decision.

    Nobody is bought by a word: `after_drift` holds only where the run names drift as its cause and a drift of this very
    champion stands recorded. Without the record, a candidate that was refused is held to the same rule again.
    """
    if champion is None:
        return Rule(params.policy, "settings")
    if champion.withdrawn:
        return Rule("replace", "withdrawn", f"champion version {champion.version} was withdrawn: {champion.withdrawn}")
    if champion.age_days > params.replace.champion_max_age_days:
        days = params.replace.champion_max_age_days
        return Rule("replace", "age", f"champion version {champion.version} is older than {days} days")
    if cause == "drift" and champion.drift:
        why = f"drift was recorded for champion version {champion.version}: {champion.drift}"
        return Rule(params.after_drift, "drift", why)
    unfounded = f"no window that was acted on shows a drift of champion version {champion.version} that still stands"
    return Rule(params.policy, "settings", unfounded if cause == "drift" else "")


def policy_sha256(params: ReleaseParams, rule: Rule) -> str:
    """Return the hash of what a decision followed: the settings, the policy that held and the ground it held on.

    Runs by hand and by schedule ask the same, so that the second finds the first one's decision.
    """
    return sha256_of([params.model_dump(), rule.policy, rule.ground])
