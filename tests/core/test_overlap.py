from retune.core.overlap import PassageIndex

WORDS = [f"w{number}" for number in range(40)]


def index(**texts: str) -> PassageIndex:
    return PassageIndex(texts, words=5, minimum=3)


def test_the_share_of_a_passage_that_is_held_is_counted_in_runs() -> None:
    held = index(a=" ".join(WORDS[:14])).held_by(" ".join(WORDS[:9]), share=0.5)  # 5 of 10 runs of five words
    assert held is not None
    assert (held.of, held.share) == ("a", 0.5)
    assert index(a=" ".join(WORDS[:14])).held_by(" ".join(WORDS[:8]), share=0.5) is None


def test_case_punctuation_and_line_breaks_do_not_hide_a_copy() -> None:
    held = index(a="The badge reader, at the gate.").held_by("so THE  badge\nreader at the (gate) fails", share=1.0)
    assert held is not None


def test_the_text_held_most_is_named_and_ties_go_to_the_first_name() -> None:
    whole, part = " ".join(WORDS[:10]), " ".join(WORDS[:10] + WORDS[20:22])
    held = index(b=whole, a=whole, c=part).held_by(whole, share=0.5)
    assert held is not None
    assert held.of == "a"


def test_what_is_shorter_than_the_minimum_is_not_looked_for() -> None:
    assert index(a="w1 w2").held_by("w1 w2", share=0.1) is None
