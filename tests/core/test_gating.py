"""Limits, verdicts, and the default that gates gate."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from retune.core.errors import UserError
from retune.core.gating import SUBJECTS, Limit, Measurement, check_limits, check_rules, decide, gates, shown

MEASURED = Measurement("language", 0.05, "share", 100, 5, "measured")
BLOCK, WARN = Limit(level="block", maximum=0.05), Limit(level="warn", maximum=0.05)


def test_the_limit_itself_passes_and_what_is_beyond_it_does_not() -> None:
    assert decide([MEASURED], {"language": BLOCK}).passed
    beyond = decide([replace(MEASURED, value=0.0501)], {"language": BLOCK})
    assert not beyond.passed
    assert beyond.reasons == ["language is 5.01% (5 of 100 rows), at most 5% allowed"]


def test_a_minimum_works_like_a_maximum() -> None:
    rows, limit = Measurement("row_count", 10, "count", 10, 0, "measured"), Limit(level="block", minimum=10)
    assert decide([rows], {"row_count": limit}).passed
    assert decide([replace(rows, value=9)], {"row_count": limit}).reasons == ["row_count is 9, at least 10 asked"]


def test_a_warning_passes_and_is_told() -> None:
    verdict = decide([replace(MEASURED, value=0.5)], {"language": WARN})
    assert verdict.passed
    assert verdict.reasons == []
    assert verdict.checks[0].status == "warn"
    assert len(verdict.warnings) == 1


@pytest.mark.parametrize("limit", [BLOCK, WARN])
@pytest.mark.parametrize(
    "measurements",
    [
        [],
        [replace(MEASURED, status="error", detail="the column language is missing")],
        [replace(MEASURED, value=None)],
        [replace(MEASURED, value=float("nan"))],
    ],
)
def test_a_gate_that_could_not_be_measured_has_failed(measurements: list[Measurement], limit: Limit) -> None:
    verdict = decide(measurements, {"language": limit})
    assert not verdict.passed
    assert verdict.checks[0].status == "not_run"
    assert "language could not be measured" in verdict.reasons[0]


def test_a_limit_that_nothing_can_break_is_refused() -> None:
    with pytest.raises(ValidationError, match="maximum, a minimum or both"):
        Limit(level="block")


@pytest.mark.case("DQ-3")
def test_a_measured_gate_without_a_limit_is_an_error_not_a_pass() -> None:
    with pytest.raises(UserError, match="language"):
        decide([MEASURED], {})


@pytest.mark.case("DQ-3")
@pytest.mark.parametrize("subject", sorted(SUBJECTS))
def test_limits_name_every_gate_and_no_other(subject: str) -> None:
    known = {name for kind in SUBJECTS[subject] for name in gates(kind)}
    check_limits(known, subject)
    with pytest.raises(UserError, match="no limit for row_count"):
        check_limits(known - {"row_count"}, subject)
    with pytest.raises(UserError, match="unknown gates luck"):
        check_limits(known | {"luck"}, subject)


def test_a_gate_on_labels_applies_where_the_target_names_it() -> None:
    of_text = gates("examples", ["missing_label", "duplicate_example"])
    assert {"row_count", "empty_text", "missing_label"} <= set(of_text)
    assert not {"rare_label", "class_balance"} & set(of_text)
    with pytest.raises(UserError, match="limits for unknown gates rare_label"):
        check_limits({*of_text, "rare_label"}, "examples", list(of_text))


def test_rules_are_asked_for_gates_that_apply_and_refused_for_others() -> None:
    check_rules(["text_too_short", "text_too_long"], ["missing_label"])
    with pytest.raises(UserError, match="no rules for unknown_label"):
        check_rules(["text_too_short", "text_too_long"], ["unknown_label"])
    with pytest.raises(UserError, match="do not apply: rare_label"):
        check_rules(["text_too_short", "text_too_long", "rare_label"], ["missing_label"])


def test_values_are_shown_as_people_read_them() -> None:
    values = [(0.05, "share"), (1 / 3, "share"), (1234567.0, "count"), (None, "share")]
    assert [shown(value, unit) for value, unit in values] == ["5%", "33.33%", "1,234,567", "not measured"]
