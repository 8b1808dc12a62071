"""The aliases are what the recorded decisions made them: a champion that somebody set by hand has no evidence."""

from __future__ import annotations

from pathlib import Path

from retune.core.checkup import Finding, Look
from retune.core.errors import UnavailableError
from retune.io.promotion import registry_faults

QUICK = False


def examine(look: Look) -> list[Finding]:
    """Compare the decisions on each model with its aliases, and whether a second person can be told from the first."""
    try:
        faults = [fault for model in look.models for fault in registry_faults(Path(look.root), model)]
    except UnavailableError:
        return [Finding("warning", "not asked: MLflow does not answer")]
    return [Finding("warning", fault) for fault in faults] or [Finding("well", "aliases and decisions agree")]
