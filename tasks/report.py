"""Step report: the page of a version and its model card, from what MLflow holds on it, to its run and to this disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from retune.core.footprint import Step, footprint, scores
from retune.core.model_card import card
from retune.core.run_report import RAN, StageRow
from retune.core.version_facts import VersionFacts, is_number
from retune.core.version_page import page
from retune.io.files import write_text
from retune.io.footprint import steps_of
from retune.io.mlflow_store import default_uri
from retune.io.place import Place
from retune.io.registry import Registry
from retune.io.tracking import Tracking
from retune.io.version_report import CARD, FOOTPRINT, REPORT, gather, numbered
from retune.project import read_project


def report(*, root: Path, model: str, version: str, now: datetime, stages: Sequence[StageRow] = ()) -> Path:
    """Write the page and the card of a version, given by number or alias; returns where the page lies.

    `stages` are those of the execution that trained it: what they took is recorded with its run, once.
    """
    experiment = read_project(root).tracking.experiment
    tracking, registry = Tracking(default_uri(root), experiment), Registry(default_uri(root), model, experiment)
    found = numbered(registry, version)
    facts = gather(tracking, model, found.run_id, registry, found.number, now)
    if not facts.footprint:
        facts = _counted(root, tracking, found.run_id, facts, stages)
    path = page_of(root, model, found.number)
    write_text(path, page(facts))
    tracking.log_text(found.run_id, page(facts), REPORT)
    tracking.log_text(found.run_id, card(facts), CARD)
    return path


def page_of(root: Path, model: str, number: str) -> Path:
    """Return where the page of a version lies in a checkout."""
    return Place(root, model).model / "report" / f"version-{number}.html"


def _counted(
    root: Path, tracking: Tracking, run_id: str, facts: VersionFacts, stages: Sequence[StageRow]
) -> VersionFacts:
    """Return the facts with what it took to make the version, and record that with its run."""
    trained = any(row.stage == f"train@{facts.model}" and row.state == RAN for row in stages)
    seconds = (facts.timings.get("seconds") or {}).get("total")
    given = int(facts.timings.get("gpus") or 0), facts.facts.get("train_tokens")
    alone = [Step(f"train@{facts.model}", float(seconds), *given)] if is_number(seconds) else []  # by bare `dvc repro`
    steps = steps_of(root, stages) if trained else alone
    if not steps:
        return facts
    found = footprint(steps, read_project(root).machine)
    tracking.log_text(run_id, json.dumps(found, indent=2), FOOTPRINT)
    tracking.log_scores(run_id, scores(found))
    return replace(facts, footprint=found)
