import os

from hypothesis import given
from hypothesis import strategies as st

from retune.core.prepare.affixes import beginning, ending

TEXTS = st.lists(st.text(alphabet="ab ", max_size=5), min_size=2, max_size=5)


@given(TEXTS)
def test_beginning_and_ending_are_the_longest_that_all_share(texts: list[str]) -> None:
    assert beginning(texts) == os.path.commonprefix(texts)  # noqa: RUF071 - character by character is what is asked
    assert all(text.endswith(ending(texts)) for text in texts)
    longer = {text[-len(ending(texts)) - 1 :] for text in texts}
    assert len(longer) > 1 or ending(texts) in texts


def test_of_one_text_nothing_is_shared() -> None:
    assert beginning(["alone"]) == ending(["alone"]) == ""
