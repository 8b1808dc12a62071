"""The model card says what is known, and that the rest is unknown."""

from typing import Any

from retune.core.model_card import card

METRICS: dict[str, Any] = {
    "test_rows": 150,
    "model": {"macro_f1": {"value": 0.91, "low": 0.86, "high": 0.95}},
    "floors": {"probe": {"macro_f1": {"value": 0.88, "low": 0.82, "high": 0.93}}},
    "unseen_labels": ["travel"],
    "tuning": "Tuning gained 3.0 points over the probe.",
    "smallest_gain": 0.07,
}


def write(**changes: Any) -> str:
    given: dict[str, Any] = {
        "fingerprint": "f00d",
        "base": {"id": "bundled:minilm", "licence": "apache-2.0", "weights_sha256": "53aa"},
        "facts": {"seed": 17, "base": {}, "findings": {}},
        "metrics": METRICS,
        "data": {"documents": 61, "train, rows": 300},
        "gates": [{"gate": "toxic", "status": "pass", "value": 0.0, "limit": "at most 1 %"}],
    }
    return card("ticket-router", **{**given, **changes})


def test_the_card_names_base_data_gates_scores_with_intervals_and_limits() -> None:
    text = write()
    for part in ("bundled:minilm", "apache-2.0", "| documents | 61 |", "| toxic | pass |", "0.86", "0.95", "travel"):
        assert part in text
    assert "| probe: macro_f1 | 0.880 | 0.820 to 0.930 |" in text
    assert METRICS["tuning"] in text


def test_what_was_not_measured_is_unknown_and_not_left_out() -> None:
    text = write(base={"id": "local/folder"}, metrics={"model": {"accuracy": {"value": 0.5}}})
    assert "| licence of the base | unknown |" in text
    assert "| accuracy | 0.500 | unknown to unknown |" in text
    assert "Measured on unknown held-out rows" in text


def test_a_bar_in_a_value_does_not_break_the_table() -> None:
    assert "a\\|b" in write(data={"department": "a|b"})
