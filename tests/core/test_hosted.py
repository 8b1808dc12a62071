"""What is asked of a hosted service is one key, and what it says becomes curves and dates."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from retune.core.errors import UserError
from retune.core.hosted import Event, Order, curves, notice, notices, refuse_closed, source_of
from retune.core.hosted_model import Endpoint

ENDPOINT = Endpoint("openai", "https://api.example.org/v1", "EXAMPLE_KEY")
ORDER = Order("base", b"rows", b"others", 1, "suffix", 3, "auto", "auto")
CLOSES = date(2027, 1, 6)


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("hosted:openai/gpt-4.1-mini-2025-04-14", ("openai", "gpt-4.1-mini-2025-04-14")),
        ("hosted:openai/ft:gpt-4.1-mini:org:router:abc", ("openai", "ft:gpt-4.1-mini:org:router:abc")),
        ("hosted:house/org/model", ("house", "org/model")),
    ],
)
def test_a_hosted_base_names_a_service_and_a_model(base: str, expected: tuple[str, str]) -> None:
    assert source_of(base) == expected


@pytest.mark.parametrize("base", ["openai/gpt", "hosted:openai", "hosted:/gpt", "hosted:openai/"])
def test_another_base_is_refused(base: str) -> None:
    with pytest.raises(UserError, match="hosted:<service>/<model>"):
        source_of(base)


@pytest.mark.parametrize(
    "change",
    [{"model": "other"}, {"train": b"more"}, {"validation": b"more"}, {"seed": 2}, {"suffix": "x"}, {"epochs": "auto"}],
)
def test_another_order_or_place_is_another_job(change: dict[str, object]) -> None:
    key = ORDER.key(ENDPOINT)
    assert key == replace(ORDER).key(replace(ENDPOINT, api_key_variable="ANOTHER"))  # who pays changes no job
    assert key != replace(ORDER, **change).key(ENDPOINT)  # type: ignore[arg-type]
    assert key != ORDER.key(replace(ENDPOINT, base_url="https://other.example.org/v1"))


@pytest.mark.case("HB-4")
@pytest.mark.parametrize(("days", "said"), [(91, False), (90, True), (1, True), (0, True), (-1, True)])
def test_the_end_is_said_from_90_days_before(days: int, said: bool) -> None:
    told = notice("openai", CLOSES, CLOSES - timedelta(days=days))
    assert bool(told) == said
    assert not said or "2027-01-06" in told
    assert notice("openai", None, CLOSES) == ""


@pytest.mark.case("HB-4")
def test_only_services_that_a_model_names_are_spoken_of() -> None:
    closes = {"openai": CLOSES, "house": None}
    assert notices(["bundled:minilm", "hosted:house/m"], closes, CLOSES) == []
    (told,) = notices(["hosted:openai/a", "hosted:openai/b"], closes, CLOSES - timedelta(days=3))
    assert told == "warning: openai takes no new jobs from 2027-01-06, in 3 days: plan for another base"


@pytest.mark.case("HB-4")
def test_from_the_day_of_its_end_on_a_service_gets_no_new_job() -> None:
    refuse_closed("openai", CLOSES, CLOSES - timedelta(days=1))
    refuse_closed("openai", None, CLOSES)
    for day in (CLOSES, CLOSES + timedelta(days=1)):
        with pytest.raises(UserError, match="openai takes none since 2027-01-06"):
            refuse_closed("openai", CLOSES, day)


def test_what_was_measured_is_one_line_per_step() -> None:
    events = [
        Event("a", 1, "info", "Step 2", {"step": 2, "train_loss": 0.5, "of": "word", "nan": float("nan")}),
        Event("b", 2, "info", "Step 1", {"step": 1, "train_loss": 1}),
        Event("c", 3, "info", "checkpoint", {"step": 2.0, "valid_loss": 0.7}),
        Event("d", 4, "info", "words"),
    ]
    assert curves(events) == [
        {"event": "metrics", "step": 1, "values": {"train_loss": 1.0}},
        {"event": "metrics", "step": 2, "values": {"train_loss": 0.5, "valid_loss": 0.7}},
    ]
