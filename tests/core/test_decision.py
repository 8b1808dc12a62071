import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from retune.core import contest, decision
from retune.core.decision import Decision
from retune.core.evidence import ChampionAnswers, Evidence, Gain, Recent
from retune.core.noise import Seeds
from retune.core.params.release import ApprovalParams, JudgeParams, ReleaseParams, ReplaceParams, SliceParams
from retune.core.rule import Rule
from retune.core.statistics import mcnemar_exact

ROOT = Path(__file__).parents[2]
POLICY = ReleaseParams(
    policy="improve",
    after_drift="replace",
    replace=ReplaceParams(margin=0.02, champion_max_age_days=365, recent_days=90, recent_minimum_rows=50),
    thresholds={"accuracy": 0.8, "macro_f1": 0.75},
    floors=["probe", "tfidf"],
    alpha=0.05,
    gain_of_interest=0.05,
    approval=ApprovalParams(required=False, by="second_person", days=14),
    slices=SliceParams(least={}, minimum_rows=20),
    behaviour=False,
    calibration=None,
    leakage=None,
    triggers=False,
    noise=False,
    retention=0.02,
    general_loss=None,
    memorisation=False,
    membership=None,
    judge=None,
    verbatim=None,
    personal_data=False,
    refusals=None,
)
IMPROVE, REPLACE = Rule("improve", "settings"), Rule("replace", "drift", "drift was recorded")
COMPARISONS = ["champion_better", "champion_not_worse"]
SAFEGUARDS = [
    "behaviour",
    "calibration",
    "leakage",
    "triggers",
    "retention",
    "general_loss",
    "memorisation",
    "membership",
    "verbatim",
    "personal_data",
    "refusals",
]
ALL_CHECKS = [
    "evidence_current",
    "evidence_complete",
    "same_test_rows",
    "same_evaluator",
    "threshold_accuracy",
    "threshold_macro_f1",
    "floor_probe",
    "floor_tfidf",
    *COMPARISONS,
    "noise",
    "judge",
    *SAFEGUARDS,
]


def metrics(accuracy: Any = 0.9, macro_f1: Any = 0.88, probe: Any = 0.85, tfidf: Any = 0.7) -> dict[str, Any]:
    return {
        "test_sha256": "rows-1",
        "test_rows": 200,
        "evaluator_sha256": "code-1",
        "model": {"accuracy": {"value": accuracy}, "macro_f1": {"value": macro_f1}},
        "floors": {"probe": {"macro_f1": {"value": probe}}, "tfidf": {"macro_f1": {"value": tfidf}}},
        "against": {"probe": {"b": 4, "c": 12, "p": 0.0768}, "tfidf": {"b": 5, "c": 40, "p": 0.0001}},
    }


FIRST = Evidence(metrics(), "rows-1", "code-1", champion_version=None, outdated=())
BETTER = replace(FIRST, champion_version="3", champion=ChampionAnswers("rows-1", "code-1", rows=200, b=5, c=15))


def decide(evidence: Evidence, policy: ReleaseParams, rule: Rule = IMPROVE) -> Decision:
    return decision.decide(evidence, policy, rule)


def not_passed(verdict: Decision) -> set[str]:
    """Return the checks that did not pass, but for those that this policy does not ask."""
    return {check.name for check in verdict.checks if check.status != "pass"} - {"noise", "judge", *SAFEGUARDS}


def status(verdict: Decision, name: str) -> str:
    return {check.name: check.status for check in verdict.checks}[name]


def detail(verdict: Decision, name: str) -> str:
    return {check.name: check.detail for check in verdict.checks}[name]


@pytest.mark.case("GT-1")
def test_a_better_model_is_promoted() -> None:
    verdict = decide(BETTER, POLICY)
    assert verdict.promote
    assert verdict.reasons == []
    assert not_passed(verdict) == {"champion_not_worse"}


@pytest.mark.case("GT-2", "EV-7")
@pytest.mark.parametrize(("b", "c"), [(0, 0), (10, 10)])
def test_a_tie_is_not_promoted(b: int, c: int) -> None:
    verdict = decide(replace(BETTER, champion=ChampionAnswers("rows-1", "code-1", 200, b, c)), POLICY)
    assert not verdict.promote
    assert status(verdict, "champion_better") == "fail"
    assert "p = 1.0000" in verdict.reasons[0]


def test_a_loss_that_the_test_shows_is_not_told_like_a_gain() -> None:
    verdict = decide(replace(BETTER, champion=ChampionAnswers("rows-1", "code-1", 200, b=9, c=1)), POLICY)
    (said,) = verdict.reasons
    assert said.endswith("1 won, 9 lost, exact McNemar p = 0.0215, more won than lost are asked")


@pytest.mark.case("EV-6")
@pytest.mark.parametrize(
    ("b", "c", "promote"), [(5, 15, True), (10, 20, False), (15, 5, False), (0, 5, False), (0, 6, True)]
)
def test_only_a_paired_gain_that_the_test_supports_is_promoted(b: int, c: int, promote: bool) -> None:
    verdict = decide(replace(BETTER, champion=ChampionAnswers("rows-1", "code-1", 200, b, c)), POLICY)
    assert verdict.promote is promote


@pytest.mark.case("GT-5")
@pytest.mark.parametrize("broken", [None, math.nan, math.inf, "0.9", True])
@pytest.mark.parametrize("name", ["accuracy", "macro_f1", "probe", "tfidf"])
def test_a_missing_score_is_not_promoted(name: str, broken: Any) -> None:
    verdict = decide(replace(BETTER, metrics=metrics(**{name: broken})), POLICY)
    assert not verdict.promote
    assert status(verdict, "evidence_complete") == "fail"


@pytest.mark.case("GT-5")
def test_a_champion_without_answers_stops_the_release() -> None:
    verdict = decide(replace(BETTER, champion=None), POLICY)
    assert not verdict.promote
    assert status(verdict, "champion_better") == "not_run"


@pytest.mark.case("GT-6")
def test_the_first_model_must_reach_the_thresholds_and_beat_the_floors() -> None:
    assert decide(FIRST, POLICY).promote
    for weak in (metrics(accuracy=0.79), metrics(macro_f1=0.74), metrics(probe=0.88), metrics(tfidf=0.95)):
        assert not decide(replace(FIRST, metrics=weak), POLICY).promote


@pytest.mark.case("EV-9")
@pytest.mark.parametrize("which", ["candidate", "champion", "today", "rows"])
def test_other_test_rows_are_refused(which: str) -> None:
    champion = BETTER.champion
    assert champion is not None
    changed = {
        "candidate": replace(BETTER, metrics=metrics() | {"test_sha256": "rows-0"}),
        "champion": replace(BETTER, champion=replace(champion, test_sha256="rows-0")),
        "today": replace(BETTER, test_sha256="rows-2"),
        "rows": replace(BETTER, champion=replace(champion, rows=199)),
    }[which]
    verdict = decide(changed, POLICY)
    assert not verdict.promote
    assert status(verdict, "same_test_rows") == "fail"
    assert status(verdict, "champion_better") == "not_run"


def test_answers_measured_by_another_evaluator_are_refused() -> None:
    assert not decide(replace(BETTER, evaluator_sha256="code-2"), POLICY).promote
    assert not decide(replace(FIRST, metrics=metrics() | {"evaluator_sha256": None}), POLICY).promote


@pytest.mark.case("GT-9")
def test_a_check_that_breaks_does_not_promote(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(b: int, c: int) -> float:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(contest, "mcnemar_exact", broken)
    verdict = decide(BETTER, POLICY)
    assert not verdict.promote
    assert "planted" in verdict.reasons[0]


@pytest.mark.case("GT-9")
@pytest.mark.parametrize("b", [-1, 201, None, "many"])
def test_impossible_answers_do_not_promote(b: Any) -> None:
    assert not decide(replace(BETTER, champion=ChampionAnswers("rows-1", "code-1", 200, b, 15)), POLICY).promote


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5000) | st.floats() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from([*metrics(), "value", "probe", "accuracy", "b"]), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.case("GT-9")
@settings(deadline=None)
@given(ANYTHING)
def test_evidence_of_any_shape_gets_an_answer_and_no_promotion(found: Any) -> None:
    verdict = decide(replace(BETTER, metrics=found), POLICY)
    assert not verdict.promote
    assert [check.name for check in verdict.checks] == ALL_CHECKS


@pytest.mark.case("GT-10")
@pytest.mark.parametrize(
    "change", [{"thresholds": {}}, {"floors": []}, {"alpha": 1.0}, {"thresholds": {"accuracy": 0}}]
)
def test_a_policy_that_stops_nothing_cannot_be_written(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ReleaseParams.model_validate(POLICY.model_dump() | change)


@pytest.mark.case("GT-10")
def test_the_settings_that_come_with_the_template_gate() -> None:
    for model in yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["models"].values():
        policy = ReleaseParams.model_validate(model["release"])
        assert set(policy.floors) == {"probe", "tfidf"}
        assert {"accuracy", "macro_f1"} <= set(policy.thresholds)
        assert not decide(replace(FIRST, metrics=metrics(0.3, 0.3, 0.2, 0.2)), policy).promote


ALIKE = replace(BETTER, champion=ChampionAnswers("rows-1", "code-1", rows=200, b=0, c=0))


def test_where_the_policy_is_to_replace_an_equal_model_is_promoted_and_a_worse_one_is_not() -> None:
    assert not decide(ALIKE, POLICY, IMPROVE).promote
    verdict = decide(ALIKE, POLICY, REPLACE)
    assert verdict.promote
    assert not_passed(verdict) == {"champion_better"}
    for b, c in ((3, 2), (5, 5), (15, 5)):
        worse = decide(replace(BETTER, champion=ChampionAnswers("rows-1", "code-1", 200, b, c)), POLICY, REPLACE)
        assert [status(worse, name) for name in COMPARISONS] == ["not_run", "fail"]
        assert f"{c} won, {b} lost, the gain is at least -" in worse.reasons[0]


@pytest.mark.case("GT-3")
def test_no_policy_buys_a_floor_or_a_threshold() -> None:
    for weak in (metrics(accuracy=0.79), metrics(probe=0.88), metrics(macro_f1=None), metrics() | {"test_sha256": "0"}):
        assert not decide(replace(ALIKE, metrics=weak), POLICY, REPLACE).promote
    assert not decide(replace(ALIKE, champion=None), POLICY, REPLACE).promote


def test_a_replacement_is_judged_on_the_recent_rows_where_there_are_enough() -> None:
    on_all = ChampionAnswers("rows-1", "code-1", rows=200, b=20, c=0)
    assert not decide(replace(BETTER, champion=on_all), POLICY, REPLACE).promote
    recent = replace(on_all, recent=Recent("2025-03-01", rows=150, b=0, c=0))
    verdict = decide(replace(BETTER, champion=recent), POLICY, REPLACE)
    assert verdict.promote
    assert "on 150 rows since 2025-03-01" in detail(verdict, "champion_not_worse")
    worse = replace(on_all, b=0, recent=Recent("2025-03-01", rows=150, b=9, c=0))
    assert not decide(replace(BETTER, champion=worse), POLICY, REPLACE).promote
    impossible = replace(on_all, recent=Recent("2025-03-01", rows=201, b=0, c=0))
    assert not decide(replace(BETTER, champion=impossible), POLICY, REPLACE).promote


def test_what_shows_a_gain_shows_no_loss() -> None:
    lenient = POLICY.model_copy(update={"alpha": 0.1})
    for b in range(30):
        for c in range(b + 1, 60):
            if mcnemar_exact(b, c) < 0.1:
                shown = replace(BETTER, champion=ChampionAnswers("rows-1", "code-1", 200, b, c))
                assert contest.champion_not_worse(shown, lenient, REPLACE).status == "pass", (b, c)


def test_rows_too_few_for_the_margin_are_named() -> None:
    few = replace(ALIKE, metrics=metrics() | {"test_rows": 60}, champion=ChampionAnswers("rows-1", "code-1", 60, 0, 0))
    verdict = decide(few, POLICY, REPLACE)
    assert not verdict.promote
    assert "60 rows can rule out a loss of 4.3 points or more, at best: too few for the margin of 2" in verdict.notes[0]
    assert "too few" not in decide(ALIKE, POLICY, REPLACE).notes[0]


@pytest.mark.case("GT-8")
@pytest.mark.parametrize("outdated", [("models.ticket-router.train",), ("split/test.parquet", "data"), None])
def test_evidence_older_than_the_settings_or_the_data_is_refused(outdated: tuple[str, ...] | None) -> None:
    verdict = decide(replace(BETTER, outdated=outdated), POLICY)
    assert not verdict.promote
    assert status(verdict, "evidence_current") != "pass"


NOISY = POLICY.model_copy(update={"noise": True})


def with_seeds(scores: tuple[float, ...], *, further: bool = False) -> Evidence:
    return replace(BETTER, seeds=Seeds("rows-1", 200, scores, further))


def test_a_gain_of_every_seed_is_more_than_noise() -> None:
    verdict = decide(with_seeds((0.9, 0.895, 0.905)), NOISY)  # the champion has 0.85
    assert verdict.promote
    assert "4 seeds gain +5.0 points in the mean" in detail(verdict, "noise")


@pytest.mark.case("GT-4")
def test_a_gain_inside_the_noise_is_uncertain_and_after_further_seeds_it_is_refused() -> None:
    unsure = decide(with_seeds((0.84, 0.87)), NOISY)
    assert (unsure.promote, unsure.uncertain, status(unsure, "noise")) == (False, True, "fail")
    still = decide(with_seeds((0.84, 0.87, 0.83, 0.86), further=True), NOISY)
    assert (still.promote, still.uncertain) == (False, False)
    assert "still uncertain with further seeds" in still.reasons[0]
    assert decide(with_seeds((0.89, 0.9, 0.91, 0.89), further=True), NOISY).promote


@pytest.mark.case("GT-4")
def test_a_drop_inside_the_noise_is_uncertain_where_the_champion_is_to_be_replaced() -> None:
    alike = ChampionAnswers("rows-1", "code-1", rows=200, b=0, c=0)
    drop = replace(with_seeds((0.88, 0.9)), champion=alike)
    assert decide(drop, POLICY, REPLACE).promote
    verdict = decide(drop, NOISY, REPLACE)
    assert (verdict.promote, verdict.uncertain) == (False, True)
    clear = decide(replace(with_seeds((0.9, 0.9, 0.905)), champion=alike), NOISY, REPLACE)
    assert clear.promote


@pytest.mark.parametrize("seeds", [None, Seeds("rows-0", 200, (0.9, 0.9)), Seeds("rows-1", 200, (0.9,))])
def test_noise_that_is_asked_for_and_was_not_measured_is_not_promoted(seeds: Seeds | None) -> None:
    verdict = decide(replace(BETTER, seeds=seeds), NOISY)
    assert (verdict.promote, verdict.uncertain, status(verdict, "noise")) == (False, False, "not_run")


def test_further_seeds_are_not_trained_for_a_candidate_that_fails_for_another_reason() -> None:
    weak = replace(with_seeds((0.84, 0.87)), metrics=metrics(macro_f1=0.7))
    assert not decide(weak, NOISY).uncertain


@pytest.mark.case("GT-11")
@pytest.mark.parametrize("evidence", [BETTER, FIRST, replace(BETTER, metrics={}), replace(BETTER, champion=None)])
def test_every_check_is_listed_whatever_happened(evidence: Evidence) -> None:
    verdict = decide(evidence, POLICY)
    assert [check.name for check in verdict.checks] == ALL_CHECKS
    assert all(check.status in ("pass", "fail", "not_run") and check.detail for check in verdict.checks)


def test_the_notes_say_what_the_test_split_could_show() -> None:
    chance, least = decide(BETTER, POLICY).notes
    assert "gain of 5 points" in chance
    assert "chance of 0.54" in chance  # 200 rows, 10 % discordant: `paired_power` is tested against a simulation
    assert "points" in least


def written(value: float, floor: float, **champion: Any) -> Evidence:
    """Return evidence on a model that writes, beside a champion where one is given."""
    against = {"untuned": {"rows": 200, "b": 50, "c": 120, "p": 0.001, "gain": 0.1, "test": "sign-flip test"}}
    measured = metrics() | {
        "target": "text", "primary": "rougeL", "model": {"rougeL": {"value": value}, "perplexity": {"value": 9.0}},
        "floors": {"untuned": {"rougeL": {"value": floor}}}, "against": against, "smallest_gain": 0.021,
    }  # fmt: skip
    found = replace(FIRST, metrics=measured)
    if not champion:
        return found
    gain = Gain("sign-flip test", **champion)
    return replace(found, champion_version="3", champion=ChampionAnswers("rows-1", "code-1", 200, 60, 90, gain=gain))


JUDGE = JudgeParams(
    url="http://127.0.0.1:1/v1", model="judge-2026", key_variable="", rows=20, most_unscored=0.1, timeout_seconds=5,
    attempts=2, pause_seconds=0, options={},
)  # fmt: skip
WRITING = POLICY.model_copy(update={"thresholds": {"rougeL": 0.3, "perplexity": 10.0}, "floors": ["untuned"]})


def test_a_model_that_writes_is_held_by_its_own_metric_and_floor() -> None:
    verdict = decide(written(0.4, 0.35), WRITING)
    assert verdict.promote
    assert detail(verdict, "floor_untuned") == "rougeL 0.400, untuned 0.350 (paired test on rougeL: p = 0.0010)"
    assert detail(verdict, "threshold_perplexity") == "perplexity 9.000, at most 10.000 asked"
    assert verdict.notes == ["The smallest gain that these rows show four times in five: about 2.1 points."]
    assert not decide(written(0.4, 0.4), WRITING).promote
    low = WRITING.model_copy(update={"thresholds": {"perplexity": 8.0}})
    assert status(decide(written(0.4, 0.3), low), "threshold_perplexity") == "fail"


@pytest.mark.parametrize(("mean", "p", "promoted"), [(0.03, 0.01, True), (0.03, 0.2, False), (-0.03, 0.01, False)])
def test_a_gain_in_a_graded_score_is_held_by_its_own_test_whatever_rows_were_won(
    mean: float, p: float, promoted: bool
) -> None:
    verdict = decide(written(0.4, 0.3, mean=mean, p=p, at_least=mean - 0.02), WRITING)
    assert verdict.promote == promoted
    assert f"rougeL {100 * mean:+.1f} points, sign-flip test p" in detail(verdict, "champion_better")


@pytest.mark.parametrize(("at_least", "promoted"), [(-0.019, True), (-0.021, False)])
def test_no_loss_in_a_graded_score_is_shown_by_its_lower_bound(at_least: float, promoted: bool) -> None:
    evidence = written(0.4, 0.3, mean=0.0, p=0.9, at_least=at_least)
    assert decide(evidence, WRITING, REPLACE).promote == promoted


def test_noise_between_seeds_is_that_of_the_metric_by_which_models_are_compared() -> None:
    policy = WRITING.model_copy(update={"noise": True})
    evidence = written(0.4, 0.3, mean=0.1, p=0.01, at_least=0.08)
    champion = replace(evidence.champion, score=0.3)  # type: ignore[type-var] # there is one
    seeds = Seeds("rows-1", 200, (0.41, 0.39))
    assert status(decide(replace(evidence, champion=champion, seeds=seeds), policy), "noise") == "pass"
    wide = Seeds("rows-1", 200, (0.5, 0.2))
    assert "uncertain" in detail(decide(replace(evidence, champion=champion, seeds=wide), policy), "noise")


def test_where_less_is_better_a_lower_score_beats_a_floor() -> None:
    measured = metrics() | {
        "target": "nothing", "primary": "perplexity", "model": {"perplexity": {"value": 9.0}},
        "floors": {"untuned": {"perplexity": {"value": 11.0}}},
    }  # fmt: skip
    policy = POLICY.model_copy(update={"thresholds": {"perplexity": 10.0}, "floors": ["untuned"]})
    assert decide(replace(FIRST, metrics=measured), policy).promote
    measured["floors"]["untuned"]["perplexity"]["value"] = 8.0
    assert status(decide(replace(FIRST, metrics=measured), policy), "floor_untuned") == "fail"


@pytest.mark.case("EV-3")
@pytest.mark.parametrize(
    ("outcome", "promoted"), [("better", True), ("tie", True), ("worse", False), ("no evidence", False), (None, False)]
)
def test_what_a_judge_finds_worse_or_cannot_judge_is_not_promoted(outcome: str | None, promoted: bool) -> None:
    policy = WRITING.model_copy(update={"judge": JUDGE})
    found = written(0.4, 0.3, mean=0.05, p=0.001, at_least=0.02)
    said = {"outcome": outcome, "reason": "9 won, 1 lost", "judge": "judge-2026"} if outcome else None
    champion = replace(found.champion, judged=said)  # type: ignore[type-var] # there is one
    verdict = decide(replace(found, champion=champion), policy)
    assert verdict.promote == promoted
    assert status(decide(written(0.4, 0.3), policy), "judge") == "not_run", "the first model has nobody beside it"
    assert decide(written(0.4, 0.3), policy).promote
