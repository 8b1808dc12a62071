"""An approval counts for these files, for so long, and by somebody else than who trained them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from retune.core.approval import Approval, may_approve, standing
from retune.core.params.release import ApprovalParams

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = ApprovalParams(required=True, by="second_person", days=14)
ANYONE = ApprovalParams(required=True, by="anyone", days=14)
BOB = Approval("bob", int(NOW.timestamp() * 1000) - 1000, "p1", is_signed=True)


def counts(approval: Approval, params: ApprovalParams = SECOND, trainers: tuple[str, ...] = ("ada",)) -> bool:
    found = standing([approval], package_sha256="p1", trainers=trainers, params=params, now=NOW)
    assert (found.approval is None) == bool(found.reasons)
    return found.approval is not None


@pytest.mark.case("RG-4")
def test_a_second_person_approves() -> None:
    assert counts(BOB)


@pytest.mark.case("RG-4")
@pytest.mark.parametrize("who", ["ada", "Ada", " ada "])
def test_who_trained_it_does_not_approve_it(who: str) -> None:
    assert not counts(replace(BOB, who=who))
    assert counts(replace(BOB, who=who), ANYONE)
    assert "ada" in may_approve(who, ["Ada"]).lower()


@pytest.mark.case("RG-4")
def test_an_approval_of_other_files_is_void() -> None:
    for params in (SECOND, ANYONE):
        assert not counts(replace(BOB, package_sha256="p2"), params)


@pytest.mark.case("RG-4")
def test_an_approval_has_an_end() -> None:
    day = 86_400_000
    start = int((NOW - timedelta(days=14)).timestamp() * 1000)
    for params in (SECOND, ANYONE):
        assert counts(replace(BOB, at=start), params)
        assert not counts(replace(BOB, at=start - 1), params)
        assert not counts(replace(BOB, at=start - day), params)


@pytest.mark.case("RG-4")
def test_a_name_that_the_server_does_not_vouch_for_is_nobody() -> None:
    assert not counts(replace(BOB, is_signed=False))
    assert counts(replace(BOB, is_signed=False), ANYONE)


@pytest.mark.case("RG-4")
def test_where_nobody_knows_who_trained_it_there_is_no_second_person() -> None:
    assert not counts(BOB, trainers=())
    assert may_approve("bob", ())


def test_of_several_the_newest_that_counts_is_taken_and_the_others_are_explained() -> None:
    old, own = replace(BOB, at=BOB.at - 5), replace(BOB, who="ada", at=BOB.at + 5)
    kind = {"package_sha256": "p1", "trainers": ["ada"], "params": SECOND, "now": NOW}
    assert standing([old, own, BOB], **kind).approval == BOB  # type: ignore[arg-type]
    said = standing([own, replace(BOB, package_sha256="p2")], **kind).reasons  # type: ignore[arg-type]
    assert len(said) == 2
    assert standing([], **kind).reasons == ()  # type: ignore[arg-type]
