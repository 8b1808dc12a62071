"""The file of tombstones in a checkout, and the key from the environment without which it cannot be read."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from dataclasses import astuple
from pathlib import Path

from retune.core.errors import UserError
from retune.core.tombstones import CHECKED, KEY, Marks, Tombstone, keyed
from retune.io.files import write_text

NAME = "tombstones.csv"
COLUMNS = ["kind", "hash", "key_id", "erased"]
KEY_VARIABLE = "RETUNE_ERASURE_KEY"
LEAST_BYTES = 32


def path_of(root: Path) -> Path:
    """Return where the tombstones of a checkout stand."""
    return root / NAME


def ensure(root: Path) -> None:
    """Make the file of a checkout in which nothing was erased yet: a header alone."""
    if not path_of(root).exists():
        write(path_of(root), [])


def erasure_key() -> bytes:
    """Return the key of RETUNE_ERASURE_KEY; raises UserError where there is none, or one that could be guessed."""
    given = os.environ.get(KEY_VARIABLE, "")
    if len(given.encode()) < LEAST_BYTES:
        raise UserError(
            expected=f"the key of what was erased in {KEY_VARIABLE}, at least {LEAST_BYTES} characters",
            found="none" if not given else f"{len(given)} characters",
            todo='Make one once and keep it where you keep secrets: python -c "import secrets; '
            'print(secrets.token_hex(32))". Without it nobody can tell what may not come back; docs/forget.md.',
        )
    return given.encode()


def read(path: Path) -> list[Tombstone]:
    """Return the tombstones; raises UserError where the file is not as it was written."""
    todo = "Bring it back from git or a backup: what was erased would come back in."
    try:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""), strict=True))
    except FileNotFoundError as error:
        raise UserError(expected=f"the tombstones in {path.name}", found="no such file", todo=todo) from error
    except (csv.Error, UnicodeDecodeError, OSError) as error:
        raise UserError(expected=f"a readable {path.name}", found=type(error).__name__, todo=todo) from error
    if not rows or rows[0] != COLUMNS or any(len(row) != len(COLUMNS) or len(row[1]) != 64 for row in rows[1:]):
        raise UserError(expected=f"{path.name} with the columns {', '.join(COLUMNS)}", found="another table", todo=todo)
    return [Tombstone(*row) for row in rows[1:]]


def load(path: Path) -> Marks:
    """Return what may not come in; the key is asked for only where there is something.

    Raises UserError where there are tombstones and no key, or another one than they were made with.
    """
    stones = read(path)
    if not stones:
        return Marks([])
    key = erasure_key()
    if {one.hash for one in stones if one.kind == KEY} != {keyed(key, KEY, CHECKED)}:
        raise UserError(
            expected=f"the key that {path.name} was made with in {KEY_VARIABLE}",
            found="another one",
            todo=f"Put the key {', '.join(sorted({one.key_id for one in stones}))} there.",
        )
    return Marks(((one.kind, one.hash) for one in stones if one.kind != KEY), key)


def write(path: Path, stones: Iterable[Tombstone]) -> None:
    """Write tombstones, each mark once with the day on which it was first erased."""
    first: dict[tuple[str, str], Tombstone] = {}
    for stone in sorted(stones, key=lambda one: (one.kind, one.hash, one.erased)):
        first.setdefault((stone.kind, stone.hash), stone)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *map(astuple, first.values())])
    write_text(path, text.getvalue())
