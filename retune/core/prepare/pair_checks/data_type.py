"""What kind of training the rows ask for."""

from __future__ import annotations

from retune.core.prepare.findings import NOTE, Finding
from retune.core.prepare.sheet import CLASSIFICATION, Sheet

ORDER = 80


def look(sheet: Sheet) -> list[Finding]:
    """Say the kind, and for classes that some rows are to be held out."""
    said = f"by its rows this is data for {sheet.kind}"
    if sheet.kind == CLASSIFICATION:
        said += "; hold some rows out of training to see how well the classes are told apart"
    return [Finding(NOTE, said)]
