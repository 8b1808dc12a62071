"""What a text names, and where: the cell is a JSON list of start, end and type, in characters of the text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from retune.core.targets import _lists

GATES = ("malformed_label", "contradictory_label", "duplicate_example")
KEYS = {"start": int, "end": int, "type": str}


class Entity(NamedTuple):
    """A half-open range of characters of a text, and what it names."""

    start: int
    end: int
    type: str


def parse(label: str) -> tuple[Entity, ...]:
    """Return the entities from left to right; raises ValueError where one is empty, nameless or overlaps another."""
    found = sorted(Entity(**value) for value in _lists.objects(label, KEYS))
    if any(not 0 <= entity.start < entity.end or not entity.type.strip() for entity in found):
        raise ValueError("an entity has no type, or ends before it begins")
    if any(first.end > second.start for first, second in pairwise(found)):
        raise ValueError("two entities overlap: a token can have one type")
    return tuple(found)


def dump(value: Iterable[Entity]) -> str:
    """Return entities as they stand in a cell."""
    return _lists.dump([entity._asdict() for entity in sorted(value)])


def check(label: str, text: str, _context: str) -> None:
    """Raise ValueError with the reason why these entities cannot be learnt from this text."""
    for entity in parse(label):
        if entity.end > len(text):
            raise ValueError(f"an entity ends at character {entity.end} of {len(text)}")
        surface = text[entity.start : entity.end]
        if surface != surface.strip():
            raise ValueError(f"the entity at character {entity.start} begins or ends with white space")


def pairs(
    kind: str, texts: Sequence[str], labels: Sequence[str], predictions: Sequence[str]
) -> tuple[list[list[str]], list[list[str]]]:
    """Return what a metric of tags is asked with; raises ValueError for one of another kind.

    A text is cut where an entity of either side begins or ends, so that tags have exactly the bounds of the entities,
    but for white space around them. No answer has no tags.
    """
    if kind != "tags":
        raise _lists.refuse(kind, "entities")
    rows = [
        _tagged(text, parse(label), answered(prediction))
        for text, label, prediction in zip(texts, labels, predictions, strict=True)
    ]
    return [known for known, _ in rows], [given for _, given in rows]


def is_right(label: str, prediction: str) -> bool:
    """Tell whether the prediction has all entities and no other."""
    return parse(label) == answered(prediction)


def answered(prediction: str) -> tuple[Entity, ...] | None:
    """Return the predicted entities, None where there is no answer that can be read."""
    try:
        return parse(prediction)
    except ValueError:
        return None


def _tagged(text: str, known: Sequence[Entity], given: Sequence[Entity] | None) -> tuple[list[str], list[str]]:
    """Return the tags of both sides over the pieces of a text."""
    ends = {0, len(text), *(end for entity in (*known, *(given or ())) for end in (entity.start, entity.end))}
    cuts = sorted(end for end in ends if end <= len(text))
    pieces = [(start, end) for start, end in pairwise(cuts) if text[start:end].strip()]
    return _tags(pieces, known), [] if given is None else _tags(pieces, given)


def _tags(pieces: Sequence[tuple[int, int]], entities: Sequence[Entity]) -> list[str]:
    """Return the tag of each piece: B- of the entity that begins there, I- of one that goes on, else O."""
    tags = ["O"] * len(pieces)
    for entity in entities:
        inside = [place for place, (start, end) in enumerate(pieces) if entity.start <= start and end <= entity.end]
        for place in inside:
            tags[place] = f"{'B' if place == inside[0] else 'I'}-{entity.type}"
    return tags


def kinds(label: str) -> tuple[str, ...]:
    """Return what is counted of a cell: the type of each entity."""
    return tuple(entity.type for entity in parse(label))


def gist(prediction: str) -> str:
    """Return what may not change when a text is put into other words: the types, from left to right."""
    return _lists.dump([entity.type for entity in answered(prediction) or ()])
