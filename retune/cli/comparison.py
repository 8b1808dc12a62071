"""What a person reads of two versions side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retune.core import scoring

if TYPE_CHECKING:
    from retune.core.version_comparison import Comparison

LONGEST = 44  # letters of a setting's value
IDS = 8


def show(found: Comparison) -> None:
    """Print a comparison."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{found.model}: version {found.versions[0]} against version {found.versions[1]}", markup=False)
    console.print(table(f"on {found.common_rows} common test rows", found, found.scores))
    console.print("\n".join(paired(found)), markup=False)
    if found.not_common:
        told = f"{found.not_common} test rows were answered by one of them alone, or have another label now."
        console.print(f"\n{told} Not to be compared:", markup=False)
        console.print(table("on their own test rows", found, found.own_scores))
    for title, values in (("settings that differ", found.settings), ("data that differs", found.data)):
        console.print(table(title, found, values) if values else f"{title}: none")


def table(title: str, found: Comparison, values: dict[str, list[Any]]) -> object:
    """Return values of both versions side by side."""
    from rich.box import SIMPLE
    from rich.table import Table

    made = Table(box=SIMPLE, pad_edge=False)
    for heading in (title, *(f"version {number}" for number in found.versions)):
        made.add_column(heading)
    for name, pair in values.items():
        made.add_row(name.replace("_", " "), *(_shown(value) for value in pair))
    return made


def paired(found: Comparison) -> list[str]:
    """Return the paired test on the common rows in words, and the examples that only one of the two has right."""
    first, second = found.versions
    if not found.common_rows:
        return [f"versions {first} and {second} have no test row in common: nothing can be said about which is better"]
    if not found.paired:
        return [f"what {found.primary} says of each row was not kept of both versions"]
    test = found.paired
    gain = scoring.difference(found.primary, test["gain"])
    bounds = scoring.between(found.primary, test["gain_low"], test["gain_high"])
    told = f"version {second} won {test['c']} rows and lost {test['b']}: {gain} {bounds}"
    lines = [f"{told}, {scoring.tested(test)}"]
    has = "has better" if "test" in test else "has right"
    for ids, number, count in ((found.won, second, test["c"]), (found.lost, first, test["b"])):
        rest = f" and {count - IDS} more" if count > IDS else ""
        lines += [f"only version {number} {has}: {', '.join(ids[:IDS])}{rest}"] if ids else []
    return lines


def _shown(value: Any) -> str:
    """Return a value as a person reads it, a score with its interval; a long one is cut."""
    if isinstance(value, dict) and "value" in value:
        return f"{value['value']:.3f}  ({value.get('low', 0):.3f} to {value.get('high', 1):.3f})"
    text = "none" if value is None else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
