"""A deletion under way, kept so that a kill anywhere is taken up; and its receipt, signed, which names nobody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retune.core.errors import IntegrityError, UserError
from retune.core.forget import Request
from retune.core.tombstones import keyed
from retune.io.files import make_private, read_json, write_json

JOURNALS, RECEIPTS = Path(".retune/erasure"), Path("receipts")
SIGNED = "signature"
RECEIPT = "receipt"  # the kind of mark under which a receipt is signed, so that no other hash can pass for it


def identity(request: Request, key: bytes) -> str:
    """Return the hash of what was asked: the same request has the same one, and nobody can tell it without the key."""
    return keyed(key, RECEIPT, json.dumps([request.kind, sorted(map(list, request.marks))]))


class Journal:
    """One deletion under way: what goes, and which steps are done with what counts. It holds what the request said."""

    def __init__(self, path: Path, value: dict[str, Any]) -> None:
        self.path, self.value = path, value

    def save(self, **changes: Any) -> None:
        """Write the journal with changes, whole or not at all; nobody but the owner may read it."""
        self.value.update(changes)
        make_private(self.path.parent)
        write_json(self.path, self.value)

    def is_done(self, step: str) -> bool:
        """Tell whether a step is done."""
        return step in self.value["done"]

    def finish(self, step: str, counts: Mapping[str, Any]) -> None:
        """Note that a step is done, and what it did."""
        self.save(done={**self.value["done"], step: dict(counts)})

    def close(self) -> None:
        """Delete the journal: the receipt stands."""
        self.path.unlink(missing_ok=True)


def path_of(root: Path, hashed: str) -> Path:
    """Return where the journal of a request stands while it is under way."""
    return root / JOURNALS / f"{hashed[:16]}.json"


def pending(root: Path) -> list[Journal]:
    """Return the deletions that were begun and did not end."""
    return [Journal(path, read_json(path)) for path in sorted((root / JOURNALS).glob("*.json"))]


def refuse_half_done(root: Path) -> None:
    """Raise UserError where a deletion was begun and did not end: nothing may be built on what is half erased."""
    waiting = pending(root)
    if waiting:
        raise UserError(
            expected="no deletion that was stopped half-way",
            found=f"{len(waiting)} in {JOURNALS}",
            todo="Finish it: retune forget --resume",
        )


def signature(receipt: Mapping[str, Any], key: bytes) -> str:
    """Return the keyed hash of a receipt without its signature."""
    rest = {name: value for name, value in receipt.items() if name != SIGNED}
    return keyed(key, RECEIPT, json.dumps(rest, sort_keys=True, ensure_ascii=False))


def write_receipt(root: Path, receipt: Mapping[str, Any], key: bytes) -> Path:
    """Sign a receipt and write it; returns where it stands."""
    path = root / RECEIPTS / f"{receipt['receipt']}.json"
    write_json(path, {**receipt, SIGNED: signature(receipt, key)})
    return path


def verify(path: Path, key: bytes) -> dict[str, Any]:
    """Return a receipt whose signature holds; raises IntegrityError for another one, UserError for none at all."""
    todo = f"Name a file of {RECEIPTS}/."
    try:
        receipt = read_json(path)
    except (OSError, ValueError) as error:
        raise UserError(expected="a receipt", found=f"{path}: {type(error).__name__}", todo=todo) from error
    if not isinstance(receipt, dict) or receipt.get(SIGNED) != signature(receipt, key):
        raise IntegrityError(f"{path} was changed after it was signed, or signed with another key")
    return receipt
