from pathlib import Path
from typing import Any

import pytest

from retune.core.errors import UserError
from retune.modeling import windows
from retune.modeling.words import trimmed
from tests.modeling.conftest import make_plan
from tests.modeling.tiny import tiny

TEXT = "The meeting of the board moved from Monday to Thursday, said Anna Berg in Hamburg. " * 3


@pytest.fixture(scope="module", params=["bert", "roberta", "t5", "gpt2"])
def tokenizer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    base = tiny(request.param, tmp_path_factory.mktemp("base") / "tiny")
    family = {"bert": "encoder", "roberta": "encoder"}.get(request.param, request.param)
    return make_plan(base, family=family).family.load(base)[1]


@pytest.mark.parametrize("overlap", [0, 1, 7])
@pytest.mark.parametrize("question", [None, "Who said it?"])
def test_windows_own_each_token_of_a_text_once_in_order(tokenizer: Any, overlap: int, question: str | None) -> None:
    questions = None if question is None else [question] * 3
    texts = [TEXT, "Anna Berg", TEXT + "again"]
    found = windows.cut(tokenizer, texts, 40, overlap, questions)
    for text, places in zip(texts, windows.by_row(found, 3), strict=True):
        own = [found[place] for place in places]
        whole = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        assert [trimmed(text, *span) for span in windows.offsets_of(own)] == [trimmed(text, *span) for span in whole]
        assert all(len(window) <= 40 for window in own)
        for window in own:
            ids = tokenizer(text, add_special_tokens=False)["input_ids"]
            last = window.start + len(window.offsets)
            assert window.ids[window.first : window.first + len(window.offsets)] == ids[window.start : last]


def test_what_two_windows_share_is_parted_in_its_middle(tmp_path: Path) -> None:
    base = tiny("bert", tmp_path / "base")
    tokens = make_plan(base).family.load(base)[1]
    first, second, *_ = windows.cut(tokens, [TEXT], 40, 8)
    last = first.start + len(first.offsets)
    assert last - second.start == 8
    assert first.owned == (0, last - 4)
    assert second.owned[0] == second.start + 4


def test_an_empty_text_is_one_window_without_a_token(tokenizer: Any) -> None:
    (window,) = windows.cut(tokenizer, [""], 40, 4)
    assert (window.offsets, window.owned) == ([], (0, 0))


def test_an_overlap_that_leaves_no_room_is_refused(tokenizer: Any) -> None:
    with pytest.raises(UserError, match="overlap_tokens: 39"):
        windows.cut(tokenizer, [TEXT], 40, 39, ["why"])
