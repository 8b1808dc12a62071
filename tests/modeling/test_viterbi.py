import itertools

import numpy as np
import pytest

from retune.modeling.viterbi import best_tags

TAGS = ["O", "B-a", "I-a", "B-b", "I-b"]


def is_legal(path: tuple[int, ...]) -> bool:
    """Tell whether every inside stands behind a begin or an inside of its type."""
    names = ["O", *(TAGS[place] for place in path)]
    return all(not now.startswith("I-") or before[1:] == now[1:] for before, now in itertools.pairwise(names))


@pytest.mark.parametrize("words", [1, 2, 3, 5])
def test_the_best_legal_sequence_is_found(words: int) -> None:
    draw = np.random.default_rng(words)
    texts = [np.log(draw.dirichlet(np.ones(5) * 0.5, size=words)) for _ in range(20)]
    legal = [path for path in itertools.product(range(5), repeat=words) if is_legal(path)]
    assert len(legal) < 5**words
    for scores, found in zip(texts, best_tags(texts, TAGS), strict=True):
        costs = {path: sum(scores[word, tag] for word, tag in enumerate(path)) for path in legal}
        assert tuple(found) == max(costs, key=lambda path: costs[path])


def test_texts_of_any_length_are_searched_together() -> None:
    draw = np.random.default_rng(1)
    texts = [draw.normal(size=(length, 5)) for length in [4, 0, 130, 1, 7] * 30]
    together = best_tags(texts, TAGS)
    assert [len(path) for path in together] == [len(text) for text in texts]
    for text, path in zip(texts[:5], together[:5], strict=True):
        assert best_tags([text], TAGS)[0].tolist() == path.tolist()


def test_a_text_begins_with_no_inside_however_sure() -> None:
    scores = np.log(np.array([[0.01, 0.09, 0.9 - 2e-6, 1e-6, 1e-6], [0.1, 0.1, 0.8 - 2e-6, 1e-6, 1e-6]]))
    assert [TAGS[place] for place in best_tags([scores], TAGS)[0]] == ["B-a", "I-a"]
