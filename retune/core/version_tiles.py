"""The figures that a decision on a version rests on, each with what it is."""

from __future__ import annotations

from retune.core import version_pictures as pictures
from retune.core.report import Html
from retune.core.statistics import Interval, p_text
from retune.core.version_facts import NOT_RUN, PASSED, Values, VersionFacts, counted, interval, is_number

FLOORS = {"probe": "the untuned probe", "untuned": "the untuned model"}


def tiles(facts: VersionFacts) -> Html:
    """Return the figures that a decision rests on."""
    made = [_score_tile(facts), _champion_tile(facts), _floor_tile(facts), _checks_tile(facts), _data_tile(facts),
            _cost_tile(facts)]  # fmt: skip
    return pictures.tiles([pictures.tile(*one) for one in made])


def _score_tile(facts: VersionFacts) -> tuple[str, str]:
    """Return the first score with its interval."""
    name = next(iter(facts.first_scores), "")
    at = interval(facts.metrics, "model", name)
    if at is None:
        return "unknown", "no score was recorded"
    rows = facts.metrics.get("test_rows", "unknown")
    return pictures.worth(name, at.value), f"{name.replace('_', ' ')} on {rows} test rows ({bounds(name, at)})"


def bounds(name: str, at: Interval) -> str:
    """Return the interval of a score in words."""
    if pictures.is_share(name):
        return f"{100 * at.low:.1f} to {pictures.score(at.high)}"
    return f"{pictures.plain(at.low)} to {pictures.plain(at.high)}"


def _champion_tile(facts: VersionFacts) -> tuple[str, str]:
    """Return the gain over the champion that it was held against."""
    if facts.against is None:
        before = facts.decision.before if facts.decision is not None else ""
        return (
            ("unknown", f"against version {before}: its answers are not kept")
            if before
            else ("first", "no champion before it")
        )
    paired, version = facts.against.paired, facts.against.version
    if not paired:
        return "unknown", f"against version {version}: what it says of each row is not kept"
    number, unit = _gained(facts, paired)
    won = f"{paired['c']} won, {paired['b']} lost, {p_text(paired['p'])}"
    return number, f"{unit} against version {version} on the same rows: {won}"


def _floor_tile(facts: VersionFacts) -> tuple[str, str]:
    """Return the gain over the first floor, which a tuned model must beat before all others."""
    floors = facts.metrics.get("against") or {}
    if not floors:
        return "unknown", "no floor was measured"
    name, paired = next(iter(floors.items()))
    number, unit = _gained(facts, paired)
    return number, f"{unit} over {FLOORS.get(name, name.replace('_', ' '))}, {p_text(paired['p'])}"


def _gained(facts: VersionFacts, paired: Values) -> tuple[str, str]:
    """Return a gain and its unit."""
    if pictures.is_share(facts.primary):
        return pictures.gain(paired["gain"]), "points"
    return pictures.gained(facts.primary, paired["gain"]), facts.primary.replace("_", " ")


def _checks_tile(facts: VersionFacts) -> tuple[str, str]:
    """Return how many checks passed."""
    asked = [check for check in facts.checks if check.get("status") != NOT_RUN or check.get("blocking")]
    if not asked:
        return "none", "no check was recorded"
    passed = sum(check["status"] == PASSED for check in asked)
    others = len(facts.checks) - len(asked)
    return f"{passed} of {len(asked)}", "checks passed" + (
        f"; {others} do not apply or are not asked" if others else ""
    )


def _data_tile(facts: VersionFacts) -> tuple[str, str]:
    """Return how much it learnt from."""
    rows = facts.facts.get("train_rows")
    documents = counted(facts.counts, "deduplicate").get("rows_in")
    words = "examples trained it" + (f", out of {documents:,} documents" if documents else "")
    return (f"{rows:,}" if rows else "unknown"), words


def _cost_tile(facts: VersionFacts) -> tuple[str, str]:
    """Return time and cost of making it."""
    total = facts.footprint.get("total") or {}
    if not is_number(total.get("seconds")):
        return "unknown", "time and cost were not recorded"
    return duration(total["seconds"]), f"{spent(total, facts.footprint.get('currency', ''))} (estimated)"


def spent(total: Values, currency: str) -> str:
    """Return cost, energy and emissions in words; what is unknown is said."""
    price, kwh, grams = (total.get(name) for name in ("price", "kwh", "grams_co2e"))
    told = [
        f"{price:.3g} {currency}" if is_number(price) else "no price set",
        f"{kwh:.3g} kWh" if is_number(kwh) else "energy unknown",
        f"{grams:.3g} g CO2e" if is_number(grams) else "emissions unknown",
    ]
    return ", ".join(told)


def duration(seconds: float) -> str:
    """Return seconds as a person reads them."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"
