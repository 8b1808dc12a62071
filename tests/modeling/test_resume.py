"""Kills and damage: a training that goes on ends in the bytes of one that nothing disturbed, or it says why not."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from retune.modeling import checkpoints
from retune.modeling.methods import full
from retune.modeling.train import fit
from tests.modeling.conftest import METHOD_SETTINGS
from tests.modeling.heads import test_text, texts
from tests.modeling.test_train import bytes_of, run

# Five kill points of a run of 15 steps, 5 in an epoch: early, in the middle and at the end of an epoch, while a
# checkpoint is written, and after its manifest, before the old one is dropped.
POINTS = ("step 2", "step 5", "step 12", "before seal of 8", "after seal of 9")
METHODS = ("lora", "full")
PACKED = "packed"  # texts, several of them in each row of a batch
ADAPTER = "adapter/adapter_model.safetensors"
WEIGHTS = {"lora": ADAPTER, "full": full.FILE, PACKED: ADAPTER}

NURSERY = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, os.getcwd())
from retune.modeling import checkpoints, rhythm
from tests.modeling.test_resume import went

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def plant(point):
    when, at = point.rsplit(" ", 1)
    ended, seal = rhythm.Rhythm.on_step_end, checkpoints.seal
    def end(self, args, state, control, **more):
        if when == "step" and state.global_step == int(at):
            kill()
        return ended(self, args, state, control, **more)
    def sealed(checkpoint):
        mine = checkpoint.name == f"{checkpoints.PREFIX}{at}"
        if mine and when == "before seal of":
            kill()
        if mine:
            checkpoints.KEPT = 99
        seal(checkpoint)
        if mine:
            kill()
    rhythm.Rhythm.on_step_end = end
    if when != "step":
        checkpoints.seal = sealed

base, place, method = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
for number, point in enumerate(sys.argv[4:]):
    child = os.fork()
    if not child:
        plant(point)
        went(base, place / str(number), method, number)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def settings(method: str, number: int = 0) -> dict[str, Any]:
    """Return the settings of the run that is killed at a point; every other one computes its steps in parts."""
    return {"method": method, "gradient_accumulation": 1 + number % 2, "dropout": 0.1, "select_by": "loss"}


def went(base: Path, place: Path, method: str, number: int = 0) -> Path:
    """Train, or go on, with the settings of a point; return the model."""
    if method != PACKED:
        return run(base, place, **settings(method, number))[1]
    asked = settings("lora", number) | {"method_settings": METHOD_SETTINGS["lora"], "checkpoint_seconds": 0}
    plan = test_text.plan_of(base, packing=True, batch_size=2, epochs=5, max_length=64, **asked)
    work, model = place / "work", place / "model"
    work.mkdir(parents=True, exist_ok=True)
    fit(plan, texts.prompts(40), texts.prompts(4), work=work, out=model, say=lambda _: None)
    return model


def killed(base: Path, place: Path, method: str, points: tuple[str, ...]) -> None:
    """Kill a run at each of the points, in folders 0, 1, ..."""
    command = [sys.executable, "-c", NURSERY, str(base), str(place), method, *points]
    ended = subprocess.run(
        command, check=True, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    assert ended.stdout.split() == ["-9"] * len(points), "a run was not killed"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.slow
@pytest.mark.case("K8", "TR-4")
@pytest.mark.parametrize("method", [*METHODS, PACKED])
def test_a_run_killed_anywhere_ends_in_the_same_weights(
    method: str, tiny_base: Path, tmp_path: Path, record_property: Callable[[str, int], None]
) -> None:
    base = tmp_path / "bases" if method == PACKED else tiny_base
    undisturbed = [bytes_of(went(base, tmp_path / f"whole-{n}", method, n)) for n in (0, 1)]
    assert undisturbed[0][WEIGHTS[method]] != undisturbed[1][WEIGHTS[method]], "dropout is drawn by part"
    killed(base, tmp_path, method, POINTS)
    for number, _ in enumerate(POINTS):
        place = tmp_path / str(number)
        assert checkpoints.newest(place / "work" / "checkpoints") is not None
        assert bytes_of(went(base, place, method, number)) == undisturbed[number % 2]
    record_property("n_run", len(POINTS))


@pytest.mark.slow
@pytest.mark.case("K8")
@pytest.mark.parametrize("method", METHODS)
def test_without_its_random_state_a_run_ends_in_other_weights(method: str, tiny_base: Path, tmp_path: Path) -> None:
    _, model = run(tiny_base, tmp_path / "whole", **settings(method))
    killed(tiny_base, tmp_path, method, POINTS[2:3])
    checkpoint = checkpoints.newest(tmp_path / "0" / "work" / "checkpoints")
    assert checkpoint is not None
    (checkpoint / "rng_state.pth").unlink()
    checkpoints.seal(checkpoint)
    _, other = run(tiny_base, tmp_path / "0", **settings(method))
    assert bytes_of(other)[WEIGHTS[method]] != bytes_of(model)[WEIGHTS[method]]


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


DAMAGE: dict[str, Callable[[Path], None]] = {
    "missing": Path.unlink, "empty": emptied, "half": halved, "one bit": flipped,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.case("K9")
@pytest.mark.parametrize("method", METHODS)
def test_a_checkpoint_damaged_anyhow_is_left_for_the_one_before_it(
    method: str, tiny_base: Path, tmp_path: Path, record_property: Callable[[str, int], None]
) -> None:
    undisturbed = bytes_of(run(tiny_base, tmp_path / "whole", **settings(method))[1])
    killed(tiny_base, tmp_path, method, ("step 8",))
    kept = tmp_path / "0" / "work" / "checkpoints"
    assert sorted(path.name for path in kept.iterdir()) == ["checkpoint-6", "checkpoint-7"]
    names = [path.relative_to(kept).as_posix() for path in sorted((kept / "checkpoint-7").rglob("*"))]
    assert {"optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json", "weights.safetensors"} <= {
        Path(name).name for name in names
    }
    for name in names:
        for damage in DAMAGE.values():
            place = tmp_path / "damaged"
            shutil.copytree(kept, place)
            damage(place / name)
            found = checkpoints.newest(place)
            assert found is not None
            assert found.name == "checkpoint-6", f"{name} was damaged, and nobody saw it"
            shutil.rmtree(place)
    flipped(kept / "checkpoint-7" / "rng_state.pth")
    assert bytes_of(run(tiny_base, tmp_path / "0", **settings(method))[1]) == undisturbed
    record_property("n_run", len(names) * len(DAMAGE))
