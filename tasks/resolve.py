"""Pin the base of a model: its id, revision and hashes, in a file that training depends on."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from retune.core import parts
from retune.core.errors import RetuneError, UserError
from retune.core.hosted import HOSTED, SCHEME
from retune.core.params.resolve import ResolveParams
from retune.io import parents
from retune.io.files import read_json, write_json
from retune.io.mlflow_store import default_uri
from retune.io.parents import Source
from retune.io.place import Place
from retune.io.registry import FINGERPRINT, Version
from retune.modeling import bases, exported, unsafe
from retune.modeling.bases import BaseIdentity, Parent
from retune.modeling.folder import read_page
from retune.project import read_project


def resolve(*, root: Path, model: str, params: ResolveParams) -> None:
    """Write the identity of the base that the settings name; a base that is not there raises UserError.

    For `registry:<model>@champion` it is the base of that version, with the version as parent, whose weights are
    exported beside the file. The parent stays while its training has learnt the rows as they are; new rows continue
    the version that is champion by then. UserError for one that was withdrawn. What a service tunes is pinned by the
    step fine_tune: until then the file names the base alone, and training on it raises UserError.
    """
    place = Place(root, model)
    if params.base.startswith(SCHEME):
        _await_job(place, params.base)
        return
    if params.base.startswith(parents.REGISTRY):
        identity = _continued(place, params.base)
        bases.refuse_licence(identity.id, identity.licence, params.licences)
        write_json(place.base, identity.as_dict())
        return
    write_json(place.base, bases.resolve(params.base, params.revision, params.licences).as_dict())
    shutil.rmtree(place.base.with_name(exported.FOLDER), ignore_errors=True)


def refuse_misfit(*, root: Path, model: str, family: str) -> None:
    """Raise UserError where the pinned base is of an architecture that the family does not take."""
    identity = BaseIdentity.from_dict(read_json(Place(root, model).base))
    known = parts.find("retune.modeling.families", family).ARCHITECTURES
    if identity.architecture and identity.architecture not in known:
        raise UserError(
            expected=f"a base for models.{model}.family: {family}, which takes {', '.join(known) or 'none from here'}",
            found=f"{identity.architecture} in {identity.id}",
            todo="Choose another family or base in params.yaml; docs/families.md has which takes which.",
        )


def _await_job(place: Place, spec: str) -> None:
    """Leave what a job made of that base where it is pinned, else write that there is none yet."""
    if place.base.exists() and BaseIdentity.from_dict(read_json(place.base)).id == spec:
        return
    asked = BaseIdentity(
        id=spec, kind=HOSTED, revision="", weights_sha256="", files={}, licence="", architecture=""
    )  # fmt: skip
    write_json(place.base, asked.as_dict())


def _continued(place: Place, spec: str) -> BaseIdentity:
    """Return the base of the version that is continued, with that version as parent."""
    uri, experiment = default_uri(place.root), read_project(place.root).tracking.experiment
    source = parents.source_of(spec, uri, experiment)
    pinned = _pinned(place, source.registry.name)
    parent = pinned.parent if pinned else None
    stays = source.registry.version(parent.version) if parent and parents.has_learnt(place) else None
    version = stays or source.version()
    parents.refuse_withdrawn(uri, experiment, source.registry.name, version)
    if pinned and parent and parent.version == version.number and _is_whole(place, parent):
        return pinned
    return _exported(place, source, version)


def _pinned(place: Place, name: str) -> BaseIdentity | None:
    """Return what is pinned, None where it is no version of that model."""
    if not place.base.exists():
        return None
    identity = BaseIdentity.from_dict(read_json(place.base))
    return identity if identity.parent and identity.parent.model == name else None


def _is_whole(place: Place, parent: Parent) -> bool:
    """Tell whether what was exported of the parent is there as it was."""
    try:
        exported.located(place.base, parent)
    except RetuneError:
        return False
    return True


def _exported(place: Place, source: Source, version: Version) -> BaseIdentity:
    """Export a version beside base.json and return its base with it as parent."""
    folder = place.base.with_name(exported.FOLDER)
    files = parents.export(source, version, folder, exported.MODEL)
    unsafe.refuse(folder / exported.MODEL)
    base = read_page(folder / exported.MODEL).base
    bases.locate(base)
    parent = Parent(source.registry.name, version.number, version.tags.get(FINGERPRINT, ""), files)
    return replace(base, parent=parent)
