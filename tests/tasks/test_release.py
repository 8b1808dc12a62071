"""The champion moves on evidence alone, once, and a person can move it back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from retune.core.errors import GateError, UserError
from retune.core.frames import ROWS
from retune.core.params.release import ReleaseParams
from retune.core.rule import Cause
from retune.core.run_report import ModelRow
from retune.io.files import read_frame, write_frame
from retune.io.mlflow_store import default_uri
from retune.io.registry import (
    CHALLENGER,
    CHAMPION,
    KEPT,
    PREVIOUS,
    PROMOTED,
    REFUSED,
    ROLLED_BACK,
    WITHDRAWN,
    Registry,
)
from retune.io.tracking import KIND, Tracking
from retune.project import read_project
from tasks.promote import promote
from tasks.release import release
from tasks.rollback import rollback
from tasks.track import track, unsettled
from tests.toy_checkout import MODEL, ROWS_IN_TEST, train_toy, use_release

pytestmark = pytest.mark.usefixtures("reload_here")
WEAK, STRONG = "billing", "access"  # what a model that always answers so has right: 2 and 22 of 24 test rows


@pytest.fixture
def registry(checkout: Path) -> Registry:
    return Registry(default_uri(checkout), MODEL)


def policy(checkout: Path) -> ReleaseParams:
    return read_project(checkout).models[MODEL].release


def decide(checkout: Path, cause: Cause = "by hand", days_later: int = 0) -> ModelRow:
    now = datetime.now(UTC) + timedelta(days=days_later)
    return release(root=checkout, model=MODEL, params=policy(checkout), cause=cause, now=now)


def is_open(checkout: Path, cause: Cause = "by hand", days_later: int = 0) -> bool:
    return unsettled(checkout, MODEL, cause, datetime.now(UTC) + timedelta(days=days_later))


def record_window(checkout: Path, version: str, verdict: str, *, source: str = "documents", acted_on: bool) -> None:
    """Record a window as the monitor does."""
    client, experiment = Tracking(default_uri(checkout)).client, Tracking(default_uri(checkout)).experiment
    tags = {KIND: "window", "retune.model": MODEL, "retune.version": version, "retune.source": source}
    tags |= {"retune.verdict": verdict, "retune.why": "topics moved"}
    tags |= {"retune.triggered": "2026-11-01T06:00:00+00:00"} if acted_on else {}
    client.set_terminated(client.create_run(experiment, tags=tags).info.run_id)


def run(checkout: Path, base: Path, seed: int, *, right: int = ROWS_IN_TEST, answers: str = WEAK) -> ModelRow:
    train_toy(checkout, base, seed=seed, right=right, answers=answers, strength=float(seed))
    track(root=checkout, model=MODEL)
    return decide(checkout)


@pytest.mark.case("RG-1")
def test_the_first_sound_model_is_promoted_and_a_better_one_replaces_it(
    checkout: Path, tiny_base: Path, registry: Registry
) -> None:
    first = run(checkout, tiny_base, 1)
    assert (first.version, first.champion, first.promoted) == ("1", "1", True)
    second = run(checkout, tiny_base, 2)
    assert (second.version, second.champion, second.promoted) == ("2", "2", True)
    assert registry.aliases() == {CHAMPION: "2", PREVIOUS: "1"}
    version = registry.version("2")
    assert version is not None
    assert version.tags["retune.decision"] == PROMOTED
    assert "22 won, 0 lost" in version.tags["retune.check.champion_better"]
    assert any("would show on these 24 test rows" in reason for reason in second.reasons)


def test_a_first_model_below_its_threshold_is_refused_at_every_run_and_recorded_once(
    checkout: Path, tiny_base: Path, registry: Registry
) -> None:
    train_toy(checkout, tiny_base, seed=1, right=18)
    track(root=checkout, model=MODEL)
    for _ in range(2):
        with pytest.raises(GateError, match=r"threshold_accuracy: accuracy 0\.750, at least 0\.850"):
            decide(checkout)
        assert is_open(checkout)
    assert registry.aliases() == {CHALLENGER: "1"}
    assert [one.outcome for one in registry.decisions()] == [REFUSED]


def test_a_challenger_that_is_not_better_leaves_the_champion_and_is_no_failure(
    checkout: Path, tiny_base: Path, registry: Registry
) -> None:
    run(checkout, tiny_base, 1, answers=STRONG)
    row = run(checkout, tiny_base, 2)
    assert (row.champion, row.promoted) == ("1", False)
    assert any("2 won, 0 lost, exact McNemar p = 0.5" in reason for reason in row.reasons)
    assert registry.aliases() == {CHAMPION: "1", CHALLENGER: "2"}
    assert [one.outcome for one in registry.decisions()] == [KEPT, PROMOTED]
    assert not is_open(checkout)


def test_deciding_again_on_the_same_evidence_adds_nothing(checkout: Path, tiny_base: Path, registry: Registry) -> None:
    run(checkout, tiny_base, 1, answers=STRONG)
    run(checkout, tiny_base, 2)
    tracking = Tracking(default_uri(checkout))
    runs = len(tracking.client.search_runs([tracking.experiment, tracking.decisions]))
    assert decide(checkout) == decide(checkout)
    assert len(tracking.client.search_runs([tracking.experiment, tracking.decisions])) == runs


def test_the_champions_answers_are_kept_without_text_and_asked_again_only_for_other_rows(
    checkout: Path, tiny_base: Path, tmp_path: Path
) -> None:
    run(checkout, tiny_base, 1, answers=STRONG)
    run(checkout, tiny_base, 2)
    run(checkout, tiny_base, 3)
    tracking = Tracking(default_uri(checkout))
    kept = tracking.client.search_runs([tracking.experiment], f"tags.`{KIND}` = 'answers'")
    assert len(kept) == 1
    answers = pd.read_parquet(tracking.client.download_artifacts(kept[0].info.run_id, "answers.parquet", str(tmp_path)))
    assert list(answers) == ["example_id", "prediction", "confidence"]
    assert set(answers["prediction"]) == {"access"}


@pytest.mark.case("EV-9")
def test_scores_of_other_test_rows_than_the_present_ones_are_refused(
    checkout: Path, tiny_base: Path, registry: Registry
) -> None:
    run(checkout, tiny_base, 1)
    train_toy(checkout, tiny_base, seed=2, answers=WEAK, strength=2.0)
    track(root=checkout, model=MODEL)
    test = checkout / "artifacts" / "models" / MODEL / "split" / "test.parquet"
    write_frame(test, read_frame(test).iloc[1:], ROWS)
    with pytest.raises(GateError, match="same_test_rows"):
        decide(checkout)
    assert registry.aliases()[CHAMPION] == "1"


def test_rolling_back_moves_to_the_previous_champion_and_twice_is_once(
    checkout: Path, tiny_base: Path, registry: Registry
) -> None:
    run(checkout, tiny_base, 1)
    run(checkout, tiny_base, 2)
    first = rollback(root=checkout, model=MODEL, reason="wrong queue")
    again = rollback(root=checkout, model=MODEL, reason="wrong queue")
    assert (first.outcome, first.before, first.after, first.why) == (ROLLED_BACK, "2", "1", "wrong queue")
    assert again.run_id == first.run_id
    assert registry.aliases() == {CHAMPION: "1"}
    with pytest.raises(UserError, match="previous none"):
        rollback(root=checkout, model=MODEL, reason="another")


def test_after_a_rollback_the_pipeline_does_not_promote_the_same_model_again_but_a_person_can(
    checkout: Path, tiny_base: Path, registry: Registry
) -> None:
    run(checkout, tiny_base, 1)
    run(checkout, tiny_base, 2)
    rollback(root=checkout, model=MODEL, reason="wrong queue")
    row = decide(checkout)
    assert (row.champion, row.promoted) == ("1", False)
    assert any("wrong queue" in reason for reason in row.reasons)
    assert not is_open(checkout)
    made = promote(root=checkout, model=MODEL, version="2", reason="it was the queue")
    assert (made.outcome, made.why, registry.aliases()) == (
        PROMOTED,
        "it was the queue",
        {CHAMPION: "2", PREVIOUS: "1"},
    )
    assert promote(root=checkout, model=MODEL, version="2", reason="again").run_id == made.run_id


def test_a_person_cannot_promote_what_no_evidence_supports(checkout: Path, tiny_base: Path, registry: Registry) -> None:
    run(checkout, tiny_base, 1, answers=STRONG)
    run(checkout, tiny_base, 2)
    with pytest.raises(GateError, match="kept against version 1"):
        promote(root=checkout, model=MODEL, version="", reason="I like it")
    train_toy(checkout, tiny_base, seed=3, strength=3.0)
    track(root=checkout, model=MODEL)
    with pytest.raises(GateError, match="no decision on it is recorded"):
        promote(root=checkout, model=MODEL, version="3", reason="I like it")
    with pytest.raises(UserError, match="found no version 99"):
        promote(root=checkout, model=MODEL, version="99", reason="I like it")
    assert registry.aliases()[CHAMPION] == "1"


def test_evidence_against_an_earlier_champion_supports_nothing_against_the_present_one(
    checkout: Path, tiny_base: Path, registry: Registry
) -> None:
    run(checkout, tiny_base, 1)
    run(checkout, tiny_base, 2)
    run(checkout, tiny_base, 3)
    with pytest.raises(GateError, match="promoted against version 1"):
        promote(root=checkout, model=MODEL, version="2", reason="it was fine")
    assert registry.aliases()[CHAMPION] == "3"


def test_a_champion_whose_version_is_gone_is_chosen_by_a_person(
    checkout: Path, tiny_base: Path, registry: Registry
) -> None:
    run(checkout, tiny_base, 1)
    run(checkout, tiny_base, 2)
    registry.client.delete_model_version(MODEL, "2")
    train_toy(checkout, tiny_base, seed=3, strength=3.0)
    track(root=checkout, model=MODEL)
    with pytest.raises(UserError, match="the alias is gone"):
        decide(checkout)
    promote(root=checkout, model=MODEL, version="1", reason="the last one that was good")
    assert registry.aliases()[CHAMPION] == "1"


def test_a_release_without_a_registered_model_says_what_to_do(checkout: Path, tiny_base: Path) -> None:
    train_toy(checkout, tiny_base, seed=1)
    with pytest.raises(UserError, match="make pipeline"):
        decide(checkout)


@pytest.fixture
def not_better(checkout: Path, tiny_base: Path) -> Path:
    """Return a checkout whose candidate, version 2, is as good as champion 1 but not shown to be better."""
    use_release(checkout, margin=0.1, recent_minimum_rows=1000)
    run(checkout, tiny_base, 1, answers=STRONG)
    train_toy(checkout, tiny_base, seed=2, answers=WEAK, strength=2.0)
    track(root=checkout, model=MODEL)
    return checkout


def test_after_a_recorded_drift_a_model_that_is_no_worse_takes_the_champions_place(
    not_better: Path, registry: Registry
) -> None:
    assert not decide(not_better).promoted
    record_window(not_better, "1", "drift", acted_on=True)
    assert is_open(not_better, "drift"), "what was refused under another rule is to be asked again"
    row = decide(not_better, "drift")
    assert row.promoted
    assert any("topics moved" in reason for reason in row.reasons)
    assert [one.outcome for one in registry.decisions()] == [PROMOTED, KEPT, PROMOTED]
    assert decide(not_better, "drift").champion == "2"
    assert len(registry.decisions()) == 3


def test_the_word_drift_buys_nothing(not_better: Path, registry: Registry) -> None:
    decide(not_better)
    windows = [("1", "drift", False), ("7", "drift", True), ("1", "drift", True), ("1", "steady", False)]
    for recorded in ([], windows[:2], windows[2:]):  # none; not acted on, or another champion's; one that is over
        for version, verdict, acted_on in recorded:
            record_window(not_better, version, verdict, acted_on=acted_on)
        row = decide(not_better, "drift")
        assert (row.champion, row.promoted) == ("1", False)
        assert any("no window that was acted on" in reason for reason in row.reasons)
        assert len(registry.decisions()) == 2, "the same rule on the same evidence is one decision"
        assert not is_open(not_better, "drift")


def test_a_drift_of_one_source_is_not_ended_by_another(not_better: Path) -> None:
    record_window(not_better, "1", "drift", acted_on=True)
    record_window(not_better, "1", "steady", source="traffic", acted_on=False)
    record_window(not_better, "1", "not enough data", acted_on=False)
    assert decide(not_better, "drift").promoted


@pytest.mark.parametrize(("withdrawn", "days_later"), [("an erased document", 0), ("", 366)])
def test_a_champion_that_was_withdrawn_or_is_too_old_is_replaced_without_a_gain(
    not_better: Path, registry: Registry, withdrawn: str, days_later: int
) -> None:
    decide(not_better)
    if withdrawn:
        registry.tag("1", {WITHDRAWN: withdrawn})
    assert is_open(not_better, days_later=days_later)
    row = decide(not_better, days_later=days_later)
    assert row.promoted
    assert any((withdrawn or "older than 365 days") in reason for reason in row.reasons)


@pytest.mark.case("DR-7")
def test_drift_whose_challenger_fails_the_gate_leaves_the_champion_and_says_both(
    checkout: Path, tiny_base: Path, registry: Registry
) -> None:
    use_release(checkout, margin=0.1)
    run(checkout, tiny_base, 1, answers=STRONG)
    record_window(checkout, "1", "drift", acted_on=True)
    train_toy(checkout, tiny_base, seed=2, right=18, answers=WEAK)
    track(root=checkout, model=MODEL)
    with pytest.raises(GateError) as raised:
        decide(checkout, "drift")
    assert registry.aliases()[CHAMPION] == "1"
    said = str(raised.value)
    assert "drift was recorded for champion version 1: documents: topics moved" in said
    assert "accuracy 0.750, at least 0.850 asked" in said
    assert "the champion stays version 1" in said


def test_a_replacement_is_compared_on_the_recent_rows(checkout: Path, tiny_base: Path, registry: Registry) -> None:
    use_release(checkout, policy="replace", margin=0.1, recent_days=40, recent_minimum_rows=4)
    run(checkout, tiny_base, 1)
    run(checkout, tiny_base, 2)
    version = registry.version("2")
    assert version is not None
    assert "on 4 rows since 2025-10-22: 4 won, 0 lost" in version.tags["retune.check.champion_not_worse"]


def test_who_went_back_from_a_version_is_not_overruled_by_another_cause(not_better: Path, registry: Registry) -> None:
    record_window(not_better, "1", "drift", acted_on=True)
    assert decide(not_better, "drift").promoted
    rollback(root=not_better, model=MODEL, reason="wrong queue")
    causes: list[Cause] = ["drift", "by hand"]
    for cause in causes:
        assert not is_open(not_better, cause)
        row = decide(not_better, cause)
        assert (row.champion, row.promoted) == ("1", False)
        assert any("wrong queue" in reason for reason in row.reasons)
    assert promote(root=not_better, model=MODEL, version="2", reason="it was the queue").after == "2"
