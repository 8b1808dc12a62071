"""Deleting what goes from everything on disks and servers that holds it; without `erase` it is only counted.

Each function looks at what is there now: a second call finds nothing, so that a kill in between is no harm.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retune.core.examples import FROM_PEOPLE
from retune.core.forget import Target
from retune.io import answers, cache, collected, source, traces
from retune.io.dvc import Say
from retune.io.locks import exclusive
from retune.io.objects import LISTING, Store, listing_any
from retune.io.originals import Left
from retune.io.reproduction import checkouts

Counts = dict[str, Any]


def tables_of(root: Path, stores: list[Store]) -> list[Path]:
    """Return the files of the checkout's outs and of the stores on this machine that may be tables."""
    outs = [path for folder in ("artifacts", answers.FOLDER) for path in (root / folder).rglob("*") if path.is_file()]
    return outs + [store.path(name) for store in stores for name in store.names() if not name.endswith(LISTING)]


def from_answers(root: Path, target: Target, say: Say, *, erase: bool) -> Counts:
    """Take it out of the answers that people gave, and record what is left."""
    rows = 0
    for path in sorted((root / answers.FOLDER).glob("*.csv")):
        table = answers.read_refused(path) if path.name.endswith("-refused.csv") else answers.read(path)
        kept = [not target.takes(_as_document(row)) for row in table.to_dict("records")]
        rows += kept.count(False)
        if erase and not all(kept):
            answers.write(path, table[kept])
    if erase and (root / collected.TRACKED).exists():
        collected.record(root, say)
    return {"rows": rows}


def _as_document(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return an answer with the id under which it is a document."""
    return {**row, "document_id": FROM_PEOPLE + row["answer_id"]} if "answer_id" in row else dict(row)


def from_caches(*, erase: bool) -> Counts:
    """Delete what steps kept to save time, and checkouts in which a version was made again: no out changes by it."""
    again = [path for path in checkouts().glob("*") if path.is_dir()]
    files = sum(path.is_file() for folder in (cache.state() / "cache", *again) for path in folder.rglob("*"))
    if erase:
        for folder in again:
            with exclusive(folder.with_suffix(".lock"), wait=False):  # one at work would write its documents again
                shutil.rmtree(folder)
        shutil.rmtree(cache.state() / "cache", ignore_errors=True)
    return {"files": files}


def from_outs(root: Path, target: Target, *, erase: bool) -> Counts:
    """Delete the tables in artifacts/ that hold it, and what lists its files: the next run makes them without it."""
    files = [path for path in (root / "artifacts").rglob("*") if path.is_file()]
    hit = [path for path in files if traces.is_table(path) and traces.rows_taken(path, target)]
    hit += [path for path in (root / "artifacts" / "corpus").rglob("*.json") if traces.lists_a_file(path, target)]
    for path in hit if erase else ():
        path.unlink(missing_ok=True)
    return {"files": len(hit)}


def objects_of(root: Path, stores: list[Store], target: Target, known: set[str], *, present_stays: bool) -> set[str]:
    """Return every object that holds it, of all states of the data; files that are still in the checkout may stay."""
    folders = (source.FOLDER, answers.FOLDER) if present_stays else ()
    present = {md5 for folder in folders for md5 in source.listing(root / folder).values()}
    near = [store for store in stores if store.folder is not None]
    gone = (known | {name for store in near for name in store.names() if _holds(store, name, target)}) - present
    return gone | listing_any(near, gone)


def from_stores(stores: list[Store], names: set[str], *, erase: bool) -> tuple[Counts, list[Left]]:
    """Delete objects from DVC's cache and remotes, and return how many were where, and what could not be deleted."""
    counts, left = dict[str, int](), list[Left]()
    for store in stores:
        counts[store.name], failed, why = _deleted(store, names, erase=erase)
        left += [Left(f"remote {store.name}", failed, why)] * bool(failed)
    return counts, left


def _holds(store: Store, name: str, target: Target) -> bool:
    """Tell whether an object is a table with a row that goes."""
    path = store.path(name)
    return not name.endswith(LISTING) and traces.is_table(path) and bool(traces.rows_taken(path, target))


def _deleted(store: Store, names: set[str], *, erase: bool) -> tuple[int, int, str]:
    """Delete objects from one store: how many were there, how many it did not delete, and why."""
    if not erase:
        return len(names & set(store.names())), 0, ""
    there, failed, why = 0, 0, ""
    for name in sorted(names):
        try:
            there += store.delete(name)
        except Exception as error:  # noqa: BLE001 - each cloud raises its own; the receipt must name what is left
            failed, why = failed + 1, type(error).__name__
    return there, failed, why
