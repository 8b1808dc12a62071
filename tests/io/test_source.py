from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from retune.core.errors import UserError
from retune.io import dvc, source


def silent(_line: str) -> None:
    """Hear nothing."""


def dvc_command(root: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "dvc", *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose data/ is an import of documents/."""
    root = tmp_path_factory.mktemp("checkout")
    (root / "documents" / "a").mkdir(parents=True)
    (root / "documents" / "a" / "one.md").write_text("one")
    (root / "documents" / "b.txt").write_text("two")
    dvc_command(root, "init", "--no-scm", "--quiet")
    dvc_command(root, "import-url", "--quiet", "documents", "data")
    return root


def test_data_that_equals_its_source_is_left_alone(imported: Path) -> None:
    assert source.update(imported, silent) is False


def test_a_changed_source_is_brought_in(imported: Path) -> None:
    (imported / "documents" / "new.md").write_text("three")
    assert source.update(imported, silent) is True
    assert (imported / "data" / "new.md").read_text() == "three"


def test_what_a_user_put_into_data_stops_the_run_and_is_named(imported: Path) -> None:
    mine = imported / "data" / "mine.txt"
    mine.write_text("the only copy")
    try:
        with pytest.raises(UserError, match=r"1 added or edited in data/: mine\.txt"):
            source.update(imported, silent)
        assert mine.read_text() == "the only copy"
    finally:
        mine.unlink()


def test_what_a_user_edited_in_data_stops_the_run_and_is_kept(imported: Path) -> None:
    edited = imported / "data" / "b.txt"
    before = edited.read_text()
    edited.unlink()  # DVC may link to its cache
    edited.write_text("edited here")
    try:
        with pytest.raises(UserError, match=r"b\.txt"):
            source.update(imported, silent)
        assert edited.read_text() == "edited here"
    finally:
        edited.write_text(before)


def test_a_source_that_is_empty_or_gone_stops_the_run_before_anything_is_deleted(imported: Path) -> None:
    folder = imported / "documents"
    folder.rename(imported / "away")
    try:
        with pytest.raises(UserError, match="no such folder"):
            source.update(imported, silent)
        folder.mkdir()
        with pytest.raises(UserError, match="an empty folder"):
            source.update(imported, silent)
        folder.rmdir()
    finally:
        (imported / "away").rename(folder)
    assert (imported / "data" / "b.txt").exists()


def test_a_folder_that_users_fill_themselves_is_recorded(tmp_path: Path) -> None:
    dvc_command(tmp_path, "init", "--no-scm", "--quiet")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "own.md").write_text("ours")
    assert source.update(tmp_path, silent) is True
    assert "deps" not in (tmp_path / "data.dvc").read_text()
    assert source.update(tmp_path, silent) is False


def test_neither_data_nor_its_source_is_said_with_the_command_that_names_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="make source FROM="):
        source.update(tmp_path, silent)


def test_an_empty_data_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(UserError, match="documents in data/"):
        source.update(tmp_path, silent)


def test_another_source_takes_the_place_of_the_first_and_then_data_itself(imported: Path) -> None:
    other = imported / "other"
    other.mkdir(exist_ok=True)
    (other / "only.md").write_text("from elsewhere")
    mine = imported / "data" / "mine.txt"
    mine.write_text("the only copy")
    with pytest.raises(UserError, match=r"mine\.txt"):
        source.choose(imported, "other", silent)
    assert mine.exists()
    mine.unlink()
    source.choose(imported, "other", silent)
    assert source.listing(imported / "data").keys() == {"only.md"}
    source.choose(imported, "data", silent)
    assert source.read_source(imported).location == ""
    assert (imported / "data" / "only.md").read_text() == "from elsewhere"


def test_a_source_without_documents_is_refused_before_anything_changes(imported: Path) -> None:
    before = (imported / "data.dvc").read_text()
    with pytest.raises(UserError, match="documents in nowhere"):
        source.choose(imported, "nowhere", silent)
    assert (imported / "data.dvc").read_text() == before


@pytest.mark.parametrize(
    ("path", "torn"), [(".dvc/tmp/rwlock", '{"/a": {"wri'), ("dvc.lock", "schema: '2.0'\nstages:\n  a: {cmd")]
)
def test_what_a_kill_tore_is_healed(tmp_path: Path, path: str, torn: str) -> None:
    (tmp_path / ".dvc" / "tmp").mkdir(parents=True)
    (tmp_path / "dvc.lock").write_text("schema: '2.0'\nstages: {}\n")
    (tmp_path / ".git").mkdir()
    assert dvc.heal(tmp_path) == []
    (tmp_path / path).write_text(torn)
    assert len(dvc.heal(tmp_path)) == 1
    assert dvc.heal(tmp_path) == []
    assert (tmp_path / "dvc.lock").read_text() == "schema: '2.0'\nstages: {}\n"


def test_an_empty_folder_of_the_run_cache_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    empty = tmp_path / ".dvc" / "cache" / "runs" / "ab" / "abcd"
    empty.mkdir(parents=True)
    assert dvc.heal(tmp_path) != []
    assert not empty.exists()


def test_a_tree_without_git_works_and_one_that_gets_git_later_too(tmp_path: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    assert dvc.heal(tmp_path) == ["told DVC that there is no git here"]
    assert dvc.stages(tmp_path) == []
    (tmp_path / ".git").mkdir()
    assert dvc.heal(tmp_path) == ["told DVC that there is git again"]
    assert "no_scm" not in (tmp_path / ".dvc" / "config.local").read_text()
