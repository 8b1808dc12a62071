"""What a version stands on, and what stands on a document: links, families of versions, and how both are told.

`train` and `validation` rows shape a model; `test` rows only measure it. A version that continues another has learnt
what that one learnt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from retune.core.frames import TEXT

LEARNT = ("train", "validation")
SIDES = (*LEARNT, "test")
THROUGH_PARENT = "parent"  # the side of what a version knows by the version that it continues
TOLD = {
    "train": "was trained on it",
    "validation": "chose its best epoch by it",
    "test": "was measured on it",
    THROUGH_PARENT: "continues a version that learnt from it",
}
LINKS = {"document_id": TEXT, "source_path": TEXT, "access_label": TEXT, "example_id": TEXT, "side": TEXT}


class Name(NamedTuple):
    """One version of one registered model."""

    model: str
    version: str

    def __str__(self) -> str:
        return f"{self.model} {self.version}"


class Link(NamedTuple):
    """One document of a training's corpus and an example that came of it; without one the last fields are empty."""

    document_id: str
    source_path: str  # without personal data, relative to data/
    access_label: str
    example_id: str
    side: str  # one of SIDES


class Saw(NamedTuple):
    """A version that saw documents, and on which sides: of SIDES, or THROUGH_PARENT."""

    model: str
    version: str
    sides: tuple[str, ...]


@dataclass(frozen=True)
class Training:
    """One table of links of a training that became a version; several may belong to one version."""

    run_id: str
    name: Name
    trained: str  # ISO 8601, in UTC
    links: str = ""  # which table of links: files may be renamed, and test rows change, without another training
    parent: Name | None = None  # the version that it continued
    datasets: Mapping[str, str] = field(default_factory=dict)  # documents, train, ...: their hashes in DVC
    is_known: bool = True  # False: neither MLflow nor DVC's cache has its links any more


def descendants(parents: Mapping[Name, Name], of: Iterable[Name]) -> dict[Name, Name]:
    """Return each version that continues one of these, at any depth, with the version that it continues.

    `parents` has the parent of each version that continues one.
    """
    known, found = set(of), dict[Name, Name]()
    while True:
        new = {child: parent for child, parent in parents.items() if parent in known and child not in known}
        if not new:
            return found
        found.update(new)
        known |= set(new)


def ancestors(parents: Mapping[Name, Name], of: Name) -> list[Name]:
    """Return the versions that this one continues, its own parent first."""
    found: list[Name] = []
    following = parents.get(of)
    while following is not None and following not in (of, *found):
        found.append(following)
        following = parents.get(following)
    return found


def saw(sides: Mapping[Name, Iterable[str]], parents: Mapping[Name, Name]) -> list[Saw]:
    """Return the versions that saw documents, those that continue one which learnt them too, by model and number.

    `sides` has, for each version whose own data held them, the sides on which they stood.
    """
    found = {name: set(own) for name, own in sides.items()}
    learners = [name for name, own in found.items() if own & set(LEARNT)]
    learners += descendants(parents, learners)
    for child, parent in parents.items():
        if parent in learners:
            found.setdefault(child, set()).add(THROUGH_PARENT)
    order = (*SIDES, THROUGH_PARENT)
    return [Saw(*name, tuple(side for side in order if side in found[name])) for name in sorted(found, key=by_number)]


def by_number(name: Name) -> tuple[str, int, str]:
    """Order versions by their model and their number; one that is no number comes first."""
    return name.model, int(name.version) if name.version.isdigit() else -1, name.version


def access_labels(own: Iterable[str], inherited: Iterable[str]) -> list[str]:
    """Return the union of the access labels of what a version learnt and of what its parents did."""
    return sorted({*own, *inherited} - {""})


def told(rows: Iterable[Saw], unknown: Iterable[Name]) -> list[str]:
    """Return the versions that saw something as lines, and those of which it cannot be told."""
    lines = [f"  {row.model} {row.version}: {', '.join(TOLD[side] for side in row.sides)}" for row in rows]
    lost = [f"  {name}: cannot be told; its links are neither in MLflow nor in DVC's cache" for name in unknown]
    return (lines or ["  no version is known to have seen it" if lost else "  no version saw it"]) + lost
