"""Which version was champion when, and whether the aliases are what the recorded decisions made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Protocol, TypeVar


class Move(Protocol):
    """A decision that made a version the champion."""

    @property
    def before(self) -> str:
        """The version that was champion, empty for the first move."""

    @property
    def after(self) -> str:
        """The version that it made the champion."""

    @property
    def who(self) -> str:
        """Who moved it."""

    @property
    def started(self) -> int:
        """When, in milliseconds since 1970."""

    @property
    def is_done(self) -> bool:
        """Whether the aliases followed."""


AMove = TypeVar("AMove", bound=Move)


def champion_at(moves: Sequence[AMove], moment: datetime) -> AMove | None:
    """Return the move whose version was champion at a moment, None where there was none yet; the newest comes first."""
    then = int(moment.timestamp() * 1000)
    return next((move for move in moves if move.started <= then), None)


def moment_of(text: str) -> datetime:
    """Return a moment from a date or a time in ISO 8601; a bare date is the end of that day, no zone is UTC.

    Raises ValueError for anything else.
    """
    found = datetime.fromisoformat(text)
    if len(text) <= len("2026-11-22"):
        found = found.replace(hour=23, minute=59, second=59, microsecond=999999)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def faults(moves: Sequence[Move], aliases: Mapping[str, str], versions: Mapping[str, str]) -> list[str]:
    """Say in what the aliases `champion` and `previous` differ from the moves, newest first, and how to mend it.

    `versions` maps the versions that exist to why they were withdrawn, empty where they were not.
    """
    champion, previous = aliases.get("champion", ""), aliases.get("previous", "")
    return [*_champion(moves, champion, versions), *_previous(champion, previous, versions), *_breaks(moves)]


def _champion(moves: Sequence[Move], champion: str, versions: Mapping[str, str]) -> list[str]:
    """Compare the alias `champion` with the last move."""
    mend = "make promote VERSION=... REASON=... decides and records"
    if not moves:
        return [f"version {champion} is champion, and no decision says why: {mend}"] if champion else []
    last = moves[0]
    if not last.is_done:
        return [f"the decision for version {last.after} is recorded, its alias not yet moved: the next command does it"]
    if not champion:
        if not last.after:
            return []
        return [f"there is no champion, and the last decision made version {last.after} it: {mend}"]
    if champion != last.after:
        made = f"version {last.after or 'none'}"
        said = f"version {champion} is champion, but the last decision ({_day(last)}, {last.who}) made it {made}"
        back = f"make promote VERSION={last.after} REASON=... goes back" if last.after in versions else mend
        return [f"{said}: somebody moved the alias past the record; {back}"]
    if champion not in versions:
        return [f"version {champion} is champion and does not exist any more: {mend}"]
    why = versions[champion]
    return [f"version {champion} is champion and was withdrawn: {why}"] if why else []


def _previous(champion: str, previous: str, versions: Mapping[str, str]) -> list[str]:
    """Say what is wrong with the alias `previous`: a rollback goes there."""
    if previous and previous == champion:
        return [f"version {champion} is champion and previous at once: a rollback would change nothing"]
    if previous and previous not in versions:
        return [f"the version before the champion, {previous}, does not exist any more: a rollback has no aim"]
    return []


def _breaks(moves: Sequence[Move]) -> list[str]:
    """Say where a move does not start from what the one before it made."""
    return [
        f"the decision of {_day(later)} starts from version {later.before or 'none'}, but {earlier.after} was champion"
        for later, earlier in pairwise(moves)
        if later.before not in (earlier.after, "")
    ]


def _day(move: Move) -> str:
    """Return the day of a move."""
    return datetime.fromtimestamp(move.started / 1000, UTC).date().isoformat()
