"""Whether a version has been approved: for which files, how long ago, and by somebody else than who trained it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from retune.core.params.release import ApprovalParams

MILLISECONDS_PER_DAY = 86_400_000


@dataclass(frozen=True)
class Approval:
    """One person's yes to the files of one version."""

    who: str
    at: int  # milliseconds since 1970, by the server's clock
    package_sha256: str  # of the files that were approved
    is_signed: bool  # the server itself says who it was, not the client


@dataclass(frozen=True)
class Standing:
    """The approval that counts, None where none does, and why the others do not."""

    approval: Approval | None
    reasons: tuple[str, ...] = ()


def standing(
    approvals: Sequence[Approval],
    *,
    package_sha256: str,
    trainers: Collection[str],
    params: ApprovalParams,
    now: datetime,
) -> Standing:
    """Return the newest approval that counts for the files with this hash.

    `trainers` are the accounts under which the version was registered, as the server says; a second person can only be
    told from them where there is one.
    """
    reasons: list[str] = []
    for approval in sorted(approvals, key=lambda one: -one.at):
        why_not = _why_not(approval, package_sha256, trainers, params, now)
        if not why_not:
            return Standing(approval)
        reasons.append(why_not)
    return Standing(None, tuple(reasons))


def may_approve(who: str, trainers: Collection[str]) -> str:
    """Say why a person, by the account on the server, may not approve as a second person; empty where they may."""
    if not trainers:
        return "the server does not say who trained it: train and register it with an account on MLflow's server"
    if _folded(who) in {_folded(one) for one in trainers}:
        return f"{who} trained it, and a second person has to approve"
    return ""


def _why_not(
    approval: Approval, package_sha256: str, trainers: Collection[str], params: ApprovalParams, now: datetime
) -> str:
    """Say why one approval does not count, empty where it does."""
    age = int(now.timestamp() * 1000) - approval.at
    if approval.package_sha256 != package_sha256:
        return f"{approval.who} approved other files than the version has now"
    if age > params.days * MILLISECONDS_PER_DAY:
        return f"{approval.who} approved it more than {params.days} days ago"
    if params.by == "anyone":
        return ""
    if not approval.is_signed:
        return f"that {approval.who} approved it is said by a client, not by the server"
    refused = may_approve(approval.who, trainers)
    return f"the approval of {approval.who} does not count: {refused}" if refused else ""


def _folded(name: str) -> str:
    """Return an account's name as the server compares it: without regard to case or space around it."""
    return name.strip().casefold()
