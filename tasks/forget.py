"""Step forget: what a deletion request names is taken out of everything that holds it, and a receipt says so.

Tombstones stand before anything is deleted. Every step is one that may be done again, and a journal says which are
done: a kill anywhere is taken up where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from retune.core.forget import Request, Target
from retune.core.lineage import LEARNT, THROUGH_PARENT
from retune.core.tombstones import tombstones
from retune.io import erasing, erasure_plan, erasures, hosted_copies, lineage, source, traces, traffic
from retune.io import tombstones as stones
from retune.io.approval import whoami
from retune.io.erasures import Journal
from retune.io.mlflow_store import default_uri
from retune.io.objects import Store, stores
from retune.io.originals import Left, erase_from, folders_of
from retune.io.registry import Registry
from retune.io.rows import erase_rows
from retune.io.source import FOLDER
from retune.io.tracking import FINISHED, KIND, Tracking
from retune.io.withdrawal import mark, relieve
from retune.project import Project, read_project

Say = Callable[[str], None]
Counts = dict[str, Any]
ERASURE, RECEIPT = "erasure", "retune.receipt"  # the kind of its run in MLflow, and the receipt's name
AT_THE_SOURCE = "Delete it there, run `make pipeline`, then give the same command again."


@dataclass(frozen=True)
class Bench:
    """What a deletion works with; without `erase` it only counts."""

    root: Path
    project: Project
    target: Target
    journal: Journal
    tracking: Tracking
    stores: list[Store]
    erase: bool
    say: Say

    @property
    def versions(self) -> list[dict[str, Any]]:
        """Return the versions that saw what goes: model, version, sides."""
        found: list[dict[str, Any]] = self.journal.value["versions"]
        return found

    def affected(self, model: str) -> set[str]:
        """Return the versions of a model that learnt from what goes, by themselves or through their parent."""
        learnt = {*LEARNT, THROUGH_PARENT}
        return {one["version"] for one in self.versions if one["model"] == model and learnt & set(one["sides"])}

    def registry(self, model: str) -> Registry:
        """Return the versions of a model."""
        return Registry(self.tracking.uri, model, self.project.tracking.experiment)


@dataclass(frozen=True)
class Done:
    """A deletion that came to its end: its receipt, where that stands, and what is left, by name."""

    receipt: dict[str, Any]
    path: str
    left: list[dict[str, Any]]


def forget(*, root: Path, request: Request, reason: str, now: datetime, say: Say) -> Done:
    """Erase what a request names from everything that holds it, and write a signed receipt.

    To be called under the checkout's lock. The same request after a kill goes on where that was. Raises UserError for
    an unclear request, a missing key, or another deletion that did not end.
    """
    hashed = erasures.identity(request, stones.erasure_key())
    path = erasures.path_of(root, hashed)
    if not path.exists():
        erasures.refuse_half_done(root)
        bench = _planned(root, request, True, say)
        about = {"receipt": f"{now:%Y%m%dT%H%M%S}-{path.stem[:8]}", "asked": now.isoformat(timespec="seconds")}
        about |= {"who": whoami(bench.tracking.uri).name, "reason": reason, "kind": request.kind, "request": hashed}
        Journal(path, bench.journal.value).save(**about)
    return resume(root=root, journal=path, say=say)


def resume(*, root: Path, journal: Path, say: Say) -> Done:
    """Do the steps of a deletion that are not done yet."""
    [found] = [one for one in erasures.pending(root) if one.path == journal]
    value, bench = found.value, _bench(root, found, True, say)
    for name in value["steps"]:
        if not found.is_done(name):
            say(f"forget: {name}")
            found.finish(name, STEPS[name](bench))
    path, left = value["done"]["receipt"]["path"], _left(value)
    receipt = erasures.verify(root / path, stones.erasure_key())
    found.close()
    return Done(receipt, path, left)


def foresee(*, root: Path, request: Request, say: Say) -> dict[str, Any]:
    """Return what a request would erase, place by place, and which versions saw it; nothing is deleted.

    Raises UserError while another deletion is under way: to look for documents is to parse them, and what that one has
    still to delete would come back into the caches that it is done with.
    """
    erasures.refuse_half_done(root)
    bench = _planned(root, request, False, say)
    told = bench.journal.value
    counted = {name: STEPS[name](bench) for name in PLACES if name in told["steps"]}
    about = {name: told[name] for name in ("documents", "versions", "cannot_be_told")}
    return {**about, "places": counted, "not_read": told["unread"]}


def _planned(root: Path, request: Request, erase: bool, say: Say) -> Bench:
    """Return what a request is worked with: its plan, and the steps that it takes."""
    project = read_project(root)
    tracking = Tracking(default_uri(root), project.tracking.experiment)
    if request.only_versions:
        plan, steps = erasure_plan.of_versions(root, tracking, request), list(VERSIONS_ONLY)
    else:
        plan, steps = erasure_plan.of_everything(root, project.corpus.ingest, tracking, request), list(STEPS)
    journal = Journal(root / erasures.JOURNALS, {**plan, "steps": steps, "done": {}})
    return _bench(root, journal, erase, say)


def _bench(root: Path, journal: Journal, erase: bool, say: Say) -> Bench:
    """Return what a deletion that was planned is worked with."""
    project = read_project(root)
    tracking = Tracking(default_uri(root), project.tracking.experiment)
    found = stores(root)[0] if "objects" in journal.value["steps"] else []
    return Bench(root, project, Target.of(journal.value["target"]), journal, tracking, found, erase, say)


def _tombstones(bench: Bench) -> Counts:
    """Write the tombstones: from here on nothing of it comes in again."""
    path, day = stones.path_of(bench.root), bench.journal.value["asked"][:10]
    stones.ensure(bench.root)
    stones.load(path)
    made = tombstones(bench.target.marks, stones.erasure_key(), bench.project.erasure.key_id, day)
    stones.write(path, [*stones.read(path), *made])
    return {"marks": len(made) - 1}


def _documents(bench: Bench) -> Counts:
    """Take it out of the source where that is a folder here, or of data/ where that is the source itself."""
    where, params = source.read_source(bench.root), bench.project.corpus.ingest
    if where.location and not where.is_local:
        counts, _ = erase_from(bench.root / FOLDER, bench.target, params, erase=False)
        there = Left(where.location, sum(counts.values()), "this source cannot be edited from here", AT_THE_SOURCE)
        return {"files": 0, "rows": 0, "left": [asdict(there)] if there.files else []}
    counts, left = {"files": 0, "rows": 0}, list[Left]()
    for folder in folders_of(bench.root, where)[:1]:
        counts, left = erase_from(folder, bench.target, params, erase=bench.erase)
    return {**counts, "left": [asdict(one) for one in left]}


def _data(bench: Bench) -> Counts:
    """Bring data/ up to date with what the source has now; where that has nothing left, data/ is rid of it too."""
    where = source.read_source(bench.root)
    if where.location and not where.is_local:
        return {}
    if not source.listing(bench.root / (where.location or FOLDER)):
        erase_from(bench.root / FOLDER, bench.target, bench.project.corpus.ingest, erase=bench.erase)
        return {}
    return {"changed": source.update(bench.root, say=bench.say)}


def _answers(bench: Bench) -> Counts:
    """Take it out of the answers that people gave."""
    return erasing.from_answers(bench.root, bench.target, bench.say, erase=bench.erase)


def _caches(bench: Bench) -> Counts:
    """Delete what steps kept to save time."""
    return erasing.from_caches(erase=bench.erase)


def _artifacts(bench: Bench) -> Counts:
    """Delete the tables in artifacts/ that hold it."""
    return erasing.from_outs(bench.root, bench.target, erase=bench.erase)


def _objects(bench: Bench) -> Counts:
    """Delete from DVC's cache and remotes every object that holds it."""
    told = bench.journal.value
    known = set(told["objects"])
    gone = erasing.objects_of(bench.root, bench.stores, bench.target, known, present_stays=bench.erase)
    if bench.erase:
        bench.journal.save(objects=sorted(gone))  # before the first is deleted: a remote far away is told later
    counts, left = erasing.from_stores(bench.stores, gone, erase=bench.erase)
    left += [Left(f"remote {name}", 0, "it cannot be opened") for name in told["closed"]]
    return {"objects": counts, "left": [asdict(one) for one in left]}


def _rows(bench: Bench) -> Counts:
    """Take it out of what keeps text in MLflow."""
    return dict(erase_rows(bench.tracking, lambda table: traces.without(table, bench.target), erase=bench.erase))


def _traffic(bench: Bench) -> Counts:
    """Take it out of the log of what served models were asked."""
    uri, rows = bench.project.traffic.uri, 0
    for model in bench.project.models if uri else ():
        rows += traffic.erase(uri, model, lambda table: traces.without(table, bench.target), erase=bench.erase)
    return {"rows": rows}


def _marked(bench: Bench) -> Counts:
    """Mark the versions that saw it; those that learnt from it are withdrawn, but where the policy is never."""
    for one in bench.versions:
        learnt = one["version"] in bench.affected(one["model"]) and bench.project.erasure.withdraw != "never"
        registry = bench.registry(one["model"])
        if "documents" in bench.journal.value["steps"]:
            mark(registry, one["version"], bench.journal.value["receipt"], withdraw=_why(bench) if learnt else "")
        elif learnt:
            mark(registry, one["version"], "", withdraw=_why(bench))
    return {"versions": len(bench.versions)}


def _aliases(bench: Bench) -> Counts:
    """Let an earlier champion that did without it answer, as the policy says."""
    receipt, policy = bench.journal.value["receipt"], bench.project.erasure.withdraw
    models = sorted({one["model"] for one in bench.versions})
    moved = [relieve(bench.registry(model), bench.affected(model), _why(bench), receipt, policy) for model in models]
    return {"moved": [asdict(one) for one in moved if one is not None]}


def _why(bench: Bench) -> str:
    """Return why a version is not to be used any more."""
    told = bench.journal.value
    what = "was erased on" if "documents" in told["steps"] else "may not be learnt from any more, since"
    return f"it learnt from what {what} {told['asked'][:10]} (receipt {told['receipt']})"


def _hosted(bench: Bench) -> Counts:
    """Delete at services the models that learnt from it and the rows that were uploaded; what cannot be is left."""
    counts, left = {"models": 0, "files": 0}, list[dict[str, Any]]()
    for one in bench.versions:
        found = hosted_copies.of(bench.registry(one["model"]).version(one["version"]))
        if found is None:
            continue
        learnt = one["version"] in bench.affected(one["model"]) and bench.project.erasure.withdraw != "never"
        if not bench.erase:
            counts["models"] += learnt
            continue
        copies = hosted_copies.as_counts(hosted_copies.erase(found, one["model"], bench.project.hosted, learnt=learnt))
        left += copies["left"]
        counts = {name: number + copies[name] for name, number in counts.items()}
    return {**counts, "left": left}


def _index(bench: Bench) -> Counts:
    """Take the documents out of the index of lineage: the list of versions is kept in the receipt."""
    with lineage.writing(bench.root) as index:
        index.forget(bench.target.documents)
    return {}


def _receipt(bench: Bench) -> Counts:
    """Write the receipt: what was asked as a keyed hash, what was done where, and what is left."""
    told, done = bench.journal.value, bench.journal.value["done"]
    places = {
        name: {key: value for key, value in done[name].items() if key != "left"} for name in PLACES if name in done
    }
    receipt = {
        **{name: told[name] for name in ("receipt", "asked", "who", "reason", "kind", "request")},
        "key_id": bench.project.erasure.key_id,
        "documents": len(told["documents"]),
        "tombstones": done.get("tombstones", {}).get("marks", 0),
        "places": places,
        "versions": bench.versions,
        "cannot_be_told": told["cannot_be_told"],
        "aliases": done["aliases"]["moved"],
        "still_there": [{**one, "place": _place(one["place"])} for one in _left(told)],
        "not_read": told["unread"],
        "hosted_copies": _hosted_copies(done.get("hosted")),
    }
    path = erasures.write_receipt(bench.root, receipt, stones.erasure_key())
    return {"path": path.relative_to(bench.root).as_posix()}


def _hosted_copies(done: Mapping[str, Any] | None) -> str:
    """Return what became of what services hold, in words."""
    if done is None:
        return "not asked for: the versions alone were"
    if not any((done["models"], done["files"], done["left"])):
        return "none: no version that saw it lies with a service"
    return f"{done['models']} models and {done['files']} files were deleted there, {len(done['left'])} are left"


def _left(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what is left in which place, by name."""
    return [one for name in PLACES if name in told["done"] for one in told["done"][name].get("left", [])]


def _place(place: str) -> str:
    """Return a place as the receipt names it: without the name of a file, which may name somebody."""
    return place if "://" in place or "/" not in place else "a file of the source"


def _record(bench: Bench) -> Counts:
    """Record the receipt as a run of its own in MLflow; the same receipt is recorded once."""
    told, tracking = bench.journal.value, bench.tracking
    tags = {KIND: ERASURE, RECEIPT: told["receipt"]}
    if tracking.find(tags, FINISHED) is None:
        run = tracking.open_parent(f"erasure {told['receipt']}", tags)
        tracking.log_files(run, [bench.root / told["done"]["receipt"]["path"]])
        tracking.close(run)
    return {}


STEPS: dict[str, Callable[[Bench], Counts]] = {
    "tombstones": _tombstones,
    "documents": _documents,
    "data": _data,
    "answers": _answers,
    "caches": _caches,
    "artifacts": _artifacts,
    "objects": _objects,
    "rows": _rows,
    "traffic": _traffic,
    "versions": _marked,
    "aliases": _aliases,
    "hosted": _hosted,
    "lineage": _index,
    "receipt": _receipt,
    "record": _record,
}
PLACES = ("documents", "answers", "caches", "artifacts", "objects", "rows", "traffic", "hosted")
VERSIONS_ONLY = ("versions", "aliases", "receipt", "record")
