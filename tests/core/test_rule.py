from typing import Any

import pytest

from retune.core.params.release import ReleaseParams
from retune.core.rule import Cause, Champion, Rule, holding, policy_sha256
from tests.core.test_decision import POLICY

SOUND = Champion("3", age_days=20, withdrawn="", drift="")
DRIFTED = Champion("3", age_days=20, withdrawn="", drift="documents: topics moved")


def policy(**changes: Any) -> ReleaseParams:
    return POLICY.model_copy(update=changes)


@pytest.mark.parametrize(
    ("cause", "champion", "expected"),
    [
        ("by hand", SOUND, ("improve", "settings")),
        ("schedule", DRIFTED, ("improve", "settings")),
        ("drift", SOUND, ("improve", "settings")),
        ("drift", DRIFTED, ("replace", "drift")),
        ("drift", None, ("improve", "settings")),
        ("schedule", Champion("3", 366, "", ""), ("replace", "age")),
        ("by hand", Champion("3", 20, "an erased document", ""), ("replace", "withdrawn")),
    ],
)
def test_a_gain_is_asked_unless_a_recorded_ground_lifts_it(
    cause: Cause, champion: Champion | None, expected: tuple[str, str]
) -> None:
    rule = holding(POLICY, cause, champion)
    assert (rule.policy, rule.ground) == expected


def test_the_ground_is_said_and_so_is_a_cause_without_a_record() -> None:
    assert "topics moved" in holding(POLICY, "drift", DRIFTED).why
    assert "no window that was acted on" in holding(POLICY, "drift", SOUND).why
    assert holding(POLICY, "by hand", SOUND).why == ""


def test_what_holds_after_drift_is_a_setting() -> None:
    assert holding(policy(after_drift="improve"), "drift", DRIFTED).policy == "improve"
    assert holding(policy(policy="replace"), "by hand", SOUND) == Rule("replace", "settings")


def test_another_policy_or_ground_is_another_decision_and_a_cause_that_changes_nothing_is_not() -> None:
    causes: list[Cause] = ["by hand", "schedule", "drift"]
    rules = [holding(POLICY, cause, DRIFTED) for cause in causes]
    assert len({policy_sha256(POLICY, rule) for rule in rules}) == 2
    assert policy_sha256(POLICY, rules[0]) == policy_sha256(POLICY, rules[1])
    assert policy_sha256(POLICY, rules[0]) != policy_sha256(policy(alpha=0.01), rules[0])
    assert policy_sha256(POLICY, rules[2]) != policy_sha256(POLICY, Rule("replace", "age"))
