"""The folder of answers under DVC: recorded when there are any, brought back in a clone, never lost in silence."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from retune.core.collected import COLLECTED
from retune.core.errors import UserError
from retune.io import answers, collected, source

MODELS = ["router", "triage"]
HEADER = "answer_id,text,context,label,date\n"


def silent(_line: str) -> None:
    """Hear nothing."""


def dvc(root: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "dvc", *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture(scope="module")
def empty_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("empty") / "checkout"
    root.mkdir()
    dvc(root, "init", "--no-scm", "--quiet")
    return root


@pytest.fixture
def root(empty_repository: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(empty_repository, tmp_path / "checkout"))


def answer(number: int, label: str = "access") -> dict[str, str]:
    return {"answer_id": f"20260310-{number:020x}", "text": f"text {number}", "context": "", "label": label,
            "date": "2026-03-10"}  # fmt: skip


def give(root: Path, *rows: dict[str, str], model: str = "router") -> None:
    answers.write(answers.path_of(root, model), pd.DataFrame(rows, columns=list(COLLECTED)))


def numbers(root: Path, model: str = "router") -> list[str]:
    return list(answers.read(answers.path_of(root, model))["text"])


def test_where_nobody_answered_anything_there_are_headers_and_nothing_is_recorded(root: Path) -> None:
    collected.bring_up_to_date(root, MODELS, silent)
    assert [path.name for path in sorted((root / "collected").iterdir())] == ["router.csv", "triage.csv"]
    assert (root / "collected" / "router.csv").read_text() == HEADER
    assert not (root / "collected.dvc").exists()
    written = (root / "collected" / "router.csv").stat().st_mtime_ns
    collected.bring_up_to_date(root, MODELS, silent)
    assert (root / "collected" / "router.csv").stat().st_mtime_ns == written


@pytest.mark.slow
def test_what_is_recorded_is_what_dvc_itself_sees(root: Path) -> None:
    collected.bring_up_to_date(root, MODELS, silent)
    give(root, answer(1))
    collected.record(root, silent)
    done = subprocess.run([sys.executable, "-m", "dvc", "status"], cwd=root, check=True, capture_output=True, text=True)
    assert "up to date" in done.stdout
    before = (root / "collected.dvc").stat().st_mtime_ns
    collected.bring_up_to_date(root, MODELS, silent)
    assert (root / "collected.dvc").stat().st_mtime_ns == before, "nothing changed, so DVC is not called"


@pytest.mark.slow
def test_a_clone_gets_the_answers_from_the_remote(root: Path, empty_repository: Path, tmp_path: Path) -> None:
    give(root, answer(1))
    collected.bring_up_to_date(root, MODELS, silent)
    collected.record(root, silent)
    dvc(root, "remote", "add", "-d", "shared", str(tmp_path / "remote"))
    dvc(root, "push", "--quiet")
    clone = Path(shutil.copytree(empty_repository, tmp_path / "clone"))
    for name in ("collected.dvc", ".dvc/config"):
        shutil.copyfile(root / name, clone / name)
    (clone / "collected").mkdir()
    (clone / "collected" / "router.csv").write_text(HEADER)  # a run before the pull of git left it
    collected.bring_up_to_date(clone, [*MODELS, "third"], silent)
    assert numbers(clone) == ["text 1"]
    assert (clone / "collected" / "third.csv").read_text() == HEADER


@pytest.mark.slow
def test_answers_that_can_be_had_from_nowhere_stop_the_run(root: Path, empty_repository: Path, tmp_path: Path) -> None:
    give(root, answer(1))
    collected.record(root, silent)
    clone = Path(shutil.copytree(empty_repository, tmp_path / "clone"))
    shutil.copyfile(root / "collected.dvc", clone / "collected.dvc")
    with pytest.raises(UserError, match=r"to bring back the answers of collected\.dvc"):
        collected.bring_up_to_date(clone, MODELS, silent)


@pytest.mark.slow
def test_answers_that_a_kill_left_unrecorded_are_recorded(root: Path) -> None:
    give(root, answer(1))
    collected.record(root, silent)
    unlinked(root)
    give(root, answer(1), answer(2))
    collected.bring_up_to_date(root, MODELS, silent)
    assert numbers(root) == ["text 1", "text 2"]
    assert recorded(root) == source.digest(source.listing(root / "collected"))


@pytest.mark.slow
def test_an_earlier_state_that_git_brings_back_is_checked_out(root: Path) -> None:
    give(root, answer(1))
    collected.bring_up_to_date(root, MODELS, silent)
    collected.record(root, silent)
    first = (root / "collected.dvc").read_text()
    unlinked(root)
    give(root, answer(1), answer(2))
    collected.record(root, silent)
    (root / "collected.dvc").write_text(first)
    collected.bring_up_to_date(root, MODELS, silent)
    assert numbers(root) == ["text 1"]


@pytest.mark.slow
def test_unrecorded_answers_beside_unknown_recorded_ones_are_not_lost(root: Path) -> None:
    give(root, answer(1))
    collected.record(root, silent)
    tracked = yaml.safe_load((root / "collected.dvc").read_text())
    tracked["outs"][0]["md5"] = "0" * 32 + ".dir"  # a colleague's, by git
    (root / "collected.dvc").write_text(yaml.safe_dump(tracked))
    unlinked(root)
    give(root, answer(2))
    with pytest.raises(UserError, match="answers that are not recorded"):
        collected.bring_up_to_date(root, MODELS, silent)
    assert numbers(root) == ["text 2"]


@pytest.mark.parametrize(
    "text",
    [
        '"quotes" and, commas; and\nlines',
        "=1+1",
        "NA",
        "007",
        "emoji 🛟 and ümlaut",
    ],
)
def test_an_answer_is_read_back_as_it_was_written(text: str, tmp_path: Path) -> None:
    answers.write(tmp_path / "x.csv", pd.DataFrame([{**answer(1), "text": text}]))
    assert list(answers.read(tmp_path / "x.csv")["text"]) == [text]


@pytest.mark.parametrize(
    "content",
    ["", "a,b\n1,2\n", HEADER + "id,,,access,2026-03-10\n", HEADER + 2 * "id,text,,access,2026-03-10\n", "\x00\xff"],
)
def test_a_table_that_is_not_as_it_was_written_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(content.encode("latin-1"))
    with pytest.raises(UserError, match=r"x\.csv as `retune collect` writes it"):
        answers.read(tmp_path / "x.csv")


def recorded(root: Path) -> str:
    return str(yaml.safe_load((root / "collected.dvc").read_text())["outs"][0]["md5"])


def unlinked(root: Path) -> None:
    """Let the files be files of their own: DVC may have put links to its cache."""
    for path in (root / "collected").iterdir():
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content)
