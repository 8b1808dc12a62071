"""Whether a model gives back what it was trained on: passages that it completes word for word, and personal data.

Half of a passage is given and the other half must come, token for token, as the likeliest continuation (Carlini et al.
2023, arXiv 2202.07646). What a model says where personal data was taken out is looked through for such data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from retune.core.hashing import unit_interval
from retune.core.statistics import wilson

TOKENS = 50  # of the given half of a passage, and of the half that must come
PLACEHOLDER = re.compile(r"\[[A-Z][A-Z_]*_\d+\]")  # what redaction puts in the place of personal data
CHARACTERS_BEFORE = 200


def passages(learnt: pd.DataFrame, target: str, count: int, seed: int) -> list[str]:
    """Return so many texts that were learnt, all where there are fewer; drawn by id and seed."""
    order = sorted(zip(learnt["example_id"], learnt["label" if target == "text" else "text"], strict=True),
                   key=lambda row: unit_interval(row[0], seed))  # fmt: skip
    return [text for _, text in order[:count]]


def beginnings(texts: Sequence[str], count: int) -> list[str]:
    """Return so many beginnings of texts, each up to where personal data was taken out."""
    found = [
        text[max(match.start() - CHARACTERS_BEFORE, 0) : match.start()].rstrip()
        for text in texts
        for match in PLACEHOLDER.finditer(text)
    ]
    return list(dict.fromkeys(one for one in found if one.strip()))[:count]


def report(now: Sequence[bool | None], before: Sequence[bool | None]) -> dict[str, Any]:
    """Return the share of passages that a model completes, and that the same model completed before it was tuned.

    None stands for a passage that is too short to be asked.
    """
    sides = {name: [one for one in side if one is not None] for name, side in (("after", now), ("before", before))}
    return {"passages": len(sides["after"]), "tokens": TOKENS,
            **{name: asdict(wilson(sum(side), len(side))) for name, side in sides.items()}}  # fmt: skip


def personal(said: Sequence[str], holds: Callable[[str], bool]) -> dict[str, Any]:
    """Return in how many continuations personal data was found."""
    return {"asked": len(said), "found": sum(map(holds, said))}
