"""Which version was champion on a day, from the decisions alone; and an alias that went past the record is found."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from retune.core.history import champion_at, faults, moment_of


@dataclass(frozen=True)
class Toy:
    before: str
    after: str
    started: int
    who: str = "ada"
    is_done: bool = True


def day(number: int, hour: int = 12) -> int:
    return int(datetime(2026, 11, number, hour, tzinfo=UTC).timestamp() * 1000)


MOVES = [Toy("2", "1", day(9)), Toy("1", "2", day(5)), Toy("", "1", day(2))]
ALL = {"1": "", "2": ""}


@pytest.mark.case("RG-3")
@pytest.mark.parametrize(
    ("when", "version"),
    [("2026-11-01", ""), ("2026-11-02", "1"), ("2026-11-04", "1"), ("2026-11-05T11:59:59", "1"), ("2026-11-05", "2"),
     ("2026-11-08T23:59+00:00", "2"), ("2026-11-09", "1"), ("2030-01-01", "1")],
)  # fmt: skip
def test_which_version_was_champion_on_a_day(when: str, version: str) -> None:
    found = champion_at(MOVES, moment_of(when))
    assert (found.after if found else "") == version


def test_what_is_no_date_is_refused() -> None:
    with pytest.raises(ValueError, match="yesterday"):
        moment_of("yesterday")


def test_aliases_that_follow_the_record_have_no_fault() -> None:
    assert faults(MOVES, {"champion": "1"}, ALL) == []
    assert faults(MOVES[1:], {"champion": "2", "previous": "1"}, ALL) == []
    assert faults([], {}, {}) == []
    assert faults([Toy("1", "", day(12)), *MOVES], {}, ALL) == []  # a deletion left none


@pytest.mark.parametrize(
    ("aliases", "moves", "versions", "said"),
    [
        ({"champion": "2"}, MOVES, ALL, "past the record; make promote VERSION=1 REASON=... goes back"),
        ({"champion": "1"}, [], ALL, "no decision says why"),
        ({}, MOVES, ALL, "there is no champion"),
        ({"champion": "1"}, [Toy("1", "", day(12)), *MOVES], ALL, "made it version none"),
        ({"champion": "1"}, MOVES, {"2": ""}, "does not exist any more"),
        ({"champion": "1"}, MOVES, {"1": "erased", "2": ""}, "withdrawn: erased"),
        ({"champion": "2"}, [Toy("2", "1", day(9), is_done=False), *MOVES[1:]], ALL, "the next command does it"),
        ({"champion": "1", "previous": "1"}, MOVES, ALL, "at once"),
        ({"champion": "1", "previous": "7"}, MOVES, ALL, "no aim"),
        ({"champion": "4"}, [Toy("3", "4", day(12)), *MOVES], {**ALL, "4": ""}, "starts from version 3"),
    ],
)
def test_each_fault_is_named(aliases: dict[str, str], moves: list[Toy], versions: dict[str, str], said: str) -> None:
    (found,) = faults(moves, aliases, versions)
    assert said in found
