"""Small tables without a defect, and the settings that the gates get in tests."""

from typing import Any

import pandas as pd

from retune.core.frames import DOCUMENTS, EXAMPLES

RULES: dict[str, dict[str, Any]] = {
    "text_too_short": {"minimum_characters": 20},
    "text_too_long": {"maximum_characters": 200},
    "language": {"allowed": ["en", "und"]},
    "access_label": {"allowed": ["public", "internal"]},
    "toxic": {"minimum_hits": 1, "further_words": ["wazzock"]},
    "remaining_pii": {"regions": ["GB"], "keep": []},
    "remaining_secret": {"keep": []},
    "unknown_label": {"declared": ["a", "b", "rare", "odd", "lone"]},
    "rare_label": {"minimum_examples": 2},
    "unprepared": {"minimum_examples": 2},
}
WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven", "inlet", "jetty")


def sentence(number: int) -> str:
    """Return a text that no other number has."""
    return f"The {WORDS[number // 10 % 10]} team met the {WORDS[number % 10]} team about the plan for the quay"


def documents(rows: int) -> pd.DataFrame:
    """Return documents with their clusters."""
    ids = [f"doc-{number:02}" for number in range(rows)]
    constant = {"explicit_id": False, "size_bytes": 10, "media_type": "text/markdown", "language": "en", "created": ""}
    constant |= {"department": "it", "access_label": "internal", "parser": "markdown", "parser_version": "1"}
    frame = pd.DataFrame(
        {"document_id": ids, "source_path": [f"{name}.md" for name in ids], **constant}, dtype="object"
    )
    frame = frame.assign(source_sha256="00", title="Minutes", kind="document", metadata="{}", cluster_id=ids)
    return frame.assign(text=[sentence(number) for number in range(rows)])[[*DOCUMENTS, "cluster_id"]]


def examples(rows: int) -> pd.DataFrame:
    """Return examples of two labels, half each, with the faults of their labels: none."""
    ids = [f"example-{number:02}" for number in range(rows)]
    frame = pd.DataFrame({"example_id": ids, "text": [sentence(number) for number in range(rows)]}, dtype="object")
    frame = frame.assign(label=["ab"[number % 2] for number in range(rows)], document_id=ids, context="")
    return frame.assign(explicit_id=True, side="", builder="table", slices="{}")[list(EXAMPLES)].assign(fault="")
