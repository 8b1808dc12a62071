"""Rows to train on and rows to validate with; the same prompt is never on both sides."""

from __future__ import annotations

import random
from collections import defaultdict

from retune.core.prepare.sheet import PROMPT, Row, Sheet

MAX_VALIDATION = 1000
TRAIN_SHARE = 0.8
SEED = 42


def train_rows(rows: int) -> int:
    """Return how many of so many rows are trained on."""
    return max(rows - MAX_VALIDATION, int(rows * TRAIN_SHARE))


def divided(sheet: Sheet) -> tuple[list[Row], list[Row]]:
    """Return the rows of each side in the order of the file; the same rows are divided the same every time.

    Prompts equal but for case and spaces stay together, so the training side may miss its number by less than such
    a group; with different prompts it is exact.
    """
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in sheet.rows:
        groups[" ".join(row.text(PROMPT).split()).casefold()].append(row)
    order = sorted(groups)
    random.Random(SEED).shuffle(order)
    room, train = train_rows(len(sheet.rows)), set()
    for prompt in order:
        if len(groups[prompt]) <= room:
            room -= len(groups[prompt])
            train |= {row.number for row in groups[prompt]}
    kept = [row for row in sheet.rows if row.number in train]
    return kept, [row for row in sheet.rows if row.number not in train]
