"""Step compare: two versions on the test rows that both answered, and what differs in their settings and data."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd

from retune.core.errors import UserError
from retune.core.version_comparison import Comparison, comparison
from retune.io.mlflow_store import answering, default_uri
from retune.io.registry import CHAMPION, PREVIOUS, Registry, Version
from retune.io.tracking import Tracking
from retune.io.version_report import answers_of, gather, numbered
from retune.project import read_project


def compare(*, root: Path, model: str, first: str, second: str) -> Comparison:
    """Compare two versions, each given by number or alias.

    Without names it is the champion against the newest version, or against the one before it where that is the newest.
    """
    project = read_project(root)
    experiment, seed = project.tracking.experiment, project.models[model].evaluate.seed
    tracking, registry = Tracking(default_uri(root), experiment), Registry(default_uri(root), model, experiment)
    versions = [numbered(registry, name) for name in named(registry, first, second)]
    with tempfile.TemporaryDirectory(prefix="retune-compare-") as scratch, answering(tracking.uri):
        one, two = (_answers(tracking, version, Path(scratch) / version.number) for version in versions)
    before, after = (gather(tracking, model, version.run_id, registry, version.number) for version in versions)
    return comparison(before, after, (one, two), seed)


def _answers(tracking: Tracking, version: Version, scratch: Path) -> pd.DataFrame:
    """Return a version's answers to its test rows; raises UserError where its run does not hold them."""
    answers = answers_of(tracking, version.run_id, scratch)
    if answers is None:
        todo = "Compare versions whose runs have evaluation/predictions.parquet."
        raise UserError(expected=f"the answers of version {version.number}", found="none in its run", todo=todo)
    return answers


def named(registry: Registry, first: str, second: str) -> tuple[str, str]:
    """Return which two versions are meant; raises UserError where there is only one."""
    if first and second:
        return first, second
    aliases, newest = registry.aliases(), registry.newest(but="")
    champion, last = first or aliases.get(CHAMPION, ""), newest.number if newest is not None else ""
    pair = (champion, last) if champion != last else (aliases.get(PREVIOUS, ""), champion)
    if not all(pair):
        todo = "Name both: retune compare 1 2; `make pipeline` makes versions."
        raise UserError(expected=f"two versions of {registry.name}", found=f"version {last or 'none'} alone", todo=todo)
    return pair
