"""Step export: a registered version as a folder that transformers or peft loads, with its card and how it is asked."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from retune.core.errors import UserError
from retune.core.model_card import card
from retune.core.usage import Usage, section
from retune.io import logged_model, promotion
from retune.io.files import whole_folder, write_text
from retune.io.mlflow_store import default_uri
from retune.io.registry import CHAMPION, PACKAGE, Registry
from retune.io.tracking import Tracking
from retune.io.version_report import gather, numbered
from retune.project import read_project

CARD = "README.md"


def export(*, root: Path, model: str, version: str, folder: Path, merged: bool, now: datetime) -> Usage:
    """Write a version, given by number or alias (the champion for none), into a new folder; returns how it is loaded.

    Raises UserError where the folder is there already, GateError for a version that was withdrawn, and IntegrityError
    where its files are not those that were registered.
    """
    if folder.exists():
        found, todo = "there is one already", "Name another, or remove it."
        raise UserError(expected=f"no {folder} yet", found=found, todo=todo)
    uri, experiment = default_uri(root), read_project(root).tracking.experiment
    registry = Registry(uri, model, experiment)
    found_version = numbered(registry, version or CHAMPION)
    promotion.check_usable(found_version)
    facts = gather(Tracking(uri, experiment), model, found_version.run_id, registry, found_version.number, now)
    from retune.modeling import exporting

    package = found_version.tags.get(PACKAGE, "")
    with logged_model.checked(uri, found_version.source, package) as fetched, whole_folder(folder) as partial:
        usage = exporting.write(fetched / "artifacts" / "model", partial, merged=merged)
        write_text(partial / CARD, f"{card(facts)}\n{section(usage)}")
    return usage
