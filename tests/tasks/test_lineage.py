"""Every version that is tracked can be asked for by the documents that it saw, from MLflow alone if need be."""

import hashlib
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from retune.core.frames import LINEAGE
from retune.core.lineage import Link, Name, Saw
from retune.io.files import read_json, write_frame, write_json, write_text
from retune.io.lineage import index_file, reading
from retune.io.lineage_mirror import ACCESS_LABELS, FOLDER, mirror, rebuild
from retune.io.mlflow_store import default_uri
from retune.io.place import Place
from retune.io.registry import Registry
from retune.io.tracking import Tracking
from tasks.track import track
from tests.toy_checkout import MODEL, train_toy

FIRST = Name(MODEL, "1")
CACHED = ("artifacts/corpus/redact/clean.parquet", f"artifacts/models/{MODEL}/split/lineage.parquet")


@pytest.fixture
def tracking(checkout: Path) -> Tracking:
    return Tracking(default_uri(checkout))


def split(checkout: Path, **sides: str) -> None:
    """Let the split's rows e1, e2, ... come from these documents of the toy corpus."""
    rows = pd.DataFrame({"document_id": [f"tickets:{name[1:]}" for name in sides], "side": list(sides.values())})
    rows = rows.assign(example_id=[f"e{number}" for number in range(len(rows))], slices="{}")
    write_frame(checkout / "artifacts" / "models" / MODEL / "split" / "lineage.parquet", rows, LINEAGE)


def tracked(checkout: Path, tiny_base: Path, *, seed: int = 1) -> str:
    train_toy(checkout, tiny_base, seed=seed, strength=float(seed))
    return track(root=checkout, model=MODEL).version


def saw(checkout: Path, document: str) -> list[Saw]:
    with reading(checkout) as index:
        return index.versions_of([document])


@pytest.mark.case("LN-1")
def test_a_tracked_version_is_found_by_its_documents_and_they_by_it(
    checkout: Path, tiny_base: Path, reload_here: None
) -> None:
    split(checkout, t1="train", t2="test")
    tracked(checkout, tiny_base)
    assert saw(checkout, "tickets:1") == [Saw(MODEL, "1", ("train",))]
    assert (saw(checkout, "tickets:2"), saw(checkout, "tickets:3")) == ([Saw(MODEL, "1", ("test",))], [])
    with reading(checkout) as index:
        found = index.links_of_version(FIRST)
        assert index.knows("tickets:3"), "it was in the corpus, and in no example"
        assert {"documents", "train", "test"} <= set(index.trainings()[0].datasets)
    assert found[0] == Link("tickets:1", "tickets/2025.csv", "internal", "e0", "train")


@pytest.mark.case("LN-4")
def test_a_version_bears_the_access_labels_of_what_it_learnt(
    checkout: Path, tiny_base: Path, reload_here: None
) -> None:
    split(checkout, t1="train", t2="test")
    version = Registry(default_uri(checkout), MODEL).version(tracked(checkout, tiny_base))
    assert version is not None
    assert version.tags[ACCESS_LABELS] == "internal"


@pytest.mark.case("LN-1")
def test_the_index_is_made_again_from_mlflow_and_says_the_same(
    checkout: Path, tiny_base: Path, tracking: Tracking, reload_here: None
) -> None:
    split(checkout, t1="train")
    tracked(checkout, tiny_base)
    split(checkout, t1="train", t2="train")
    tracked(checkout, tiny_base, seed=2)
    before = [saw(checkout, document) for document in ("tickets:1", "tickets:2")]
    shutil.rmtree(index_file(checkout).parent)
    shutil.rmtree(checkout / "artifacts")
    assert [one.name.version for one in rebuild(checkout, tracking)] == ["1", "2"]
    assert [saw(checkout, document) for document in ("tickets:1", "tickets:2")] == before
    assert mirror(checkout, tracking, again=set()) == []


@pytest.mark.case("LN-1")
def test_a_version_that_continues_one_is_found_by_what_that_one_learnt(
    checkout: Path, tiny_base: Path, reload_here: None
) -> None:
    split(checkout, t1="train")
    tracked(checkout, tiny_base)
    base = Place(checkout, MODEL).base
    write_json(base, {**read_json(base), "parent": {"model": MODEL, "version": "1"}})
    split(checkout, t2="train")
    tracked(checkout, tiny_base, seed=2)
    assert saw(checkout, "tickets:1") == [Saw(MODEL, "1", ("train",)), Saw(MODEL, "2", ("parent",))]
    assert saw(checkout, "tickets:2") == [Saw(MODEL, "2", ("train",))]


def test_a_document_that_was_renamed_after_the_training_is_found_under_both_names(
    checkout: Path, tiny_base: Path, tracking: Tracking, reload_here: None
) -> None:
    split(checkout, t1="train")
    tracked(checkout, tiny_base)
    split(checkout, t2="train")  # the same example of another document: no other training
    assert track(root=checkout, model=MODEL).is_new is False
    for _ in range(2):
        assert saw(checkout, "tickets:1") == saw(checkout, "tickets:2") == [Saw(MODEL, "1", ("train",))]
        rebuild(checkout, tracking)


def test_a_version_from_before_is_found_by_what_dvcs_cache_has_and_is_unknown_without(
    checkout: Path, tiny_base: Path, tracking: Tracking, reload_here: None
) -> None:
    split(checkout, t1="train")
    train_toy(checkout, tiny_base, seed=1)
    keep_in_cache(checkout)
    run = track(root=checkout, model=MODEL).run_id
    shutil.rmtree(Path(tracking.client.get_run(run).info.artifact_uri.removeprefix("file://")) / FOLDER)
    rebuild(checkout, tracking)
    assert saw(checkout, "tickets:1") == [Saw(MODEL, "1", ("train",))]
    shutil.rmtree(checkout / ".dvc" / "cache")
    rebuild(checkout, tracking)
    with reading(checkout) as index:
        assert (index.unknown(), index.versions_of(["tickets:1"])) == ([FIRST], [])


def keep_in_cache(checkout: Path) -> None:
    """Put what links are made from into DVC's cache and dvc.lock, as the stages leave it."""
    outs = []
    for path in CACHED:
        content = (checkout / path).read_bytes()
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        kept = checkout / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(content)
        outs.append({"path": path, "md5": md5})
    lock = yaml.safe_load((checkout / "dvc.lock").read_text())
    lock["stages"]["redact"] = {"cmd": "redact", "outs": outs}
    write_text(checkout / "dvc.lock", yaml.safe_dump(lock))
