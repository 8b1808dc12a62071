"""The model card is one that the hub reads, says what is known, and that the rest is unknown."""

from typing import Any

import pytest

from retune.core.model_card import card
from tests.core.version_toys import EVALUATED, at, facts, older


@pytest.fixture
def hub_card() -> Any:
    """Return what the hub's own client reads out of the card."""
    from huggingface_hub import ModelCard

    return ModelCard(card(facts()), ignore_metadata_errors=False).data


@pytest.mark.case("RG-8")
def test_the_card_names_data_documents_scores_with_intervals_limits_licence_and_energy() -> None:
    text = card(facts())
    for part in (
        "| test, MD5 in DVC | d41d |",
        "| documents | 887 |",
        "| accuracy | 0.9 | 0.85 to 0.95 |",
        "apache-2.0",
    ):
        assert part in text
    for part in (
        "| energy, kWh |",
        "Estimated, not metered",
        "| documents | toxic | pass |",
        "travel",
        EVALUATED["tuning"],
    ):
        assert part in text
    assert "## Limits" in text


@pytest.mark.case("RG-8")
def test_the_hub_reads_licence_base_languages_scores_and_emissions(hub_card: Any) -> None:
    assert (hub_card.license, hub_card.base_model) == ("apache-2.0", "sentence-transformers/all-MiniLM-L6-v2")
    assert (hub_card.pipeline_tag, hub_card.language) == ("text-classification", ["de", "en"])
    assert hub_card.co2_eq_emissions["emissions"] == pytest.approx(100 / 3.6e6 * 100 * 400)
    scores = {(one.metric_type, one.metric_value, one.dataset_revision) for one in hub_card.eval_results}
    assert scores == {("accuracy", 0.9, "d41d"), ("f1", 0.88, "d41d")}


def test_what_was_not_measured_is_unknown_and_not_left_out() -> None:
    text = card(
        facts(facts={"base": {"id": "local/folder"}}, metrics={"model": {"accuracy": {"value": 0.5}}}, footprint={})
    )
    assert "| licence of the base | unknown |" in text
    assert "| accuracy | 0.5 | unknown to unknown |" in text
    assert "Measured on unknown held-out rows" in text
    assert "license: unknown" in text
    assert "Unknown: nothing was recorded." in text


def test_a_version_without_a_decision_has_a_card_that_says_so() -> None:
    assert "Not decided on yet." in card(older())


def test_a_bar_in_a_value_does_not_break_the_table() -> None:
    assert "a\\|b" in card(facts(datasets=[{"name": "a|b", "md5": "1", "rows": None}]))


def test_the_champion_stands_beside_it_on_the_same_rows() -> None:
    assert f"| version 1: accuracy | {at(0.8)['value']:.4g} |" in card(facts())
