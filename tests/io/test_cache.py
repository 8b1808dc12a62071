from pathlib import Path

import pytest

from retune.io import cache


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RETUNE_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def test_what_was_stored_is_read_again() -> None:
    path = cache.folder("ingest", "parsed") / "a.json"
    assert cache.store(path, {"text": "Grüße\ud800", "n": 1})
    assert cache.read(path) == {"text": "Grüße\ud800", "n": 1}


def test_only_the_owner_may_look_into_the_folders(own_state: Path) -> None:
    path = cache.folder("ingest", "parsed")
    folders = [path, *[parent for parent in path.parents if parent.is_relative_to(own_state)]]
    assert [entry.stat().st_mode & 0o777 for entry in folders] == [0o700] * len(folders)


@pytest.mark.parametrize("damage", [b"", b"{}", b"0" * 64 + b'\n{"n": 2}', b"\xff\n\xff"])
def test_a_damaged_entry_counts_as_not_there(damage: bytes) -> None:
    path = cache.folder("ingest", "parsed") / "a.json"
    cache.store(path, {"n": 1})
    path.write_bytes(damage)
    assert cache.read(path) is None


def test_a_torn_entry_counts_as_not_there() -> None:
    path = cache.folder("ingest", "parsed") / "a.json"
    cache.store(path, {"n": 1})
    path.write_bytes(path.read_bytes()[:-1])
    assert cache.read(path) is None


def test_a_cache_that_cannot_be_written_stops_nothing(own_state: Path) -> None:
    own_state.write_text("a file where the folder should be", encoding="utf-8")
    path = cache.location("ingest", "parsed") / "a.json"
    assert not cache.store(path, {"n": 1})
    assert cache.read(path) is None
