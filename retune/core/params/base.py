"""What all settings share: they are frozen, closed, and documented by the sentence under each field."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """A closed set of settings: a misspelt key is an error, and nothing changes after it was read."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=False, strict=False
    )
