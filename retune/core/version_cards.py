"""The evidence on a version in pictures, each under the question that it answers; what is missing is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from retune.core import report as html
from retune.core import version_pictures as pictures
from retune.core.report import Html
from retune.core.statistics import Interval, p_text
from retune.core.version_facts import Values, VersionFacts, counted, interval, is_number
from retune.core.version_pictures import Line, Whisker
from retune.core.version_verdict import FEWEST_ROWS, slices

MOST_SLICES = 8
FELL = ("quarantined", "rejected")
MALFORMED = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError)


@dataclass(frozen=True)
class Picture:
    """One picture: of what, about how tall, and what draws it; of what was not measured nothing is drawn."""

    of: str
    height: float
    draw: Callable[[VersionFacts], Html | None]


def cards(facts: VersionFacts) -> Html:
    """Return every picture that the version has evidence for, and lines with what there is none for."""
    drawn = [(picture, _drawn(picture, facts)) for picture in PICTURES]
    shown = [(card, picture.height) for picture, card in drawn if isinstance(card, Html)]
    missing = [picture.of for picture, card in drawn if card is None]
    broken = [f"{picture.of} ({card})" for picture, card in drawn if isinstance(card, Exception)]
    said = {"Not measured for this version": missing, "Evidence that cannot be read": broken}
    lines = [html.element("p", f"{why}: {', '.join(names)}.", "soft") for why, names in said.items() if names]
    return html.join([pictures.grid(shown), *lines])


def _drawn(picture: Picture, facts: VersionFacts) -> Html | Exception | None:
    """Return one picture; evidence of another shape than it should have costs its own picture and no other."""
    try:
        return picture.draw(facts)
    except MALFORMED as error:
        return error


def scores(facts: VersionFacts) -> Html | None:
    """Draw each score of this version beside those of the champion and the floors on the same rows."""
    names = facts.first_scores
    sides = {name: _sides(facts, name) for name in names}
    ends = [end for rows in sides.values() for row in rows for end in (row.at.low, row.at.high)]
    if not ends:
        return None
    scale = pictures.axis(min(ends), max(ends), 4)
    drawn = [
        html.join(
            [html.element("h4", name.replace("_", " ")), pictures.whiskers(rows, scale=scale, foot=name == names[-1])]
        )
        for name, rows in sides.items()
        if rows
    ]
    answer = f"On the same {facts.metrics.get('test_rows')} test rows; each line is a 95 % interval."
    return pictures.card("How good is it?", answer, *drawn)


def _sides(facts: VersionFacts, metric: str) -> list[Whisker]:
    """Return one score of this version, of the champion and of the floors."""
    rows = _side("this version", interval(facts.metrics, "model", metric), "mark")
    if facts.against is not None:
        rows += _side(f"version {facts.against.version}", interval(facts.against.scores, metric), "soft")
    for floor in facts.metrics.get("floors") or {}:
        rows += _side(floor, interval(facts.metrics, "floors", floor, metric), "soft")
    return rows


def _side(who: str, at: Interval | None, tone: str) -> list[Whisker]:
    """Return one row of scores, none where it was not measured."""
    return [Whisker(who, at, pictures.score(at.value), tone, range=_range(at))] if at is not None else []


def _range(at: Interval) -> str:
    """Return bounds in the few letters that fit under a number."""
    return f"{100 * at.low:.1f} – {100 * at.high:.1f}"


def gains(facts: VersionFacts) -> Html | None:
    """Draw the paired gains over the champion and the floors around zero."""
    pairs: dict[str, Values] = {f"over {name}": paired for name, paired in (facts.metrics.get("against") or {}).items()}
    if facts.against is not None:
        pairs = {f"over version {facts.against.version}": facts.against.paired, **pairs}
    rows = [
        Whisker(name, at, f"{pictures.gain(at.value)} points", _better(paired, facts.alpha), _wins(paired))
        for name, paired in pairs.items()
        for at in [Interval(paired["gain"], paired["gain_low"], paired["gain_high"])]
    ]
    if not rows:
        return None
    answer = f"On the same rows; coloured where the paired test shows a difference (p below {facts.alpha:g})."
    return pictures.card("Is it better?", answer, pictures.whiskers(rows, mark=0.0, shown=pictures.points))


def _better(paired: Values, alpha: float) -> str:
    """Return the tone of a gain: good or bad only where the paired test shows it."""
    if paired["p"] >= alpha or not paired["gain"]:
        return "soft"
    return "good" if paired["gain"] > 0 else "bad"


def _wins(paired: Values) -> str:
    """Return how many rows were won and lost, and how likely that is by chance."""
    return f"{paired['c']} won, {paired['b']} lost, {p_text(paired['p'])}".replace("p ", "p\u00a0").replace(
        " 0.", "\u00a00."
    )


def weak(facts: VersionFacts) -> Html | None:
    """Draw the weakest slices beside the whole."""
    found, whole = slices(facts.metrics), interval(facts.metrics, "model", "accuracy")
    shown = [one for one in found if one[1] >= FEWEST_ROWS][:MOST_SLICES]
    if not shown or whole is None:
        return None
    rows = [
        Whisker(name, at, pictures.score(at.value), "bad" if at.high < whole.value else "soft", range=f"{rows} rows")
        for name, rows, at in shown
    ]
    below = [row for row in rows if row.tone == "bad"]
    answer = f"{len(below)} of {len(found)} slices lie below the whole by more than chance" if below else (
        f"No slice of {len(found)} lies below the whole by more than chance"
    )  # fmt: skip
    caption = f"{answer}; the weakest with {FEWEST_ROWS} rows or more, the dashed line is the whole."
    return pictures.card("Where is it weak?", caption, pictures.whiskers(rows, mark=whole.value))


def mixed_up(facts: VersionFacts) -> Html | None:
    """Draw which labels are taken for which, or list the pairs where there are too many labels for a picture."""
    found = facts.metrics.get("confusion") or {}
    labels, counts = found.get("labels") or [], found.get("counts") or []
    pairs = mistakes(labels, counts)
    if not labels:
        return None
    told = [f"{true} answered as {given} ({count})" for count, true, given in pairs[:2]]
    answer = f"Most often {' and '.join(told)}." if told else "None on these test rows."
    table = html.table(["true", "answered", "rows"], [[true, given, count] for count, true, given in pairs[:12]])
    drawn = pictures.heat(labels, counts) if len(labels) <= pictures.MOST_LABELS else table
    note = html.element("p", "Each row is a true label, each column an answer.", "soft legend")
    return pictures.card("Which labels does it mix up?", answer, drawn, note)


def mistakes(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> list[tuple[int, str, str]]:
    """Return (rows, true label, answer) of each mistake, the most frequent first; a last column is any other label."""
    answers = [*labels, "another label"]
    found = [
        (count, labels[row], answers[min(column, len(labels))])
        for row, line in enumerate(counts)
        for column, count in enumerate(line)
        if row != column and count
    ]
    return sorted(found, key=lambda one: (-one[0], one[1:]))


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
    Picture("scores", 5.0, scores),
    Picture("gains over the champion and the floors", 3.0, gains),
    Picture("slices", 5.0, weak),
    Picture("mixed-up labels", 4.0, mixed_up),
    Picture("behaviour", 6.0, behaves),
    Picture("calibration", 4.0, trust),
    Picture("the learning curve", 4.0, more_examples),
    Picture("leakage and triggers", 2.5, honest),
    Picture("the training's curves", 4.0, training),
    Picture("counts of the data", 4.5, data),
)
