"""How many examples changed sides is counted over those that both splits kept."""

import pandas as pd

from retune.core.moves import Moves, moves


def sides(**given: str) -> pd.DataFrame:
    return pd.DataFrame({"example_id": list(given), "side": list(given.values())})


def test_only_what_both_splits_kept_is_compared() -> None:
    before = sides(a="train", b="train", c="test", d="validation", gone="test", left_out="")
    now = sides(a="train", b="test", c="test", d="", new="train", left_out="train")
    found = moves(before, now)
    assert found == Moves(compared=3, moved=1)
    assert found.told("4").startswith("33.3% changed sides of the split since version 4: 1 of the 3 examples")


def test_splits_with_nothing_in_common_say_so() -> None:
    found = moves(sides(a="train"), sides(b="train"))
    assert (found, found.share) == (Moves(0, 0), 0.0)
