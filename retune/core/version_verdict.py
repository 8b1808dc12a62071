"""How a version stands, in the sentences that a person reads first: what was decided, and what to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from retune.core import report as html
from retune.core import scoring
from retune.core import version_pictures as pictures
from retune.core.evidence import primary_of, target_of
from retune.core.report import Html
from retune.core.statistics import Interval
from retune.core.version_facts import PASSED, Decided, Values, VersionFacts, interval, is_number

CHAMPION, WITHDRAWN, ERASED = "champion", "retune.withdrawn", "retune.erased"
FEWEST_ROWS = 10  # of a slice that is worth a word: below, one row is ten points


def verdict(facts: VersionFacts) -> Html:
    """Return the box that says how the version stands, with the reasons."""
    tone, sentence, reasons = standing(facts)
    boxes = [html.box(tone, sentence, reasons)]
    looks = attention(facts)
    if looks:
        settled = facts.decision is not None and facts.decision.outcome not in ("awaiting", "approved")
        boxes.append(html.box("odd", "Worth knowing" if settled else "Look at this before you decide", looks))
    return html.join(boxes)


def standing(facts: VersionFacts) -> tuple[str, str, Sequence[str]]:
    """Return the tone, the sentence and the reasons of how the version stands now."""
    if facts.tags.get(WITHDRAWN):
        return "bad", "Withdrawn: not to be used any more", [facts.tags[WITHDRAWN]]
    decided = facts.decision
    if decided is None:
        return "plain", f"Not decided on yet; the champion is version {facts.champion or 'none'}", []
    if CHAMPION in facts.aliases:
        return _champion(facts, decided)
    return _other(facts, decided)


def _champion(facts: VersionFacts, decided: Decided) -> tuple[str, str, Sequence[str]]:
    """Return how the champion became it: by its evidence, by a rollback, or by force."""
    by = f"By {decided.who} on {decided.when}: {decided.why}"
    if decided.is_forced:
        return "odd", f"Forced: version {facts.version} is the champion by a person's word", [by, *failures(facts)]
    if decided.outcome == "rolled_back":
        return "good", f"Champion again: a person went back to version {facts.version}", [by]
    return "good", f"Promoted: version {facts.version} is the champion", promoted_by(facts)


def _other(facts: VersionFacts, decided: Decided) -> tuple[str, str, Sequence[str]]:
    """Return how a version stands that is not the champion."""
    champion = f"version {facts.champion}" if facts.champion else "no version"
    told: Mapping[str, tuple[str, str, Sequence[str]]] = {
        "promoted": ("plain", f"Promoted on {decided.when[:10]}; the champion now is {champion}", [decided.why]),
        "kept": ("odd", f"Not promoted: not shown to be better than {champion}, which stays", failures(facts)),
        "awaiting": ("odd", "Every check passed; it waits for the approval of a person", [decided.why]),
        "approved": ("odd", f"Approved by {decided.who}; its promotion is still to come", [decided.why]),
        "declined": ("bad", f"Asked for by hand and declined; {champion} stays", [decided.why]),
        "refused": ("bad", f"Refused: a check that must pass did not; {champion} is the champion", failures(facts)),
    }
    by = f"{decided.outcome.replace('_', ' ').capitalize()} on {decided.when[:10]}; the champion now is {champion}"
    return told.get(decided.outcome, ("plain", by, [decided.why]))


def promoted_by(facts: VersionFacts) -> Sequence[str]:
    """Return what its promotion rests on, the shortest way."""
    decided = facts.decision
    asked = [check for check in facts.checks if check.get("blocking")]
    passed = sum(check.get("status") == PASSED for check in asked)
    count = f"All {passed}" if passed == len(asked) else f"{passed} of the {len(asked)}"
    told = [f"{count} checks that it must pass were passed."] if asked else []
    who = [f"By {decided.who} on {decided.when}: {decided.why}"] if decided is not None else []
    return [*told, *who]


def failures(facts: VersionFacts) -> Sequence[str]:
    """Return each blocking check that has not passed, with its detail; without checks what the record says."""
    broken = [check for check in facts.checks if check.get("blocking") and check.get("status") != PASSED]
    told = [f"{check['name'].replace('_', ' ')}: {check['detail']}" for check in broken]
    return told or ([facts.decision.why] if facts.decision is not None else [])


def attention(facts: VersionFacts) -> list[str]:
    """Return what a person should know although no check may have stopped for it."""
    return [*_scores(facts), *_behaviour(facts.metrics), *_rows(facts.metrics), *_gates(facts), *_erased(facts)]


def _scores(facts: VersionFacts) -> list[str]:
    """Return what the scores warn of: no gain by tuning, weak slices, too few rows to show one."""
    tuning = facts.metrics.get("tuning") or ""
    return [*[tuning] * tuning.startswith("Tuning does not pay"), *weakest(facts), *unproven(facts)]


def _behaviour(metrics: Values) -> list[str]:
    """Return the behaviour tests that fell short."""
    broken = [
        f"{one['name']} ({one['passed']} of {one['asked']}, at least {pictures.percents(one['least'])} asked)"
        for one in broken_behaviour(metrics)
    ]
    return [f"Behaviour tests that fall short: {'; '.join(broken)}."] if broken else []


def _rows(metrics: Values) -> list[str]:
    """Return what is wrong with the test rows themselves."""
    leaked, unseen = (metrics.get("leakage") or {}).get("leaked_rows"), metrics.get("unseen_rows")
    rows = metrics.get("test_rows", "an unknown number of")
    told = [f"{leaked} of {rows} test rows share a long passage with what it was trained on."] if leaked else []
    labels = ", ".join(metrics.get("unseen_labels") or [])
    return told + ([f"{unseen} test rows have labels that training never saw: {labels}."] if unseen else [])


def _gates(facts: VersionFacts) -> list[str]:
    """Return the gates on the data that warned or failed."""
    return [
        f"Gate on the {subject}, {check['status'].replace('_', ' ')}: {check.get('reason') or check.get('gate')}."
        for subject, checks in facts.gates.items()
        for check in checks
        if check.get("status") != PASSED
    ]


def _erased(facts: VersionFacts) -> list[str]:
    """Return that documents behind the version are gone."""
    erased = facts.tags.get(ERASED)
    return [f"Documents that it learnt from were erased since (receipts: {erased})."] if erased else []


def unproven(facts: VersionFacts) -> list[str]:
    """Return the notes of the decision on what so many test rows can show."""
    decided = next((one for one in facts.decisions if one.details.get("notes")), None)
    return list(decided.details["notes"])[:1] if decided is not None and facts.against is None else []


def slices(metrics: Values) -> list[tuple[str, int, Interval]]:
    """Return (name, rows, score) of each slice, the weakest first; an older version has its labels alone.

    The only value of a column is the whole test split again, and is left out.
    """
    given: Any = metrics.get("slices") or (_by_label(metrics) if target_of(metrics) == "label" else {})
    found = []
    for column, values in given.items():
        for value, one in values.items() if len(values) > 1 else ():
            at = interval(one, primary_of(metrics))
            name = f"{column.replace('_', ' ')}: {value or 'none'}"
            found += [(name, int(one.get("rows") or 0), at)] if at is not None else []
    sign = scoring.sign(primary_of(metrics))
    return sorted(found, key=lambda one: (sign * one[2].value, one[0]))


def _by_label(metrics: Values) -> Values:
    """Return the slices by label that every evaluation has: the recall of a label is the accuracy on its rows."""
    recalls = (metrics.get("per_class") or {}).items()
    return {"label": {name: {"rows": one.get("rows"), "accuracy": one.get("recall")} for name, one in recalls}}


def weakest(facts: VersionFacts) -> list[str]:
    """Return the slices that lie below the whole by more than chance, if any, in words."""
    primary = facts.primary
    whole = interval(facts.metrics, "model", primary)
    if whole is None:
        return []
    weak = [one for one in slices(facts.metrics) if one[1] >= FEWEST_ROWS and is_weaker(primary, one[2], whole)]
    told = [f"{name} ({pictures.worth(primary, at.value)} of {rows} rows)" for name, rows, at in weak[:3]]
    return [f"Weaker than the whole ({pictures.worth(primary, whole.value)}): {', '.join(told)}."] if told else []


def is_weaker(primary: str, at: Interval, whole: Interval) -> bool:
    """Tell whether a part lies on the worse side of the whole by more than chance."""
    return at.high < whole.value if scoring.sign(primary) > 0 else at.low > whole.value


def broken_behaviour(metrics: Values) -> list[Values]:
    """Return the behaviour tests whose share lies below what they ask."""
    tests = (metrics.get("behaviour") or {}).get("tests") or []
    return [one for one in tests if _falls_short(one)]


def _falls_short(test: Values) -> bool:
    """Tell whether a behaviour test passed less often than it asks."""
    share, least = interval(test, "share"), test.get("least")
    return share is not None and is_number(least) and share.value < float(least or 0.0)
