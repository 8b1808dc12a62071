"""Versions that learnt from what was erased: marked, and by policy relieved by an earlier champion that did not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from retune.core.errors import IntegrityError
from retune.core.params.erasure import Withdrawal
from retune.io import promotion
from retune.io.approval import whoami
from retune.io.registry import CHALLENGER, CHAMPION, MOVES, WITHDRAWN, WITHDREW, Decision, Registry

ERASED = "retune.erased"  # on a version: the receipts of what it saw and what is gone; its data cannot be had again
ALONE = "no earlier champion did without it"


@dataclass(frozen=True)
class Moved:
    """What became of the alias of one model's champion; `after` is empty where none was left."""

    model: str
    before: str
    after: str
    note: str


def mark(registry: Registry, version: str, receipt: str, *, withdraw: str) -> None:
    """Note a receipt, if any, on a version, and why it is withdrawn where it is; twice is once."""
    found = registry.version(version)
    if found is None:
        return
    receipts = sorted({*found.tags.get(ERASED, "").split(","), receipt} - {""})
    tags = {ERASED: ",".join(receipts)} if receipts else {}
    if withdraw and not found.tags.get(WITHDRAWN):
        tags[WITHDRAWN] = withdraw
    registry.tag(version, tags)


def relieve(registry: Registry, affected: Collection[str], why: str, receipt: str, policy: Withdrawal) -> Moved | None:
    """Move the alias from a champion that is affected, and return what was done; None where it is not affected.

    The same receipt moves it once. Another alias that names an affected version goes.
    """
    registry.finish()
    champion = registry.aliases().get(CHAMPION, "")
    decided = _decided(registry, receipt)
    if decided is not None:
        return Moved(registry.name, decided.before, decided.after, "")
    if registry.aliases().get(CHALLENGER) in affected:
        registry.unchallenge()
    if champion not in affected or policy == "never":
        return None
    for after in [*_earlier(registry, affected), *[""] * (policy == "always")]:
        made = Decision(WITHDREW, champion, after, whoami(registry.uri).name, why, evidence_sha256=receipt)
        try:
            promotion.move(registry, made, once=True)
        except IntegrityError:
            continue  # its files are not its own any more: the one before it may be whole
        return Moved(registry.name, champion, after, "" if after else ALONE)
    return Moved(registry.name, champion, champion, f"{ALONE}: it answers until it is replaced")


def _decided(registry: Registry, receipt: str) -> Decision | None:
    """Return the move that was made for a receipt, None where none was."""
    return next(
        (one for one in registry.decisions() if (one.outcome, one.evidence_sha256) == (WITHDREW, receipt)), None
    )


def _earlier(registry: Registry, affected: Collection[str]) -> list[str]:
    """Return the versions that were champion once, are not affected and were never withdrawn, the newest first."""
    numbers = [one.after for one in registry.decisions() if one.outcome in MOVES and one.after]
    versions = [registry.version(number) for number in dict.fromkeys(numbers) if number not in affected]
    return [one.number for one in versions if one is not None and not one.tags.get(WITHDRAWN)]
