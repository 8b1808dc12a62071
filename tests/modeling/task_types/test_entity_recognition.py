import numpy as np
import pandas as pd
import pytest

from retune.core.targets import entities
from retune.core.targets.entities import Entity
from retune.modeling.task_types import entity_recognition as part
from retune.modeling.words import words

TEXT = "Dr. Anna Berg, Kiel"
LABEL = entities.dump([Entity(0, 13, "PER"), Entity(15, 19, "LOC")])
KNOWN = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]


def sure(codes: list[int], shares: list[float]) -> np.ndarray:
    """Return logits [words, tags] by which each word has its tag with that probability."""
    logits = np.zeros((len(codes), len(KNOWN)), dtype=np.float32)
    for row, (code, share) in enumerate(zip(codes, shares, strict=True)):
        logits[row, code] = np.log(share * (len(KNOWN) - 1) / (1 - share))
    return logits


def test_tags_begin_and_go_on_with_an_entity_over_its_words() -> None:
    assert part.labels_of(pd.DataFrame({"label": [LABEL, "[]"]})) == KNOWN
    assert part.encode(LABEL, words(TEXT), KNOWN).tolist() == [3, 4, 4, 4, 0, 1]  # Dr . Anna Berg , Kiel
    assert part.encode("[]", words(TEXT), KNOWN).tolist() == [0] * 6


def test_all_words_of_an_unknown_type_have_no_tag() -> None:
    assert part.encode(LABEL, words(TEXT), ["O", "B-LOC", "I-LOC"]).tolist() == [part.UNKNOWN] * 4 + [0, 1]


def test_what_is_encoded_is_decoded_to_the_same_entities() -> None:
    logits = sure([3, 4, 4, 4, 0, 1], [0.9] * 6)
    found = part.decode([logits, logits[:0]], [words(TEXT), []], KNOWN)
    assert found["prediction"].tolist() == [LABEL, "[]"]
    assert found["confidence"].tolist() == pytest.approx([0.9, 1.0])


def test_the_confidence_is_that_of_the_least_sure_entity_or_word_without_one() -> None:
    by_entity = sure([3, 4, 4, 4, 0, 1], [0.9, 0.5, 0.9, 0.9, 0.95, 0.97])
    by_word = sure([3, 4, 4, 4, 0, 1], [0.9, 0.9, 0.9, 0.9, 0.6, 0.97])
    found = part.decode([by_entity, by_word], [words(TEXT)] * 2, KNOWN)
    assert found["confidence"].tolist() == pytest.approx([0.8, 0.6])


def test_an_inside_that_follows_another_type_is_never_decoded() -> None:
    logits = sure([1, 4, 0, 0, 0, 2], [0.7, 0.6, 0.9, 0.9, 0.9, 0.9])
    (label,) = part.decode([logits], [words(TEXT)], KNOWN)["prediction"]
    spans = {(entity.start, entity.end) for entity in entities.parse(label)}
    starts, ends = zip(*words(TEXT), strict=True)
    assert all(start in starts and end in ends for start, end in spans)
    assert label == entities.dump(sorted(entities.parse(label)))


@pytest.mark.parametrize(
    ("span", "off"), [((0, 13), 0), ((0, 2), 0), ((1, 13), 1), ((4, 11), 1), ((13, 14), 0), ((3, 4), 1)]
)
def test_entities_that_are_not_whole_words_are_counted(span: tuple[int, int], off: int) -> None:
    assert part.off_edges(entities.dump([Entity(*span, "PER")]), words(TEXT)) == off
