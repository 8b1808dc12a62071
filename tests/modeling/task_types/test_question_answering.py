from retune.core.targets import answers
from retune.core.targets.answers import Answer
from retune.modeling.task_types import question_answering as part


def test_the_first_answer_is_learnt() -> None:
    label = answers.dump([Answer("Anna Berg", 4), Answer("Berg", 9)])
    assert part.span_of(label) == (4, 13)
    assert part.span_of("[]") is None


def test_an_answer_is_the_passages_own_text() -> None:
    context = "Dr. Ånna  Berg, Kiel"
    found = part.decode([context, context], [(4, 14), None], [0.5, 0.25])
    first, second = found["prediction"]
    assert answers.parse(first) == (Answer("Ånna  Berg", 4),)
    answers.check(first, "", context)
    assert second == "[]"
    assert found["confidence"].tolist() == [0.5, 0.25]
