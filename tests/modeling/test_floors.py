from retune.modeling.floors import tfidf

TEXTS = ["vpn drops", "vpn is slow", "no vpn at home", "printer jams", "printer out of toner", "printer prints blank"]
LABELS = ["vpn"] * 3 + ["printer"] * 3


def test_the_floor_learns_from_words() -> None:
    assert tfidf(TEXTS, LABELS, ["my vpn", "the printer"]) == ["vpn", "printer"]


def test_the_floor_answers_alike_every_time_and_unknown_words_too() -> None:
    asked = ["", "zzz", "vpn printer"]
    assert tfidf(TEXTS, LABELS, asked) == tfidf(TEXTS, LABELS, asked)
    assert set(tfidf(TEXTS, LABELS, asked)) <= set(LABELS)


def test_one_label_is_the_answer_to_everything() -> None:
    assert tfidf(["a b", "c d"], ["x", "x"], ["e"]) == ["x"]
