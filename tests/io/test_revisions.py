"""The commit of a training is found by what its files held, whatever was committed or edited since."""

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from retune.io.revisions import as_tags, holding, write_out
from retune.io.source import digest, listing

Commit = Callable[[str], str]


@pytest.fixture
def commit(tmp_path: Path) -> Commit:
    """Return what writes a content into the code of a repository, commits it, and returns the commit."""
    settings = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", "init", "--quiet", "."], cwd=tmp_path, check=True)

    def made(content: str) -> str:
        for name in ("tasks/train.py", "retune/metrics/f1.py"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(content)
        subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
        subprocess.run(["git", *settings, "commit", "--quiet", "--message", content], cwd=tmp_path, check=True)
        return as_tags(tmp_path)["mlflow.source.git.commit"]

    return made


def hashes(root: Path) -> dict[str, str]:
    """Return the hashes that dvc.lock would have of a file and a folder of code."""
    file = hashlib.md5((root / "tasks/train.py").read_bytes(), usedforsecurity=False).hexdigest()
    return {"tasks/train.py": file, "retune/metrics": digest(listing(root / "retune/metrics"))}


@pytest.mark.case("TR-6")
def test_the_recorded_commit_is_taken_when_it_holds_the_code(tmp_path: Path, commit: Commit) -> None:
    first = commit("one")
    wanted = hashes(tmp_path)
    commit("two")
    assert holding(tmp_path, wanted, first) == first


def test_code_that_was_edited_for_the_training_and_committed_later_is_found(tmp_path: Path, commit: Commit) -> None:
    recorded = commit("one")
    later = commit("two")
    wanted = hashes(tmp_path)
    commit("three")
    assert holding(tmp_path, wanted, recorded) == later
    assert holding(tmp_path, wanted, "0" * 40) == later, "a commit that is not there any more"


def test_code_that_no_commit_holds_is_not_found(tmp_path: Path, commit: Commit) -> None:
    recorded = commit("one")
    (tmp_path / "tasks/train.py").write_text("never committed")
    assert holding(tmp_path, hashes(tmp_path), recorded) == ""
    assert holding(tmp_path, {**hashes(tmp_path), "tasks/gone.py": "0" * 32}, recorded) == ""


def test_a_commit_is_written_out_without_touching_the_checkout(tmp_path: Path, commit: Commit) -> None:
    first = commit("one")
    commit("two")
    write_out(tmp_path, first, tmp_path / "fresh")
    assert (tmp_path / "fresh" / "tasks/train.py").read_text() == "one"
    assert (tmp_path / "tasks/train.py").read_text() == "two"


def test_a_folder_without_git_has_no_commit(tmp_path: Path) -> None:
    assert (as_tags(tmp_path), holding(tmp_path, {"tasks/train.py": "0" * 32}, "")) == ({}, "")
