"""What stands behind the pictures of a version, in full: checks, scores, gates, data, limits, cost, lineage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from retune.core import report as html
from retune.core.report import Html
from retune.core.version_facts import NOT_RUN, PASSED, Values, VersionFacts, interval, is_number
from retune.core.version_tiles import duration
from retune.core.version_verdict import slices

ORDER = {"fail": 0, "warn": 1, NOT_RUN: 2, PASSED: 3}
UNKNOWN = "not recorded"
ERRORS = {"label": "true", "prediction": "answered", "confidence": "confidence"}


def decision(facts: VersionFacts) -> Html:
    """Return every check of the decision, the ones that stopped it first, and the decisions on this version."""
    ordered = sorted(facts.checks, key=_place)
    rows = [[_status(one), one.get("name", "").replace("_", " "), one.get("detail", "")] for one in ordered]
    checks = html.table(["verdict", "check", "what was found"], rows) if rows else html.paragraph(f"Checks: {UNKNOWN}.")
    past = [
        [one.when, one.outcome.replace("_", " "), f"{one.before or 'none'} → {one.after}", one.who, one.why]
        for one in facts.decisions
    ]
    history = html.table(["when (UTC)", "outcome", "champion", "who", "why"], past)
    later = html.element("p", f"As of {facts.as_of} UTC; what came later: retune history --model {facts.model}", "soft")
    notes = [html.paragraph(note) for note in _notes(facts)]
    return html.section(
        "The decision, check by check",
        checks,
        *notes,
        _rule(facts),
        html.details("Every decision on this version", history),
        later,
    )


def _place(check: Values) -> tuple[bool, int]:
    """Return where a check stands: what stopped the decision, then what passed, last what is not asked."""
    idle = check.get("status") == NOT_RUN and not check.get("blocking")
    return idle, ORDER.get(str(check.get("status")), 0)


def _status(check: Values) -> Html:
    """Return a check's verdict as a badge; one that is not asked for is no fault."""
    if check.get("status") == NOT_RUN and not check.get("blocking"):
        return html.element("span", "not run", "badge plain")
    return html.badge(str(check.get("status", NOT_RUN)))


def _notes(facts: VersionFacts) -> Sequence[str]:
    """Return the notes of the newest decision that has any."""
    newest = next((one for one in facts.decisions if one.details.get("checks")), None)
    if newest is None:
        return []
    return newest.details.get("notes") or []


def _rule(facts: VersionFacts) -> Html:
    """Return which rule held, and on what ground, folded: a drift's ground is long."""
    newest = next((one for one in facts.decisions if one.details.get("rule")), None)
    if newest is None:
        return Html("")
    rule = newest.details["rule"]
    ground = rule.get("why") or f"by the {rule.get('ground')}"
    return html.details(f"The rule that held: {rule.get('policy')}", html.paragraph(ground))


def scores(facts: VersionFacts) -> Html:
    """Return all scores, those of each label, and those of each slice."""
    sides: dict[str, Any] = {"this version": facts.metrics.get("model") or {}}
    if facts.against is not None:
        sides[f"version {facts.against.version}"] = facts.against.scores
    sides |= facts.metrics.get("floors") or {}
    rows = [[side, name.replace("_", " "), *_cells(values, name)] for side, values in sides.items() for name in values]
    labels = [
        [label, one.get("rows", 0), *_cells(one, "precision"), *_cells(one, "recall"), *_cells(one, "f1")]
        for label, one in sorted((facts.metrics.get("per_class") or {}).items())
    ]
    parts = [
        [name, count, _number(at.value), f"{at.low:.3f} to {at.high:.3f}"] for name, count, at in slices(facts.metrics)
    ]
    kind, score = "type" if facts.target == "entities" else "label", facts.primary.replace("_", " ")
    columns = [kind, "rows", "precision", "95 %", "recall", "95 %", "F1", "95 %"]
    return html.section(
        "Scores",
        html.paragraph(facts.metrics.get("tuning") or ""),
        html.paragraph(facts.metrics.get("precision") or ""),
        html.details("Every score", html.table(["on the test rows", "score", "value", "95 %"], rows)),
        html.details(f"Every {kind} ({len(labels)})", html.table(columns, labels, most=200)) if labels else "",
        html.details(f"Every slice ({len(parts)})", html.table(["slice", "rows", score, "95 %"], parts, most=200)),
    )


def _cells(values: Values, name: str) -> list[str]:
    """Return a score and its bounds as two cells."""
    at = interval(values, name)
    return [_number(at.value), f"{at.low:.3f} to {at.high:.3f}"] if at is not None else [UNKNOWN, ""]


def _number(value: float) -> str:
    """Return a score with three digits."""
    return f"{value:.3f}"


def errors(facts: VersionFacts) -> Html:
    """Return the wrong answers of which it was surest, by id: no text of a document stands here."""
    shown = ERRORS if facts.target == "label" else {"value": facts.primary.replace("_", " ")}
    if facts.target == "labels":
        shown = {"label": "true", "prediction": "answered", **shown}
    rows = [
        [html.element("code", one.get("example_id", ""), "short"), *(_cell(one.get(name)) for name in shown)]
        for one in facts.errors
    ]
    broken = [
        [test.get("name", ""), "; ".join(_broken(one) for one in test["failures"][:10])]
        for test in (facts.metrics.get("behaviour") or {}).get("tests") or []
        if test.get("failures")
    ]
    hint = html.join([
        "Wrong answers of which it was surest" if facts.target == "label" else "Answers that are worth least",
        ". Texts stay out of this page: ",
        html.element("code", "retune lineage --example ID"), " names the document that an example came from.",
    ])  # fmt: skip
    return html.section(
        "Its worst errors",
        html.paragraph(hint),
        html.table(["example", *shown.values()], rows, most=10),
        html.details("What failed in behaviour tests", html.table(["test", "examples"], broken)) if broken else "",
    )


def _cell(value: Any) -> str:
    """Return one cell of an error: a number with two digits."""
    return f"{abs(value):.2f}" if is_number(value) else str(value or UNKNOWN)


def _broken(failure: Values) -> str:
    """Return one example that failed a behaviour test: a row by its id, one of the file's own by its place."""
    named = str(failure.get("example_id", ""))
    if not named and is_number(failure.get("row")):
        named = f"example {failure['row'] + 1} of the file"
    answered, expected = failure.get("answer"), failure.get("expected")
    return f"{named or UNKNOWN}: {answered}, expected {expected}" if answered or expected else named or UNKNOWN


def gates(facts: VersionFacts) -> Html:
    """Return what each gate on the data said."""
    parts = []
    for subject, checks in facts.gates.items():
        ordered = sorted(checks, key=lambda one: ORDER.get(str(one.get("status")), 0))
        rows = [[html.badge(str(one.get("status"))), one.get("gate", ""), one.get("reason", "")] for one in ordered]
        passed = sum(one.get("status") == PASSED for one in checks)
        summary = f"Gate on the {subject}: {passed} of {len(checks)} checks passed"
        parts.append(html.details(summary, html.table(["verdict", "gate", "what was measured"], rows)))
    return html.section("Gates on the data", *(parts or [html.paragraph(f"Gates: {UNKNOWN}.")]))


def origin(facts: VersionFacts) -> Html:
    """Return base, licence, settings, hashes and links: what it takes to answer for it, or to make it again."""
    base, parent = facts.base, facts.tags.get("retune.parent_version")
    continues = (
        f"{facts.tags.get('retune.parent_model')} version {parent}" if parent else "none: it starts from the base"
    )
    rows = [
        ["base", base.get("id") or UNKNOWN],
        ["its revision", base.get("revision") or UNKNOWN],
        ["its licence", base.get("licence") or UNKNOWN],
        ["sha256 of its weights", _code(base.get("weights_sha256"))],
        ["continues", continues],
        ["fingerprint of the training", _code(facts.fingerprint)],
        ["sha256 of the model", _code(facts.tags.get("retune.model_sha256"))],
        ["registered", facts.made or UNKNOWN],
        *([f"{one.get('name')}, MD5 in DVC", _code(one.get("md5"))] for one in facts.datasets),
        *([name, html.element("code", link)] for name, link in facts.links.items()),
    ]
    plain = [
        [key.replace("_", " "), value]
        for key, value in sorted(facts.facts.items())
        if isinstance(value, str | int | float)
    ]
    commands = html.paragraph(f"retune lineage --version {facts.version} · retune reproduce {facts.version}")
    return html.section(
        "Base, licence and lineage",
        html.table(["", ""], rows),
        commands if facts.version else "",
        html.details("Facts of the training", html.table(["", ""], [[name, str(value)] for name, value in plain])),
    )


def _code(value: Any) -> Html:
    """Return a hash, or that it was not recorded."""
    return html.element("code", value or UNKNOWN)


def limits(lines: Sequence[str]) -> Html:
    """Return what the scores do not show."""
    return html.section("Limits", html.element("ul", html.join([html.element("li", line) for line in lines])))


def cost(facts: VersionFacts) -> Html:
    """Return what each step took, the totals, and the method."""
    found = facts.footprint
    if not found:
        return html.section("Cost and energy", html.paragraph(f"Time, cost and energy: {UNKNOWN}."))
    rows = [{"name": "total", "state": "", **found["total"]}, *found["steps"]]
    shown = {
        name: shape for name, shape in _costs(found.get("currency", "")).items() if any(shape(row) for row in rows)
    }
    cells = [[str(row["name"]), *(shape(row) for shape in shown.values())] for row in [*rows[1:], rows[0]]]
    return html.section("Cost and energy", html.paragraph(found.get("method", "")), html.table(["step", *shown], cells))


def _costs(currency: str) -> dict[str, Callable[[Values], str]]:
    """Return the columns of the costs: what each shows of a step; one that is empty for all is left out."""
    return {
        "time": lambda row: duration(row["seconds"]).replace(" ", "\u00a0"),
        "state": lambda row: str(row.get("state") or ""),
        "GPU": lambda row: duration(row["gpu_seconds"]) if row.get("gpu_seconds") else "",
        "tokens": lambda row: f"{row['tokens']:,.0f}" if is_number(row.get("tokens")) else "",
        currency: lambda row: f"{row['price']:.4f}" if is_number(row.get("price")) else "",
        "kWh": lambda row: f"{row['kwh']:.4f}" if is_number(row.get("kwh")) else "",
        "g CO2e": lambda row: f"{row['grams_co2e']:.2f}" if is_number(row.get("grams_co2e")) else "",
    }
