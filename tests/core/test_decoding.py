import codecs

import pytest

from retune.core.decoding import decode
from retune.core.ingest import UnreadableError

GERMAN = "Die Kantine öffnet um zwölf Uhr, schließt um zwei, und führt täglich Süßspeisen für Gäste. " * 3
JAPANESE = "食堂は正午に開き、午後二時に閉まります。毎日営業しています。" * 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_text_comes_back_to_the_letter_without_a_word_about_its_encoding(encoding: str) -> None:
    assert decode(GERMAN.encode(encoding)).text == GERMAN


@pytest.mark.parametrize("encoding", ["iso2022_jp", "shift_jis", "euc_jp"])
def test_what_the_file_declares_is_believed(encoding: str) -> None:
    assert decode(JAPANESE.encode(encoding), encoding).text == JAPANESE


def test_utf8_is_believed_against_a_wrong_declaration() -> None:
    assert decode(GERMAN.encode(), "iso-8859-1").text == GERMAN


def test_an_unknown_declaration_does_no_harm() -> None:
    assert decode(GERMAN.encode(), "x-unknown-8").text == GERMAN


@pytest.mark.parametrize("encoding", ["utf-8", "iso2022_jp"])
def test_a_text_that_was_cut_inside_a_character_is_read_and_the_loss_counted(encoding: str) -> None:
    decoded = decode((JAPANESE * 3).encode(encoding)[: -1 if encoding == "utf-8" else -4])
    assert decoded.text[:50] == JAPANESE[:50]
    assert decoded.replaced == 1
    assert decoded.metadata["replaced_characters"] == "1"


@pytest.mark.parametrize(("bad", "passes"), [(1, True), (2, False)])
def test_more_than_one_percent_of_replaced_characters_is_refused(bad: int, passes: bool) -> None:
    data = b"a" * (100 - bad) + b"\0" * bad
    if passes:
        assert decode(data).replaced == bad
    else:
        with pytest.raises(UnreadableError, match="undecodable"):
            decode(data)


def test_line_ends_are_one_kind_and_the_mark_is_no_character() -> None:
    assert decode(codecs.BOM_UTF8 + b"a\r\nb\rc").text == "a\nb\nc"


def test_another_encoding_than_utf8_is_written_down() -> None:
    assert decode(GERMAN.encode("cp1252")).metadata == {"encoding": "cp1252"}
    assert decode(b"plain").metadata == {}
