"""What the machine refuses is said with its place and what to do: exit code 1, no traceback, nothing published.

A small limit on file sizes stands in for a full disk, which only root can make: both end a write halfway.
"""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bad_days.conftest import pin_base
from tests.bad_days.killing import digests, outs_of
from tests.bad_days.test_kills import give_split_its_inputs
from tests.conftest import CHECKOUT
from tests.stages import run_here, words_of

pytestmark = pytest.mark.case("K7")
LIMITED = (
    "import resource, runpy, sys\n"
    "which, most = int(sys.argv[1]), int(sys.argv[2])\n"
    "resource.setrlimit(which, (most, most))\n"
    "sys.argv = ['tasks', *sys.argv[3:]]\n"
    "runpy.run_module('tasks', run_name='__main__')\n"
)


def run_limited(root: Path, stage: str, which: int, most: int) -> str:
    """Run a stage under a limit that it cannot keep, and return what it said; it must have failed cleanly."""
    given = [sys.executable, "-c", LIMITED, str(which), str(most), *words_of(stage)]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(given, cwd=root, env=environment, check=False, capture_output=True, text=True, timeout=580)
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr, ended.stderr
    assert "then run again" in ended.stderr.splitlines()[-1]
    return ended.stderr


@pytest.fixture
def here(toy: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a toy project in whose root the test works."""
    monkeypatch.chdir(toy)
    monkeypatch.delenv("RETUNE_STATE", raising=False)
    return toy


@pytest.mark.parametrize("stage", ["ingest", "split"])
def test_a_full_disk_publishes_nothing_and_a_later_run_ends_well(here: Path, stage: str) -> None:
    give_split_its_inputs(here)
    said = run_limited(here, stage, resource.RLIMIT_FSIZE, 100)
    assert "File too large" in said
    assert stage == "ingest" or "artifacts/models/" in said  # ingest stops earlier, at a library's temporary file
    assert digests(outs_of(stage)) == {}
    assert not list(Path("artifacts").rglob("*.partial*"))
    assert run_here(stage) == 0
    assert set(digests(outs_of(stage))) == {str(path) for path in outs_of(stage)}


def test_what_a_step_wrote_before_the_disk_was_full_stands(here: Path) -> None:
    give_split_its_inputs(here)
    assert run_here("split") == 0
    before = digests(outs_of("split"))
    run_limited(here, "split", resource.RLIMIT_FSIZE, 100)
    assert digests(outs_of("split")) == before


def test_too_few_open_files_are_named(here: Path) -> None:
    assert "Too many open files" in run_limited(here, "ingest", resource.RLIMIT_NOFILE, 6)
    assert digests(outs_of("ingest")) == {}


def test_a_file_where_a_folder_is_needed_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    give_split_its_inputs(here)
    place = outs_of("split")[0].parent
    place.write_text("in the way")
    assert run_here("split") == 1
    assert f"{place}. A file stands where a folder is needed" in capsys.readouterr().err


def test_a_folder_where_a_file_is_needed_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    give_split_its_inputs(here)
    (outs_of("split")[0] / "inside").mkdir(parents=True)
    assert run_here("split") == 1
    assert f"{outs_of('split')[0]}. A folder stands where a file is to be written" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    give_split_its_inputs(here)
    place = outs_of("split")[0].parent
    place.mkdir()
    place.chmod(0o500)
    assert run_here("split") == 1
    assert "Give this user the right to write there" in capsys.readouterr().err
    place.chmod(0o700)
    assert run_here("split") == 0


def test_an_input_that_is_not_there_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here("split") == 1
    said = capsys.readouterr().err
    assert "artifacts/models/ticket-router/" in said
    assert "Run the stages before this one first" in said


@pytest.mark.slow
def test_data_docs_that_could_not_be_written_fail_the_step(here: Path) -> None:
    """Great Expectations logs a page that it could not write, traceback and all, and goes on without it."""
    for stage in ("ingest", "redact", "deduplicate"):
        assert run_here(stage) == 0
    assert "artifacts/corpus/validate/data_docs" in run_limited(here, "validate", resource.RLIMIT_FSIZE, 4000)
    assert digests(outs_of("validate")) == {}
    assert not list(Path("artifacts/corpus/validate").glob("*"))
    assert run_here("validate") == 0


@pytest.mark.slow
def test_a_checkpoint_for_which_there_is_no_room_is_no_crash(here: Path) -> None:
    """On a full disk torch raises RuntimeError and safetensors an error of its own; neither has an errno."""
    give_split_its_inputs(here)
    assert run_here("split") == 0
    pin_base(here)
    assert "could not be written" in run_limited(here, "train", resource.RLIMIT_FSIZE, 20_000)
    assert digests(outs_of("train")) == {}
    assert run_here("train") == 0
