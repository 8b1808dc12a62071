"""Rows that have nothing to mend, and what runs the checks on rows that have one thing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from retune.core.prepare.findings import Finding
from retune.core.prepare.pairs import Checked, Said, check
from retune.core.prepare.sheet import Measure

CHARACTERS = Measure("characters", 10_000, len)
WORDS = ["amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath", "inlet", "jetty"]


def yes(name: str, finding: Finding) -> bool:
    """Accept what is recommended."""
    return True


def no(name: str, finding: Finding) -> bool:
    """Decline what is recommended."""
    return False


def word(number: int) -> str:
    """Return words that begin and end differently from one number to the next."""
    return f"{WORDS[number % 10]} {number} {WORDS[(number + number // 10) % 10]}"


def clean(rows: int = 120) -> list[dict[str, str]]:
    """Return rows for conditional generation in which no check has anything to mend."""
    return [{"prompt": f"{word(row)} ->", "completion": f" {word(row + 7)}.\n"} for row in range(rows)]


def labelled(rows: int = 120, labels: Sequence[str] = (" no", " perhaps")) -> list[dict[str, str]]:
    """Return rows of classes, the first label most often."""
    return [
        {"prompt": f"{word(row)} ->", "completion": labels[max(row % (len(labels) + 1) - 1, 0)]} for row in range(rows)
    ]


def run(rows: Sequence[Any], accept: Any = yes, measure: Measure = CHARACTERS) -> Checked:
    """Return what the checks make of rows."""
    return check(rows, measure, accept)


def of(done: Checked, name: str) -> list[Said]:
    """Return what one check said."""
    return [one for one in done.said if one.check == name]


def levels(done: Checked, name: str) -> list[str]:
    """Return the levels of what one check said."""
    return [one.finding.level for one in of(done, name)]


def completions(done: Checked) -> list[str]:
    """Return the completions that stand."""
    return done.sheet.texts("completion")


def prompts(done: Checked) -> list[str]:
    """Return the prompts that stand."""
    return done.sheet.texts("prompt")
