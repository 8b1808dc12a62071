"""How well a version answers, in pictures: its scores, gains, weak slices, classes, and how much it writes."""

from __future__ import annotations

from collections.abc import Sequence

from retune.core import report as html
from retune.core import scoring
from retune.core import version_pictures as pictures
from retune.core.report import Html
from retune.core.statistics import Interval, p_text
from retune.core.version_facts import Values, VersionFacts, interval
from retune.core.version_pictures import Axis, Whisker
from retune.core.version_verdict import FEWEST_ROWS, is_weaker, slices

MOST_SLICES, MOST_CLASSES = 8, 12


def scores(facts: VersionFacts) -> Html | None:
    """Draw each score of this version beside those of the champion and the floors on the same rows."""
    names = facts.first_scores
    sides = {name: _sides(facts, name) for name in names}
    shares = [name for name in names if pictures.is_share(name)]
    ends = [end for name in shares for row in sides[name] for end in (row.at.low, row.at.high)]
    scale = pictures.axis(min(ends), max(ends), 4) if ends else None  # of all shares: they can be compared
    drawn = [
        html.join([html.element("h4", _heading(name)), _score(rows, name, scale, shares)])
        for name, rows in sides.items()
        if rows
    ]
    if not drawn:
        return None
    answer = f"On the same {facts.metrics.get('test_rows')} test rows; each line is a 95 % interval."
    return pictures.card("How good is it?", answer, *drawn)


def _heading(name: str) -> str:
    """Return the name of a score, with the direction where it is not the usual one."""
    return name.replace("_", " ") + ("" if pictures.is_share(name) or scoring.sign(name) > 0 else " (less is better)")


def _score(rows: Sequence[Whisker], name: str, scale: Axis | None, shares: Sequence[str]) -> Html:
    """Draw one score: a share over the scale of all, any other over its own."""
    if name not in shares:
        return pictures.whiskers(rows, shown=pictures.plain)
    return pictures.whiskers(rows, scale=scale, foot=name == shares[-1])


def _sides(facts: VersionFacts, metric: str) -> list[Whisker]:
    """Return one score of this version, of the champion and of the floors."""
    rows = _side("this version", metric, interval(facts.metrics, "model", metric), "mark")
    if facts.against is not None:
        rows += _side(f"version {facts.against.version}", metric, interval(facts.against.scores, metric), "soft")
    for floor in facts.metrics.get("floors") or {}:
        rows += _side(floor.replace("_", " "), metric, interval(facts.metrics, "floors", floor, metric), "soft")
    return rows


def _side(who: str, metric: str, at: Interval | None, tone: str) -> list[Whisker]:
    """Return one row of scores, none where it was not measured."""
    if at is None:
        return []
    return [Whisker(who, at, pictures.worth(metric, at.value), tone, range=_range(metric, at))]


def _range(metric: str, at: Interval) -> str:
    """Return bounds in the few letters that fit under a number."""
    if not pictures.is_share(metric):
        return f"{pictures.plain(at.low)} – {pictures.plain(at.high)}"
    return f"{100 * at.low:.1f} – {100 * at.high:.1f}"


def gains(facts: VersionFacts) -> Html | None:
    """Draw the paired gains over the champion and the floors around zero."""
    found = (facts.metrics.get("against") or {}).items()
    pairs: dict[str, Values] = {f"over {name.replace('_', ' ')}": paired for name, paired in found}
    if facts.against is not None and facts.against.paired:
        pairs = {f"over version {facts.against.version}": facts.against.paired, **pairs}
    rows = [
        Whisker(name, at, pictures.gained(facts.primary, at.value), _better(paired, facts.alpha), _wins(paired))
        for name, paired in pairs.items()
        for at in [Interval(paired["gain"], paired["gain_low"], paired["gain_high"])]
    ]
    if not rows:
        return None
    of = "" if facts.target == "label" else f"{facts.primary.replace('_', ' ')}, "
    answer = f"By {of}on the same rows; coloured" if of else "On the same rows; coloured"
    shown = pictures.points if pictures.is_share(facts.primary) else pictures.plain
    answer += f" where the paired test shows a difference (p below {facts.alpha:g})."
    return pictures.card("Is it better?", answer, pictures.whiskers(rows, mark=0.0, shown=shown))


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
    primary, found = facts.primary, slices(facts.metrics)
    whole = interval(facts.metrics, "model", primary)
    shown = [one for one in found if one[1] >= FEWEST_ROWS][:MOST_SLICES]
    if not shown or whole is None:
        return None
    rows = [
        Whisker(name, at, pictures.worth(primary, at.value), "bad" if is_weaker(primary, at, whole) else "soft",
                range=f"{rows} rows")
        for name, rows, at in shown
    ]  # fmt: skip
    below = [row for row in rows if row.tone == "bad"]
    side = "below" if scoring.sign(primary) > 0 else "above"
    answer = f"{len(below)} of {len(found)} slices lie {side} the whole by more than chance" if below else (
        f"No slice of {len(found)} lies {side} the whole by more than chance"
    )  # fmt: skip
    caption = f"{answer}; the weakest with {FEWEST_ROWS} rows or more, the dashed line is the whole."
    shown_as = pictures.percents if pictures.is_share(primary) else pictures.plain
    return pictures.card("Where is it weak?", caption, pictures.whiskers(rows, mark=whole.value, shown=shown_as))


def each_class(facts: VersionFacts) -> Html | None:
    """Draw F1 of each label or type, the weakest first."""
    found = facts.metrics.get("per_class") or {}
    scores = [(name, one, interval(one, "f1")) for name, one in found.items()]
    known = sorted([(at.value, name, one, at) for name, one, at in scores if at is not None], key=lambda one: one[:2])
    if not known:
        return None
    rows = [
        Whisker(name, at, pictures.score(at.value), "mark", f"{one.get('rows')} true, {one.get('predicted')} given")
        for _, name, one, at in known[:MOST_CLASSES]
    ]
    kind = "types of entities" if facts.target == "entities" else "labels"
    answer = f"F1 of each of {len(known)} {kind}" + ("" if len(known) <= MOST_CLASSES else "; the weakest")
    return pictures.card("What does it find?", f"{answer}.", pictures.whiskers(rows))


def writes(facts: VersionFacts) -> Html | None:
    """Show how long its answers are beside those that were asked for, and how many are empty."""
    found = facts.metrics.get("words") or {}
    rows = [
        (pictures.plain(one["median"]), f"words in half of the {side}, or fewer",
         f"{pictures.plain(one['percentile_95'])} in 95 of 100; {one['most']} at most")
        for side, one in found.items() if one
    ]  # fmt: skip
    if not rows:
        return None
    empty = facts.metrics.get("empty_predictions")
    answer = f"{empty} of {facts.metrics.get('test_rows')} rows got no answer." if empty else "Every row got an answer."
    return pictures.card("How long are its answers?", answer, pictures.flow(rows))


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
