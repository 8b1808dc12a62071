from collections import Counter

import pytest

from retune.core.perturbations import in_case, names_swapped, negated, typos

TEXT = "The printer on the third floor does not print my invoices."


def test_typos_swap_two_letters_inside_so_many_words() -> None:
    changed = typos(TEXT, 2, seed=1)
    differing = [(a, b) for a, b in zip(TEXT.split(), changed.split(), strict=True) if a != b]
    assert 1 <= len(differing) <= 2
    for before, after in differing:
        assert Counter(before) == Counter(after)
        assert (before[0], before[-1]) == (after[0], after[-1])
    assert typos(TEXT, 2, seed=1) == changed
    assert len({typos(TEXT, 2, seed=seed) for seed in range(9)}) > 3
    assert typos("a bit of it", 2, seed=1) == "a bit of it", "words too short to misspell"


def test_case_is_that_of_all_letters() -> None:
    assert in_case("Ab c", "upper") == "AB C"
    assert in_case("Ab C", "lower") == "ab c"


def test_names_are_swapped_as_whole_words_and_alike_throughout() -> None:
    names = ["Ann", "Bob", "Mary Ann"]
    changed = names_swapped("Ann asked Mary Ann; Annex B told Ann.", names, seed=1)
    first, second = changed.split(" asked ")[0], changed.split(" asked ")[1].split(";")[0]
    assert first != "Ann"
    assert second not in ("Mary Ann", first)
    assert changed.endswith(f"Annex B told {first}.")
    assert names_swapped("no name here", names, seed=1) == "no name here"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("The door is open.", "The door is not open."),
        ("The door is not open.", "The door is open."),
        ("It doesn't print.", "It does print."),
        ("I can't log in.", "I can log in."),
        ("We won’t pay.", "We will pay."),
        ("We cannot pay.", "We can pay."),
        ("Where it was and is.", "Where it was not and is."),
        ("Lost keys", "Lost keys"),
    ],
)
def test_a_negation_is_put_in_or_taken_out_once(before: str, after: str) -> None:
    assert negated(before) == after
