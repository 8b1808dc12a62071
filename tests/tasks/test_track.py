"""A training becomes one run and one version, compared with itself reloaded before anything is registered."""

import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from retune.core.errors import IntegrityError, UserError
from retune.core.frames import SEEN
from retune.io.cache import location
from retune.io.dvc import environment as child_environment
from retune.io.files import md5_file, read_json, write_frame, write_json
from retune.io.logged_model import OFFLINE, check_code, fetch
from retune.io.mlflow_store import default_uri
from retune.io.ports import wait_until_answers
from retune.io.registry import CHAMPION, Registry
from retune.io.tracking import NOTE, Tracking
from retune.modeling.keys import TrainingInputs
from retune.modeling.reload import compared
from retune.project import read_project
from tasks.track import journal_of, track, unsettled
from tests.conftest import CHECKOUT
from tests.toy_checkout import MODEL, ROWS_IN_TEST, make_checkout, train_toy

ASK = """
import sys, mlflow.pyfunc
answers = mlflow.pyfunc.load_model("models:/ticket-router@champion").predict(["the printer", "the invoice"])
print(answers.to_json(orient="records"))
"""


@pytest.fixture
def registry(checkout: Path) -> Registry:
    return Registry(default_uri(checkout), MODEL)


@pytest.fixture
def tracking(checkout: Path) -> Tracking:
    return Tracking(default_uri(checkout))


def versions(registry: Registry) -> list[str]:
    return sorted(str(one.version) for one in registry.client.search_model_versions(f"name = '{MODEL}'"))


def artifacts(tracking: Tracking, run: str, folder: Path) -> dict[str, Path]:
    folder.mkdir()
    root = Path(tracking.client.download_artifacts(run, "", str(folder)))
    return {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}


@pytest.mark.case("RG-1")
def test_the_same_training_is_one_run_and_one_version(
    checkout: Path, tiny_base: Path, registry: Registry, reload_here: None
) -> None:
    train_toy(checkout, tiny_base, seed=1)
    first, again = (track(root=checkout, model=MODEL) for _ in range(2))
    assert (first.is_new, again.is_new) == (True, False)
    assert (first.run_id, first.version) == (again.run_id, again.version)
    assert versions(registry) == ["1"]


def test_other_settings_are_another_run_and_another_version(
    checkout: Path, tiny_base: Path, registry: Registry, reload_here: None
) -> None:
    train_toy(checkout, tiny_base, seed=1)
    first = track(root=checkout, model=MODEL)
    train_toy(checkout, tiny_base, seed=2, strength=2.0)
    second = track(root=checkout, model=MODEL)
    assert (second.run_id != first.run_id, second.version) == (True, "2")


def test_the_same_bytes_under_a_new_fingerprint_are_recorded_but_no_version_is_made(
    checkout: Path, tiny_base: Path, registry: Registry, tracking: Tracking, reload_here: None
) -> None:
    train_toy(checkout, tiny_base, seed=1)
    first = track(root=checkout, model=MODEL)
    train_toy(checkout, tiny_base, seed=2)
    second = track(root=checkout, model=MODEL)
    assert (second.run_id != first.run_id, second.version, second.is_new) == (True, "1", False)
    assert "those of version 1" in second.note
    assert versions(registry) == ["1"]
    assert tracking.client.get_run(second.run_id).data.params["facts.seed"] == "2"


def test_the_share_that_changed_sides_since_the_last_version_is_recorded(
    checkout: Path, tiny_base: Path, tracking: Tracking, reload_here: None
) -> None:
    def keep(**sides: str) -> None:
        seen = pd.DataFrame({"example_id": list(sides), "text_sha256": "", "side": list(sides.values())})
        write_frame(checkout / "artifacts" / "models" / MODEL / "profile" / "seen.parquet", seen, SEEN)

    train_toy(checkout, tiny_base, seed=1)
    keep(a="train", b="train", c="validation", d="test")
    assert track(root=checkout, model=MODEL).sides == ""
    train_toy(checkout, tiny_base, seed=2, strength=2.0)
    keep(a="train", b="test", c="validation", d="test", new="train")
    second = track(root=checkout, model=MODEL)
    assert "25.0% changed sides of the split since version 1: 1 of the 4 examples" in second.sides
    logged = tracking.client.get_run(second.run_id).data.metrics
    assert (logged["split/changed_sides_share"], logged["split/compared"]) == (0.25, 4)


def test_sides_that_the_last_versions_run_does_not_hold_are_said_to_be_unknown(
    checkout: Path, tiny_base: Path, reload_here: None
) -> None:
    train_toy(checkout, tiny_base, seed=1)
    track(root=checkout, model=MODEL)
    train_toy(checkout, tiny_base, seed=2, strength=2.0)
    assert "since version 1 is unknown" in track(root=checkout, model=MODEL).sides


@pytest.mark.case("TR-3")
def test_a_model_that_answers_otherwise_after_loading_is_not_registered_and_a_mended_one_is(
    checkout: Path, tiny_base: Path, registry: Registry, tracking: Tracking, reload_here: None
) -> None:
    train_toy(checkout, tiny_base, seed=1)
    reference = checkout / "artifacts" / "models" / MODEL / "train" / "model" / "reference.json"
    good = read_json(reference)
    write_json(reference, {**good, "numbers": [[value + 0.001 for value in row] for row in good["numbers"]]})
    with pytest.raises(IntegrityError, match="largest_difference"):
        track(root=checkout, model=MODEL)
    failed = tracking.client.search_runs([tracking.experiment], "attributes.status = 'FAILED'")
    assert (versions(registry), len(failed)) == ([], 1)
    write_json(reference, good)
    mended = track(root=checkout, model=MODEL)
    assert (mended.run_id, versions(registry)) == (failed[0].info.run_id, ["1"])


def test_a_kill_between_upload_and_registration_ends_in_one_version(
    checkout: Path, tiny_base: Path, registry: Registry, reload_here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    train_toy(checkout, tiny_base, seed=1)
    with monkeypatch.context() as patch:
        patch.setattr(Registry, "register", dies)
        with pytest.raises(KeyboardInterrupt):
            track(root=checkout, model=MODEL)
    assert track(root=checkout, model=MODEL).is_new
    assert versions(registry) == ["1"]


@pytest.mark.case("RG-6")
def test_a_version_holds_the_adapter_and_finds_its_base_by_hash_wherever_it_lies(
    checkout: Path, tiny_base: Path, registry: Registry, reload_here: None, tmp_path: Path, monkeypatch: Any
) -> None:
    own, moved = tmp_path / "own-base", tmp_path / "moved-base"
    shutil.copytree(tiny_base, own)
    train_toy(make_checkout(checkout, own), own, seed=1)
    version = registry.version(track(root=checkout, model=MODEL).version)
    assert version is not None
    folder = fetch(registry.uri, version.source, tmp_path / "fetched")
    check_code(folder)
    weights = {path.name for path in folder.rglob("*.safetensors")}
    assert weights == {"adapter_model.safetensors", "head.safetensors", "probe.safetensors"}
    assert version.tags["retune.base_sha256"] in (folder / "MLmodel").read_text()
    assert str(CHECKOUT) not in (folder / "MLmodel").read_text()
    own.rename(moved)
    with pytest.raises(UserError, match="no such folder"):
        compared(folder)
    monkeypatch.setenv("RETUNE_BASES", str(moved))
    assert compared(folder)["is_equal"]
    monkeypatch.delenv("RETUNE_BASES")
    moved.rename(own)
    content = (own / "model.safetensors").read_bytes()
    (own / "model.safetensors").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(IntegrityError, match=r"model\.safetensors should have the sha256"):
        compared(folder)


@pytest.mark.case("TR-6")
def test_the_run_has_settings_curves_scores_inputs_pictures_lineage_and_a_card_and_text_only_under_rows(
    checkout: Path, tiny_base: Path, tracking: Tracking, reload_here: None, tmp_path: Path
) -> None:
    parent = tracking.open_parent("retrain")
    train_toy(checkout, tiny_base, seed=1)
    tracked = track(root=checkout, model=MODEL, parent=parent)
    run = tracking.client.get_run(tracked.run_id)
    assert run.data.tags["mlflow.parentRunId"] == parent
    assert "train.epochs" in run.data.params
    assert len(run.data.params) < 100
    assert [one.step for one in tracking.client.get_metric_history(tracked.run_id, "train_loss")] == [1, 2, 3]
    assert run.data.metrics["test_probe/accuracy"] < 1.0
    assert f"On {ROWS_IN_TEST} test rows" in run.data.tags[NOTE]
    assert f"On {ROWS_IN_TEST} test rows" in str(tracking.client.get_model_version(MODEL, "1").description)
    assert f"models:/{MODEL}@champion" in str(tracking.client.get_registered_model(MODEL).description)
    assert run.data.metrics["test/accuracy_low"] < run.data.metrics["test/accuracy"] == 1.0
    assert run.inputs is not None
    digests = {one.dataset.name: one.dataset.digest for one in run.inputs.dataset_inputs}
    assert run.data.params["train.seed"] == "1"
    assert digests["train"] == md5_file(checkout / "artifacts" / "models" / MODEL / "split" / "train.parquet")
    found = artifacts(tracking, tracked.run_id, tmp_path / "downloaded")
    assert {"lineage/data.dvc", "lineage/dvc.lock", "lineage/params.yaml", "lineage/base.json"} <= set(found)
    assert "model_card.md" in found
    assert {"gates/documents/report.html", "gates/documents/data_docs/index.html"} <= set(found)
    assert {"evaluation/plots/confusion.svg", "evaluation/predictions.parquet", "rows/errors.parquet"} <= set(found)
    for name, path in found.items():
        has_text = "text" in pd.read_parquet(path) if name.endswith(".parquet") else b"the printer" in path.read_bytes()
        assert has_text == (name.startswith("rows/") and "lineage" not in name), name


def test_a_model_is_unsettled_until_it_is_registered_and_decided(
    checkout: Path, tiny_base: Path, registry: Registry, reload_here: None
) -> None:
    now = datetime.now(UTC)
    assert unsettled(checkout, MODEL, "by hand", now)
    train_toy(checkout, tiny_base, seed=1)
    version = track(root=checkout, model=MODEL).version
    assert unsettled(checkout, MODEL, "by hand", now)
    registry.client.set_registered_model_alias(MODEL, CHAMPION, version)
    assert not unsettled(checkout, MODEL, "by hand", now)


def test_the_journal_is_looked_for_where_the_training_writes_it(checkout: Path) -> None:
    settings = read_project(checkout).models[MODEL]
    kinds, model = checkout / "retune" / "modeling", checkout / "artifacts" / "models" / MODEL
    shutil.copytree(CHECKOUT / "retune" / "modeling", kinds)
    inputs = TrainingInputs(
        train=model / "split" / "train.parquet",
        validation=model / "split" / "validation.parquet",
        base=model / "resolve" / "base.json",
        task_type=kinds / "task_types" / f"{settings.task_type}.py",
        family=kinds / "families" / f"{settings.family}.py",
        method=kinds / "methods" / f"{settings.method}.py",
    )
    folder = location("train", inputs.key(settings.train.model_dump()))
    assert journal_of(checkout, MODEL) == folder / "journal.jsonl"


@pytest.mark.slow
@pytest.mark.case("TR-3")
@pytest.mark.case("RG-6")
def test_the_champion_answers_in_a_fresh_process_without_network(
    checkout: Path, tiny_base: Path, registry: Registry
) -> None:
    train_toy(checkout, tiny_base, seed=1)
    registry.client.set_registered_model_alias(MODEL, CHAMPION, track(root=checkout, model=MODEL).version)
    environment = {**os.environ, **OFFLINE, "PYTHONPATH": str(CHECKOUT), "http_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, cwd=checkout, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [row["prediction"] for row in json.loads(done.stdout)] == ["access", "access"]


@pytest.mark.slow
def test_mlflow_serves_the_champion_from_the_local_environment(
    checkout: Path, tiny_base: Path, registry: Registry, reload_here: None
) -> None:
    import urllib.request

    train_toy(checkout, tiny_base, seed=1)
    registry.client.set_registered_model_alias(MODEL, CHAMPION, track(root=checkout, model=MODEL).version)
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", f"models:/{MODEL}@champion"]
    command += ["--env-manager", "local", "--host", "127.0.0.1", "--port", "5987"]
    environment = {**child_environment(), **OFFLINE, "PYTHONPATH": str(CHECKOUT)}
    server = subprocess.Popen(command, env=environment, cwd=checkout, start_new_session=True)
    try:
        wait_until_answers(server, "http://127.0.0.1:5987/ping", 180)
        for body in ({"inputs": ["the printer"]}, {"dataframe_records": [{"text": "the printer"}]}):
            request = urllib.request.Request(
                "http://127.0.0.1:5987/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
                assert json.load(answer)["predictions"][0]["prediction"] == "access"
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)
