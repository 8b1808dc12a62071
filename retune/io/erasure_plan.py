"""What a deletion will do, found out before anything is changed: the documents, what came of them, who saw them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from retune.core.forget import Request, Target, taken_of, target_of
from retune.core.lineage import by_number, descendants
from retune.core.params.ingest import IngestParams
from retune.core.tombstones import SOURCE
from retune.io import erasing, lineage, lineage_mirror, source, traces
from retune.io.files import read_frame
from retune.io.objects import old_files, stores
from retune.io.originals import folders_of, read_folder, read_objects
from retune.io.tracking import Tracking

Plan = dict[str, Any]  # what a journal holds: values that JSON can hold


def of_everything(root: Path, params: IngestParams, tracking: Tracking, request: Request) -> Plan:
    """Look through everything that holds documents: the source, data/, all states of it that DVC has, every table."""
    found, closed = stores(root)
    near = [store for store in found if store.folder is not None]
    present = source.listing(root / source.FOLDER)
    now = [read_folder(folder, params) for folder in folders_of(root, source.read_source(root))]
    earlier_files = old_files(near, {})
    earlier = read_objects(earlier_files, params)
    taken, marks = taken_of([pair for read in [*now, earlier] for pair in read.files], request.marks)
    target = traces.grown(erasing.tables_of(root, near), _named(root, tracking, target_of(taken, marks)))
    hashes, paths = {one.sha256 for one in taken}, {one.path for one in taken}
    files = zip(sorted(earlier_files), earlier.files, strict=True)
    objects = {md5 for (_, md5), (file, _) in files if file.sha256 in hashes}
    return {
        "target": target.as_dict(),
        "documents": sorted({piece.document_id for one in taken for piece in one.pieces}),
        "objects": sorted(objects | {md5 for path, md5 in present.items() if path in paths}),
        **_versions(root, target),
        "unread": len(set().union(*(read.unread for read in now))),
        "closed": closed,
    }


def of_versions(root: Path, tracking: Tracking, request: Request) -> Plan:
    """Find the versions that saw documents which stay, as after their access label was raised."""
    target = _named(root, tracking, target_of([], request.marks))
    documents = sorted(request.documents)
    return {"target": target.as_dict(), "documents": documents, **_versions(root, target), "unread": 0}


def relabelled(root: Path) -> tuple[str, ...]:
    """Return the documents that the gate on access labels keeps out now: their label may have been raised since."""
    rejected = root / "artifacts" / "corpus" / "validate" / "rejected.parquet"
    if not rejected.exists():
        return ()
    rows = read_frame(rejected)
    return tuple(sorted(rows.loc[rows["gate"] == "access_label", "row_id"]))


def _named(root: Path, tracking: Tracking, target: Target) -> Target:
    """Return the target with every document that a version ever had from its files, by an index that is up to date."""
    lineage_mirror.mirror(root, tracking, again=set())
    with lineage.reading(root) as index:
        below = {name for kind, path in target.marks if kind == SOURCE for name in index.documents_below(path)}
    return replace(target, documents=target.documents | below)


def _versions(root: Path, target: Target) -> dict[str, Any]:
    """Return the versions that saw what goes, and those that may have: their links, or their parent's, are lost."""
    with lineage.reading(root) as index:
        found, lost = index.versions_of(target.documents), index.unknown()
        doubtful = {*lost, *descendants(index.parents(), lost)} - {(one.model, one.version) for one in found}
    return {
        "versions": [{"model": one.model, "version": one.version, "sides": list(one.sides)} for one in found],
        "cannot_be_told": [one._asdict() for one in sorted(doubtful, key=by_number)],
    }
