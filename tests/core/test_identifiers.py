"""A person is found by what stands in a text, however it is spelt, and nobody else is taken for that person."""

import pytest

from retune.core.errors import UserError
from retune.core.identifiers import mark_of, marks_in

FOUND = [
    ("Ada.Byron@Example.com", "Write to <ada.byron@example.com>."),
    ("ada.byron@example.com", "ada.byron [at] example [dot] com"),
    ("ada.byron@example.com", "mailto:ADA.BYRON@example.com?subject=hello, or call"),
    ("+44 20 7946 0958", "call 020 7946 0958 after six"),
    ("020-7946-0958", "Tel.: +44 (0)20 7946 0958, room 4"),
    ("Ada Byron", "Thank you, ADA  Byron!"),
    ("Zoë O'Brien", "from Zoë O'Brien, Hulm"),
    ("C-10442", "customer c-10442 asked again"),
]
NOT_FOUND = [
    ("ada@example.com", "bob.ada@example.com wrote"),
    ("ada@example.com", "ada@example.com.au wrote"),
    ("020 7946 0958", "020 7946 0959"),
    ("Ada Byron", "Ada wrote to Byron"),
    ("Ada Byron", "Ada Byronson"),
]


def is_found(identifier: str, text: str) -> bool:
    mark = mark_of(identifier)
    return mark in set(marks_in(text, {mark[0]}))


@pytest.mark.parametrize(("identifier", "text"), FOUND)
def test_a_person_is_found_however_the_text_spells_it(identifier: str, text: str) -> None:
    assert is_found(identifier, text)


@pytest.mark.parametrize(("identifier", "text"), NOT_FOUND)
def test_nobody_else_is_taken_for_that_person(identifier: str, text: str) -> None:
    assert not is_found(identifier, text)


@pytest.mark.parametrize("identifier", ["", "A", "@", "a@b, c@d", "one two three four five six seven eight nine"])
def test_what_would_find_nothing_or_everything_is_refused(identifier: str) -> None:
    with pytest.raises(UserError):
        mark_of(identifier)
