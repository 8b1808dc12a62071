"""What the runs in MLflow know of lineage, mirrored into the index of the checkout.

A run that logged no links has recorded its dvc.lock: then they are put together from DVC's cache.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retune.core.fingerprint import hash_of
from retune.core.lineage import LINKS, Link, Name, Training
from retune.io.files import read_frame, sha256_file, write_frame
from retune.io.lineage import Index, index_file, reading, writing
from retune.io.mlflow_store import answering, quoted
from retune.io.place import Place
from retune.io.registry import FINGERPRINT, MODEL, PARENT_MODEL, PARENT_VERSION, Registry
from retune.io.settings import read_yaml
from retune.io.tracking import KIND, VERSION, Tracking

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "rows/lineage"  # of a run: one table of links per file, named by its hash
ACCESS_LABELS = "retune.access_labels"  # on a version: those of the documents that it, or its parents, learnt
HASH_LENGTH = 16
RUNS_PER_PAGE = 1000


@dataclass(frozen=True)
class Trained:
    """A run that became a version."""

    name: Name
    run: Any


def record(place: Place, tracking: Tracking, registry: Registry, run_id: str, number: str) -> None:
    """Log the links of the present split to a version's run, mirror what the index lacks, tag the version's labels.

    The same training may have had them under other names before: a file that was renamed changes no example.
    """
    with tempfile.TemporaryDirectory(prefix="retune-links-") as scratch:
        plain = Path(scratch) / "links.parquet"
        write_frame(plain, present_links(place), LINKS)
        named = plain.rename(plain.with_name(f"{sha256_file(plain)[:HASH_LENGTH]}.parquet"))
        known = index_file(place.root).exists() and (run_id, named.stem) in _known(place.root)
        if not known:
            tracking.log_files(run_id, [named], FOLDER)
    mirror(place.root, tracking, again={run_id} if not known else set())
    with reading(place.root) as index:
        labels = index.access_labels(Name(place.name, number))
    registry.tag(number, {ACCESS_LABELS: ",".join(labels)})


def present_links(place: Place) -> pd.DataFrame:
    """Return the links [LINKS] of a checkout: each document of the corpus with the examples that the split kept."""
    documents = read_frame(place.corpus / "redact" / "clean.parquet")
    sides = read_frame(place.model / "split" / "lineage.parquet")
    return _joined(documents, sides)


def mirror(root: Path, tracking: Tracking, *, again: set[str]) -> list[Training]:
    """Add to the index the runs of versions that it lacks, and those of `again` in any case; return what was added."""
    added: list[Training] = []
    with writing(root) as index:
        known = {one.run_id for one in index.trainings()}
        for found in _trained(tracking):
            if found.run.info.run_id not in known or found.run.info.run_id in again:
                added += _add(root, tracking, index, found)
    return added


def rebuild(root: Path, tracking: Tracking) -> list[Training]:
    """Make the index anew from MLflow and DVC's cache, and return all that it holds."""
    index_file(root).unlink(missing_ok=True)
    return mirror(root, tracking, again=set())


def _known(root: Path) -> set[tuple[str, str]]:
    """Return the runs in the index with their tables of links; a damaged index has none."""
    with writing(root) as index:
        return {(one.run_id, one.links) for one in index.trainings()}


def _trained(tracking: Tracking) -> Iterator[Trained]:
    """Yield each run that became a version, of whatever model: also of one that params.yaml has no more."""
    versions = _first_runs(tracking)
    for run in _runs(tracking):
        tags = run.data.tags
        name = versions.get(run.info.run_id)
        if name is None and VERSION in tags and MODEL in tags:
            name = Name(tags[MODEL], tags[VERSION])
        if name is not None:
            yield Trained(name, run)


def _first_runs(tracking: Tracking) -> dict[str, Name]:
    """Return the registered version of each run that made one: its process may have died before the run said so."""
    found: dict[str, Name] = {}
    token = None
    with answering(tracking.uri):
        while True:
            page = tracking.client.search_model_versions("", page_token=token)
            found.update({str(one.run_id): Name(one.name, str(one.version)) for one in page if FINGERPRINT in one.tags})
            token = page.token
            if not token:
                return found


def _runs(tracking: Tracking) -> Iterator[Any]:
    """Yield all trainings of the experiment, the oldest first."""
    token = None
    with answering(tracking.uri):
        while True:
            page = tracking.client.search_runs(
                [tracking.experiment],
                quoted({KIND: "training"}),
                max_results=RUNS_PER_PAGE,
                order_by=["attributes.start_time ASC"],
                page_token=token,
            )
            yield from page
            token = page.token
            if not token:
                return


def _add(root: Path, tracking: Tracking, index: Index, found: Trained) -> list[Training]:
    """Add all tables of links of a run; one that has none is added as unknown, so that an answer can say so."""
    training = _training(found)
    with tempfile.TemporaryDirectory(prefix="retune-links-") as scratch:
        tables = _tables(root, tracking, found, Path(scratch))
        if not tables:
            tables, training = {"": None}, replace(training, is_known=False)
        added = [replace(training, links=name) for name in tables]
        index.drop(training.run_id)
        for one in added:
            table = tables[one.links]
            index.record(one, _links(table) if table is not None else ())
    return added


def _tables(root: Path, tracking: Tracking, found: Trained, scratch: Path) -> dict[str, pd.DataFrame | None]:
    """Return a run's tables of links by their names: from its files, else from DVC's cache by its dvc.lock."""
    folder = tracking.fetch(found.run.info.run_id, FOLDER, scratch)
    if folder is not None:
        return {path.stem: read_frame(path) for path in sorted(folder.glob("*.parquet"))}
    lock = tracking.fetch(found.run.info.run_id, "lineage/dvc.lock", scratch)
    outs = _outs(lock) if lock is not None else {}
    wanted = ("artifacts/corpus/redact/clean.parquet", f"artifacts/models/{found.name.model}/split/lineage.parquet")
    files = [_cached(root, outs[path]) for path in wanted if path in outs]
    if len(files) != len(wanted) or not all(path.exists() for path in files):
        return {}
    documents, sides = map(read_frame, files)
    return {outs[wanted[1]][:HASH_LENGTH]: _joined(documents, sides)}


def _outs(lock: Path) -> dict[str, str]:
    """Return the hash of each out in a dvc.lock."""
    stages = read_yaml(lock).get("stages", {}).values()
    return {str(out["path"]): hash_of(out) for stage in stages for out in stage.get("outs", [])}


def _cached(root: Path, md5: str) -> Path:
    """Return where DVC's cache keeps a file."""
    return root / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]


def _joined(documents: pd.DataFrame, sides: pd.DataFrame) -> pd.DataFrame:
    """Return links [LINKS]: documents without an example stay, and answers that people corrected have no document."""
    about = documents[["document_id", "source_path", "access_label"]]
    return about.merge(sides[["document_id", "example_id", "side"]], on="document_id", how="outer").fillna("")


def _links(table: pd.DataFrame) -> Iterator[Link]:
    """Return the rows of a table of links."""
    return map(Link._make, table[list(LINKS)].itertuples(index=False, name=None))


def _training(found: Trained) -> Training:
    """Return what a run says of its training."""
    tags, info = found.run.data.tags, found.run.info
    parent = Name(tags[PARENT_MODEL], tags[PARENT_VERSION]) if PARENT_VERSION in tags else None
    inputs = found.run.inputs.dataset_inputs if found.run.inputs else []
    return Training(
        run_id=info.run_id,
        name=found.name,
        trained=datetime.fromtimestamp(info.start_time / 1000, UTC).isoformat(timespec="seconds"),
        parent=parent,
        datasets={one.dataset.name: one.dataset.digest for one in inputs},
    )
