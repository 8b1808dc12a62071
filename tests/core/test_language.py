import pytest

from retune.core.ingest import Draft, Parsed, Refusal
from retune.core.language import detect, with_languages


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The canteen opens at noon and closes at two on every working day."),
        ("de", "Die Kantine öffnet mittags und schließt an jedem Arbeitstag um zwei Uhr."),
        ("fr", "La cantine ouvre à midi et ferme à deux heures chaque jour ouvrable."),
        ("ru", "Столовая открывается в полдень и закрывается в два часа каждый рабочий день."),
    ],
)
def test_the_language_of_a_sentence_is_told(language: str, text: str) -> None:
    assert detect(text) == language
    assert detect(text * 300) == language


def test_each_document_of_a_file_has_its_own_language() -> None:
    french = "La cantine ouvre à midi et ferme à deux heures chaque jour ouvrable."
    refusal = Refusal("row=2", "corrupt")
    first, second, third = with_languages(
        Parsed((Draft("Good morning to all of you today."), refusal, Draft(french)))
    ).parts
    assert isinstance(first, Draft)
    assert isinstance(third, Draft)
    assert (first.language, second, third.language) == ("en", refusal, "fr")


@pytest.mark.parametrize("text", ["", "Hello Ada", "1234567890 1234567890 1234567890", "nineteen letters ab c"])
def test_too_few_letters_have_no_language(text: str) -> None:
    assert detect(text) == "und"
