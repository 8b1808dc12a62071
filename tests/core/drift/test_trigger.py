from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from retune.core.drift.trigger import Action, Window, decide
from retune.core.params.monitor import TriggerParams

START = datetime(2026, 3, 2, tzinfo=UTC)
POLICY = TriggerParams(windows=2, of=5, cooldown_hours=24, runs_per_day=1)


def windows(verdicts: str, *, source: str = "documents", every: timedelta = timedelta(days=2)) -> list[Window]:
    """Return windows from a word: d for drift, s for steady, n for not enough data."""
    names = {"d": "drift", "s": "steady", "n": "not enough data"}
    return [Window(source, START + place * every, names[one]) for place, one in enumerate(verdicts)]


def asked(verdicts: str, triggers: tuple[datetime, ...] = ()) -> Action:
    return decide(windows(verdicts), triggers, START + timedelta(days=30), POLICY)


@pytest.mark.case("DR-4")
def test_one_of_five_windows_starts_nothing_and_two_of_five_start_one_training() -> None:
    assert not asked("ssdss").retrain
    action = asked("sdsds")
    assert (action.retrain, action.why) == (True, "2 of the last 5 windows of documents show drift")
    handled = START + timedelta(days=9)
    assert not asked("sdsds", (handled,)).retrain
    assert not asked("sdsdsd", (handled,)).retrain
    assert asked("sdsdsdd", (handled,)).retrain


def test_drift_that_is_too_long_ago_no_longer_counts() -> None:
    assert not asked("dsssssd").retrain
    assert asked("dsssd").retrain


def test_the_windows_of_one_source_say_nothing_about_the_other() -> None:
    mixed = windows("d") + windows("d", source="traffic")
    action = decide(mixed, (), START + timedelta(days=30), POLICY)
    assert not action.retrain
    assert "1 of the last 1 windows of traffic show drift" in action.why


@pytest.mark.case("DR-6")
def test_a_window_without_enough_data_starts_nothing_and_hides_nothing() -> None:
    assert not asked("nnnnn").retrain
    assert not asked("").retrain
    assert not asked("dnnnn").retrain
    assert asked("dnnnnnd").retrain


@pytest.mark.case("DR-5")
@pytest.mark.parametrize(
    ("runs_per_day", "cooldown_hours", "expected"), [(1, 0, 10), (3, 0, 30), (5, 24, 10), (0, 0, 0)]
)
def test_drift_every_hour_starts_at_most_the_trainings_of_the_budget(
    runs_per_day: int, cooldown_hours: float, expected: int
) -> None:
    policy = TriggerParams(windows=2, of=5, cooldown_hours=cooldown_hours, runs_per_day=runs_per_day)
    seen: list[Window] = []
    triggers: list[datetime] = []
    for hour in range(240):
        now = START + timedelta(hours=hour)
        seen.append(Window("documents", now, "drift"))
        if decide(seen, triggers, now, policy).retrain:
            triggers.append(now)
    assert len(triggers) == expected
    for one in triggers:
        within = [other for other in triggers if one <= other < one + timedelta(hours=24)]
        assert len(within) <= runs_per_day


def test_what_holds_a_training_back_is_said() -> None:
    now = START + timedelta(hours=10)
    drifting = windows("dddd", every=timedelta(hours=2))
    assert "1 of 1 trainings in 24 hours" in decide(drifting, (START,), now, POLICY).why
    two = POLICY.model_copy(update={"runs_per_day": 2})
    assert "the cool-down lasts until 2026-03-03T00:00+00:00" in decide(drifting, (START,), now, two).why


def test_more_windows_than_are_looked_at_are_refused() -> None:
    with pytest.raises(ValidationError, match="must not be more"):
        TriggerParams(windows=6, of=5, cooldown_hours=0, runs_per_day=1)
