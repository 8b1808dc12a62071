import pytest

from retune.core.metrics._words import words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It's 3.5 % — e_mail", ["it", "s", "3", "5", "e", "mail"]),
        ("Größe, ÉLYSÉE", ["größe", "élysée"]),
        ("यात्रा का", ["यात्रा", "का"]),  # vowel signs are marks, and part of their word
        ("月曜日 9時", ["月", "曜", "日", "9", "時"]),
        ("วันที่", ["วั", "น", "ที่"]),
        ("ＡＢＣ ①", ["abc", "1"]),
        ("\u0301 x", ["x"]),
        ("", []),
    ],
)
def test_words_are_found_in_any_script(text: str, found: list[str]) -> None:
    assert words(text) == found
