"""Pin the base of a model: its id, revision and hashes, in a file that training depends on."""

from __future__ import annotations

from pathlib import Path

from retune.core.params.resolve import ResolveParams
from retune.io.files import write_json
from retune.modeling import bases


def resolve(*, base: Path, params: ResolveParams) -> None:
    """Write the identity of the base that the settings name; a base that is not there raises UserError."""
    write_json(base, bases.resolve(params.base, params.revision).as_dict())
