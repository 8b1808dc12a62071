"""What was exported of the version that a model continues: beside base.json, which pins it by its hashes."""

from __future__ import annotations

from pathlib import Path

from retune.core.errors import IntegrityError, UserError
from retune.modeling import bases
from retune.modeling.bases import BaseIdentity, Parent

FOLDER, MODEL, SEEN = "parent", "model", "seen.parquet"


def located(base: Path, parent: Parent) -> Path:
    """Return the folder of a parent beside its base.json; IntegrityError if a file is not the pinned one."""
    place = base.with_name(FOLDER)
    for name, expected in parent.files.items():
        if not (place / name).is_file():
            found, todo = f"no {name} in {place}", "Run `make pipeline`: it exports the version again."
            raise UserError(expected=f"version {parent.version} of {parent.model}", found=found, todo=todo)
        if bases.sha256(place / name) != expected:
            raise IntegrityError(
                f"{place / name} is not the file of {parent.model} version {parent.version}, which {base.name} pins; "
                f"delete {place} and run `make pipeline`"
            )
    return place


def root_of(identity: BaseIdentity) -> BaseIdentity:
    """Return the base itself, without the parent: a tuned model stands on it alone."""
    return BaseIdentity.from_dict({**identity.as_dict(), "parent": None})
