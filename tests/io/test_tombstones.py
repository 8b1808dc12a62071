"""The tombstones are read with their key or not at all: without it, what was erased would come back in."""

from pathlib import Path

import pytest

from retune.core.errors import UserError
from retune.core.tombstones import tombstones
from retune.io.tombstones import KEY_VARIABLE, ensure, load, path_of, read, write

KEY, OTHER = "k" * 32, "o" * 32


def stones(key: str = KEY, day: str = "2026-11-22") -> list[object]:
    return list(tombstones([("document", "tickets:1")], key.encode(), "main", day))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write(path_of(tmp_path), stones())  # type: ignore[arg-type]
    return path_of(tmp_path)


def test_a_checkout_without_tombstones_needs_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    ensure(tmp_path)
    assert not load(path_of(tmp_path))
    before = path_of(tmp_path).read_bytes()
    ensure(tmp_path)
    assert path_of(tmp_path).read_bytes() == before


@pytest.mark.parametrize(("key", "found"), [("", "none"), ("short", "5 characters"), (OTHER, "another one")])
def test_tombstones_without_their_key_stop_the_run(
    file: Path, monkeypatch: pytest.MonkeyPatch, key: str, found: str
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, key)
    with pytest.raises(UserError, match=found):
        load(file)


def test_what_was_erased_is_found_again_with_the_key(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    assert load(file).has("document", "tickets:1")
    assert not load(file).has("document", "tickets:2")


def test_the_same_mark_stands_once_with_its_first_day(file: Path) -> None:
    write(file, [*stones(day="2026-12-24"), *read(file)])  # type: ignore[list-item]
    assert [one.erased for one in read(file)] == ["2026-11-22", ""]


@pytest.mark.parametrize("text", ["", "kind,hash\n", "kind,hash,key_id,erased\ndocument,short,main,\n"])
def test_a_file_that_was_changed_by_hand_stops_the_run(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(UserError, match=r"tombstones\.csv"):
        read(file)
