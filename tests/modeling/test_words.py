import pytest

from retune.modeling.words import pieces, trimmed, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t", []),
        ("Anna's 3rd e-mail.", ["Anna", "'", "s", "3rd", "e", "-", "mail", "."]),
        ("snake_case café", ["snake_case", "café"]),
        ("cafe\u0301 noir", ["cafe\u0301", "noir"]),
        ("東京タワー へ", ["東", "京", "タ", "ワ", "ー", "へ"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("50 € / 7½", ["50", "€", "/", "7½"]),
        ("a\u00a0b\u200bc", ["a", "b", "c"]),
        ("👍🏽 ok", ["👍", "🏽", "ok"]),
    ],
)
def test_words_of_any_script_are_told_apart(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in words(text)] == expected


def test_every_visible_character_is_in_one_word() -> None:
    text = "Prof. Ünal, 42 (ret.): «déjà vu» 你好!"
    covered = [place for start, end in words(text) for place in range(start, end)]
    assert covered == [place for place, character in enumerate(text) if not character.isspace()]


def test_a_word_has_the_tokens_that_share_a_character_with_it() -> None:
    offsets = [(0, 2), (2, 5), (5, 5), (5, 9), (9, 11), (11, 12)]
    assert pieces([(0, 5), (6, 10), (10, 11), (20, 22)], offsets) == [[0, 1], [3, 4], [4], []]


def test_white_space_around_a_piece_is_not_part_of_it() -> None:
    assert trimmed("to  be ", 2, 7) == (4, 6)
    assert trimmed("to  be ", 2, 4) == (4, 4)
