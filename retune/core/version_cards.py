"""The evidence on a version in pictures, each under the question that it answers; what is missing is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from retune.core import report as html
from retune.core import version_pictures as pictures
from retune.core import version_score_cards as score_cards
from retune.core.report import Html
from retune.core.version_facts import Values, VersionFacts, counted, interval, is_number
from retune.core.version_pictures import Line, Whisker

REFUSED = (
    ("under", "of what it should refuse is answered", "to_refuse"),
    ("over", "of what it should answer is refused", "to_answer"),
)
FELL = ("quarantined", "rejected")
MALFORMED = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError)


@dataclass(frozen=True)
class Picture:
    """One picture: of what, about how tall, and what draws it; of what was not measured nothing is drawn."""

    of: str
    height: float
    draw: Callable[[VersionFacts], Html | None]
    targets: Sequence[str] = ()  # of which it says something; all where none is named


def cards(facts: VersionFacts) -> Html:
    """Return every picture that the version has evidence for, and lines with what there is none for."""
    drawn = [(picture, _drawn(picture, facts)) for picture in of_target(facts.target)]
    shown = [(card, picture.height) for picture, card in drawn if isinstance(card, Html)]
    missing = [picture.of for picture, card in drawn if card is None]
    broken = [f"{picture.of} ({card})" for picture, card in drawn if isinstance(card, Exception)]
    said = {"Not measured for this version": missing, "Evidence that cannot be read": broken}
    lines = [html.element("p", f"{why}: {', '.join(names)}.", "soft") for why, names in said.items() if names]
    return html.join([pictures.grid(shown), *lines])


def of_target(target: str) -> list[Picture]:
    """Return the pictures that say something of answers that are written so."""
    return [picture for picture in PICTURES if not picture.targets or target in picture.targets]


def _drawn(picture: Picture, facts: VersionFacts) -> Html | Exception | None:
    """Return one picture; evidence of another shape than it should have costs its own picture and no other."""
    try:
        return picture.draw(facts)
    except MALFORMED as error:
        return error


def trust(facts: VersionFacts) -> Html | None:
    """Draw how often it is right at each confidence."""
    found = facts.metrics.get("calibration") or {}
    bins = [
        (float(one["confidence"]), float(one["accuracy"]), int(one["rows"]))
        for one in found.get("bins") or []
        if one.get("rows") and is_number(one.get("confidence")) and is_number(one.get("accuracy"))
    ]
    error = interval(found, "ece")
    if not bins or error is None:
        return None
    before = found.get("ece_before")
    earlier = f" ({100 * before:.1f} before its temperature was set)" if is_number(before) else ""
    answer = f"Its confidence is off by {100 * error.value:.1f} points on average{earlier}."
    note = html.element("p", "On the dashed line it is right as often as it says; a larger dot is more rows.", "legend")
    return pictures.card("Can its confidence be trusted?", answer, pictures.reliability(bins), note)


def more_examples(facts: VersionFacts) -> Html | None:
    """Draw what the simple probe reaches with a part of the rows, and say what more rows would bring."""
    found = facts.metrics.get("learning_curve") or {}
    known = [(one.get("rows"), interval(one, "accuracy")) for one in found.get("points") or []]
    measured = [(float(rows), at) for rows, at in known if at is not None and is_number(rows)]
    if len(measured) < 2:
        return None
    line = Line("probe", [(rows, at.value) for rows, at in measured], [(at.low, at.high) for _, at in measured])
    drawn = pictures.curves([line], across="training rows", shown=pictures.percents)
    return pictures.card("Would more examples help?", found.get("line") or "", drawn)


def behaves(facts: VersionFacts) -> Html | None:
    """Draw how often each behaviour test passed, against what it asks."""
    tests = (facts.metrics.get("behaviour") or {}).get("tests") or []
    rows = []
    for one in tests:
        at = interval(one, "share")
        if at is None:
            continue
        kind, least = str(one.get("kind", "")).replace("_", " "), one.get("least")
        asked = f", at least {pictures.percents(least)}" if is_number(least) else ""
        tone = "bad" if is_number(least) and at.value < float(least or 0) else "good"
        shown = f"{one.get('passed')} of {one.get('asked')}"
        rows.append(Whisker(str(one.get("name")), at, shown, tone, f"{kind}{asked}"))
    if not rows:
        return None
    short = sum(row.tone == "bad" for row in rows)
    answer = f"{short} of {len(rows)} tests fell short of what they ask." if short else f"All {len(rows)} tests hold."
    return pictures.card("Does it behave?", answer, pictures.whiskers(rows, wordy=True))


def honest(facts: VersionFacts) -> Html | None:
    """Show what tells whether the test could be passed by heart, and whether a word can steer the answer."""
    rows = [*_leakage(facts.metrics.get("leakage") or {}), *_triggers(facts.metrics.get("triggers") or {}),
            *_membership(facts.metrics.get("membership") or {})]  # fmt: skip
    rows += [*_general(facts.metrics.get("general_loss") or {}), *_refusals(facts.metrics.get("refusals") or {})]
    kept = facts.metrics.get("retention") or {}
    if kept:
        rows.append((f"{kept.get('rows', 0):,}", f"test rows of {kept.get('parent')}", kept.get("line", "")))
    if not rows:
        return None
    return pictures.card("Could it have cheated, be steered, or forget?", "", pictures.flow(rows))


def _leakage(found: Values) -> list[tuple[str, str, str]]:
    """Return how many test rows share a passage with what was trained on, and how often passages repeat."""
    if not is_number(found.get("leaked_rows")):
        return []
    words = (
        f"of {found.get('test_rows')} test rows share {found.get('passage_words', 'many')} words with a training row"
    )
    rows = [(str(found["leaked_rows"]), words, "")]
    copies = found.get("most_copies")
    return rows + ([(str(copies), "times the most repeated passage stands in the training rows", "")] if copies else [])


def _triggers(found: Values) -> list[tuple[str, str, str]]:
    """Return how often a word that was put into a text changed the answer."""
    if not is_number(found.get("asked")) or not is_number(found.get("changed")):
        return []
    words = f"of {found['asked']:,} answers changed when a word was put into the text"
    labels = list(dict.fromkeys(str(one.get("label")) for one in found.get("worst") or []))
    return [(f"{found['changed']:,}", words, f"most often to {', '.join(labels[:3])}" if labels else "")]


def _membership(found: Values) -> list[tuple[str, str, str]]:
    """Return how well training rows are told from held-out ones by how sure the model is of them."""
    at = interval(found, "auc")
    if at is None:
        return []
    words = "how often a training row looks more familiar than a held-out one; half is chance"
    return [(pictures.percents(at.value), words, f"95 % interval {at.low:.1%} to {at.high:.1%}")]


def _general(found: Values) -> list[tuple[str, str, str]]:
    """Return by how much general text has become harder for it."""
    before, after = found.get("before"), found.get("after")
    if not is_number(before) or not is_number(after):
        return []
    words = "nats by which what a token of general text costs has changed with the tuning"
    return [(f"{after - before:+.3f}", words, f"{before:.3f} before, {after:.3f} now")]


def _refusals(found: Values) -> list[tuple[str, str, str]]:
    """Return how often it refused or answered wrongly."""
    sides = [(interval(found, side), words, found.get(of)) for side, words, of in REFUSED]
    return [
        (pictures.percents(at.value), words, f"{rows} rows, 95 % interval {at.low:.1%} to {at.high:.1%}")
        for at, words, rows in sides
        if at is not None
    ]


def training(facts: VersionFacts) -> Html | None:
    """Draw the loss on training and validation rows over the steps."""
    wanted = {"train_loss": "training loss", "validation_loss": "validation loss"}
    drawn = []
    for key, name in wanted.items():
        points = [
            (float(line["step"]), float(line["values"][key]))
            for line in facts.history
            if line.get("event") == "metrics" and is_number(line.get("values", {}).get(key))
        ]
        drawn += [Line(name, points)] if len(points) > 1 else []
    if not drawn:
        return None
    best, steps = facts.facts.get("best_step"), facts.facts.get("steps")
    answer = f"The weights of step {best} of {steps} were kept." if best is not None else ""
    return pictures.card("How did the training go?", answer, pictures.curves(drawn, across="step", from_zero=True))


def data(facts: VersionFacts) -> Html | None:
    """Draw the way from files to examples, and what fell where."""
    units = {"ingest": "files read", "deduplicate": "documents", "validate": "documents fit for training",
             "examples": "examples", "split": "examples in the split"}  # fmt: skip
    rows = []
    for step, unit in units.items():
        found = counted(facts.counts, step)
        if found:
            rows.append((f"{found.get('rows_out', 0):,}", unit, _fell(found)))
    sides = [(facts.facts.get("train_rows"), "to train"), (facts.facts.get("validation_rows"), "to validate"),
             (facts.metrics.get("test_rows"), "to test")]  # fmt: skip
    rows += [(f"{number:,}", words, "") for number, words in sides if is_number(number)]
    return pictures.card("What did it learn from?", "", pictures.flow(rows)) if rows else None


def _fell(found: Values) -> str:
    """Return how many did not go on, with the reasons where they were counted."""
    details = found.get("details") or {}
    told = []
    for fate in FELL:
        number = found.get(fate) or 0
        reasons: Values = (
            details.get(f"{fate}_by_reason") or (details.get("dropped") if fate == "rejected" else {}) or {}
        )
        why = ", ".join(f"{reason.replace('_', ' ')} {count}" for reason, count in sorted(reasons.items()))
        told += [f"{number} {fate}" + (f": {why}" if why else "")] if number else []
    return "; ".join(told)


PICTURES: Sequence[Picture] = (
    Picture("scores", 5.0, score_cards.scores),
    Picture("gains over the champion and the floors", 3.0, score_cards.gains),
    Picture("slices", 5.0, score_cards.weak),
    Picture("mixed-up labels", 4.0, score_cards.mixed_up, ("label",)),
    Picture("each class", 4.0, score_cards.each_class, ("labels", "entities")),
    Picture("lengths", 2.0, score_cards.writes, ("text",)),
    Picture("behaviour", 6.0, behaves),
    Picture("calibration", 4.0, trust, ("label", "labels", "entities", "answers")),
    Picture("the learning curve", 4.0, more_examples, ("label",)),
    Picture("leakage and triggers", 2.5, honest),
    Picture("the training's curves", 4.0, training),
    Picture("counts of the data", 4.5, data),
)
