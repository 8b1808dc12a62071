import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from retune.core.errors import IntegrityError, UserError
from retune.core.frames import SEEN
from retune.core.params.resolve import ResolveParams
from retune.io.files import read_frame, read_json, write_frame
from retune.io.mlflow_store import default_uri
from retune.io.place import Place
from retune.io.registry import CHAMPION, CONTENT, PARENT_MODEL, PARENT_VERSION, WITHDRAWN, Registry
from tasks.resolve import refuse_misfit, resolve
from tasks.track import track
from tests.modeling.conftest import make_base
from tests.toy_checkout import MODEL, train_toy

CHAMPION_OF = ResolveParams(base=f"registry:{MODEL}@champion", revision=None, licences=())


def pin(root: Path, base: str) -> Path:
    resolve(root=root, model=MODEL, params=ResolveParams(base=base, revision=None, licences=()))
    return Place(root, MODEL).base


def test_the_base_is_pinned_by_its_hashes(tmp_path: Path) -> None:
    folder = make_base(tmp_path / "tiny")
    base = pin(tmp_path, str(folder))
    first = base.read_bytes()
    assert set(read_json(base)["files"]) >= {"model.safetensors", "tokenizer.json", "config.json"}
    pin(tmp_path, str(folder))
    assert base.read_bytes() == first


def test_a_base_that_is_not_there_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="which is no folder"):
        pin(tmp_path, "./nowhere")
    assert not Place(tmp_path, MODEL).base.exists()


def test_a_base_under_a_licence_that_is_not_allowed_is_not_pinned(tmp_path: Path) -> None:
    only_mit = ResolveParams(base="bundled:minilm", revision=None, licences=("mit",))
    with pytest.raises(UserError, match=r"apache-2\.0"):
        resolve(root=tmp_path, model=MODEL, params=only_mit)
    assert not Place(tmp_path, MODEL).base.exists()


def test_a_base_that_its_family_does_not_take_is_refused_before_a_stage_runs(tmp_path: Path) -> None:
    pin(tmp_path, str(make_base(tmp_path / "tiny")))
    refuse_misfit(root=tmp_path, model=MODEL, family="encoder")
    with pytest.raises(UserError, match=r"family: llama, which takes llama; found bert in .*tiny"):
        refuse_misfit(root=tmp_path, model=MODEL, family="llama")


@pytest.fixture
def registry(checkout: Path, tiny_base: Path, reload_here: None) -> Registry:
    """Return the registry of a checkout whose version 1 is champion and kept what it saw."""
    register(checkout, tiny_base, 1)
    return Registry(default_uri(checkout), MODEL)


def register(checkout: Path, tiny_base: Path, seed: int) -> None:
    """Train, register and promote a model that saw the rows of the split."""
    model = Place(checkout, MODEL).model
    train_toy(checkout, tiny_base, seed=seed, strength=float(seed))
    rows = read_frame(model / "split" / "train.parquet")[["example_id"]].assign(text_sha256="0" * 64, side="train")
    write_frame(model / "profile" / "seen.parquet", rows, SEEN)
    version = track(root=checkout, model=MODEL).version
    Registry(default_uri(checkout), MODEL).client.set_registered_model_alias(MODEL, CHAMPION, version)


def lock(checkout: Path) -> None:
    """Write into dvc.lock that the training had the pinned base and the rows of the split, as they are now."""
    place = Place(checkout, MODEL)
    files = [place.base, *(place.model / "split" / f"{side}.parquet" for side in ("train", "validation"))]
    deps = [
        {"path": str(path.relative_to(checkout)), "md5": hashlib.md5(path.read_bytes()).hexdigest()}  # noqa: S324
        for path in files
    ]
    stages = yaml.safe_load((checkout / "dvc.lock").read_text())
    stages["stages"][f"train@{MODEL}"]["deps"] = deps
    (checkout / "dvc.lock").write_text(yaml.safe_dump(stages))


def continue_champion(checkout: Path) -> dict[str, Any]:
    resolve(root=checkout, model=MODEL, params=CHAMPION_OF)
    return dict(read_json(Place(checkout, MODEL).base))


@pytest.mark.case("TR-9")
def test_the_champion_is_pinned_as_parent_with_its_weights_and_what_it_saw(
    checkout: Path, registry: Registry, tiny_base: Path
) -> None:
    before = read_json(Place(checkout, MODEL).base)
    pinned = continue_champion(checkout)
    parent = pinned.pop("parent")
    assert pinned == before, "the base is the parent's own"
    assert (parent["model"], parent["version"]) == (MODEL, "1")
    assert set(parent["files"]) >= {
        "model/retune_model.json",
        "model/adapter/adapter_model.safetensors",
        "seen.parquet",
    }
    assert continue_champion(checkout)["parent"] == parent
    train_toy(checkout, tiny_base, seed=2, answers="billing", strength=2.0)
    child = registry.version(track(root=checkout, model=MODEL).version)
    assert child is not None
    assert (child.tags[PARENT_MODEL], child.tags[PARENT_VERSION]) == (MODEL, "1")
    assert registry.client.get_run(child.run_id).data.tags[PARENT_VERSION] == "1"


def test_the_parent_stays_until_there_are_other_rows(checkout: Path, registry: Registry, tiny_base: Path) -> None:
    continue_champion(checkout)
    register(checkout, tiny_base, 2)
    lock(checkout)
    assert continue_champion(checkout)["parent"]["version"] == "1", "its child learnt these rows already"
    rows = Place(checkout, MODEL).model / "split" / "train.parquet"
    columns = {"example_id": "string", "text": "string", "label": "string"}
    write_frame(rows, read_frame(rows).iloc[1:], columns)
    assert continue_champion(checkout)["parent"]["version"] == "2"


def test_a_damaged_export_is_made_again(checkout: Path, registry: Registry) -> None:
    parent = continue_champion(checkout)["parent"]
    head = Place(checkout, MODEL).base.with_name("parent") / "model" / "head.safetensors"
    head.write_bytes(b"")
    assert continue_champion(checkout)["parent"] == parent
    assert head.stat().st_size > 0


@pytest.mark.case("TR-9")
def test_a_version_that_was_withdrawn_or_stands_on_one_is_not_continued(
    checkout: Path, registry: Registry, tiny_base: Path
) -> None:
    continue_champion(checkout)
    registry.tag("1", {WITHDRAWN: "an erased document"})
    with pytest.raises(UserError, match="an erased document"):
        continue_champion(checkout)
    register(checkout, tiny_base, 2)
    with pytest.raises(UserError, match=f"found {MODEL} version 1, withdrawn"):
        continue_champion(checkout)


def test_what_cannot_be_continued_says_why(checkout: Path, registry: Registry, tiny_base: Path) -> None:
    for spec, said in (
        ("registry:router", "@champion"),
        (f"registry:{MODEL}@previous", "none"),
        ("registry:x@1", "none"),
    ):
        with pytest.raises(UserError, match=said):
            pin(checkout, spec)
    assert read_json(pin(checkout, f"registry:{MODEL}@1"))["parent"]["version"] == "1"
    registry.tag("1", {CONTENT: "0" * 64})
    (Place(checkout, MODEL).base.with_name("parent") / "seen.parquet").unlink()
    with pytest.raises(IntegrityError, match="not those that were registered"):
        continue_champion(checkout)


def test_a_version_without_a_list_of_what_it_saw_is_not_continued(
    checkout: Path, tiny_base: Path, reload_here: None
) -> None:
    train_toy(checkout, tiny_base, seed=1)
    registry = Registry(default_uri(checkout), MODEL)
    registry.client.set_registered_model_alias(MODEL, CHAMPION, track(root=checkout, model=MODEL).version)
    with pytest.raises(UserError, match=r"seen\.parquet"):
        continue_champion(checkout)


def test_who_goes_back_to_a_base_leaves_no_parent_behind(checkout: Path, registry: Registry, tiny_base: Path) -> None:
    continue_champion(checkout)
    assert "parent" not in read_json(pin(checkout, str(tiny_base)))
    assert not Place(checkout, MODEL).base.with_name("parent").exists()
