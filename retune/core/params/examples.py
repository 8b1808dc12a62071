"""Settings of examples: which documents become training examples, and with which label."""

from __future__ import annotations

from typing import Any

from retune.core.params.base import Settings
from retune.core.params.validate import ExampleRules


class ExamplesParams(Settings):
    """Settings of examples."""

    builder: str
    """How labels are found: one of the files in retune/core/builders."""

    options: dict[str, Any]
    """The builder's own settings."""

    with_title: bool
    """Put the document's title before its text."""

    side_column: str
    """The document's metadata that gives its side for `strategy: column` of the split; empty: none."""

    slices: list[str]
    """The columns or metadata by which scores are told apart, such as department or language; age, source, length
    and label are always among them."""

    rules: ExampleRules
    """What the gates on examples look for; how much of it may be found is said in the model's `gate`."""
