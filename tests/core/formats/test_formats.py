import re

import pytest

from retune.core.ingest import TODOS, Draft, Parsed, Refusal
from retune.core.ingest_formats import format_of, formats
from tests.core.formats import samples
from tests.core.formats.samples import WORDS, document, read

SAMPLES = samples.one_of_each()


def mutated(data: bytes) -> list[bytes]:
    """Return a file cut off in the middle, one with a run of zeros, and one with every tenth byte changed."""
    middle = len(data) // 2
    return [
        data[:middle],
        data[:middle] + bytes(40) + data[middle + 40 :],
        bytes(b ^ (i % 10 == 0) for i, b in enumerate(data)),
    ]


@pytest.mark.parametrize("name", sorted(formats()))
def test_each_format_says_what_it_reads(name: str) -> None:
    known = formats()[name]
    assert known.SUFFIXES
    assert all(re.fullmatch(r"\.[a-z0-9]+", suffix) for suffix in known.SUFFIXES)
    assert re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", known.MEDIA_TYPE)
    assert known.VERSION
    assert any(format_of(data, file) == name for file, data in SAMPLES.items()), "a sample is missing"


@pytest.mark.case("IN-1")
@pytest.mark.parametrize("file", sorted(SAMPLES))
def test_each_format_keeps_every_word_and_says_who_read_it(file: str) -> None:
    drafts = [part for part in read(SAMPLES[file], file).parts if isinstance(part, Draft)]
    assert WORDS in " ".join(drafts[0].text.split())
    assert "unseen" not in drafts[0].text
    known = formats()[format_of(SAMPLES[file], file)]
    assert (drafts[0].parser, drafts[0].parser_version) == (format_of(SAMPLES[file], file), known.VERSION)
    assert drafts[0].media_type == known.MEDIA_TYPE


@pytest.mark.parametrize("file", sorted(SAMPLES))
def test_the_same_bytes_give_the_same_documents(file: str) -> None:
    assert read(SAMPLES[file], file) == read(SAMPLES[file], file)


@pytest.mark.case("IN-6")
@pytest.mark.parametrize("file", sorted(SAMPLES))
def test_a_damaged_file_gives_documents_or_a_reason_but_never_an_error(file: str) -> None:
    for data in mutated(SAMPLES[file]):
        parsed = read(data, file)
        assert bool(parsed.parts) != bool(parsed.reason)
        assert not parsed.reason or parsed.reason in TODOS


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.xlsx"])
def test_content_decides_where_the_name_is_wrong(name: str) -> None:
    assert format_of(SAMPLES[name], "renamed.txt") == name.removeprefix("a.")


def test_what_no_format_reads_is_said_to_be_so() -> None:
    assert read(b"GIF89a", "a.gif").reason == "unsupported_type"
    assert read(b"text", "README").reason == "unsupported_type"


def test_a_template_is_read_as_what_it_makes() -> None:
    draft = document("# <%= page.title %> hours\n\n" + WORDS + "<% if x\n%>", "page.html.md.erb")
    assert draft.text == f"#  hours\n\n{WORDS}"
    assert draft.parser == "markdown"


def test_a_text_beyond_the_limit_is_too_large() -> None:
    assert read("word " * 300, "a.txt", max_text_characters=1000).reason == "too_large"


def test_markdown_takes_its_front_matter_for_metadata() -> None:
    draft = document(SAMPLES["a.md"], "a.md")
    assert (draft.title, draft.created, draft.explicit_id) == ("Canteen", "2026-02-03", "canteen-rules")
    assert draft.metadata["tags"] == "food, hours"
    assert draft.text.startswith("# Opening hours")


def test_markdown_does_not_take_a_comment_in_code_for_its_title() -> None:
    assert document(f"```\n# not this\n```\n\nThis one\n========\n\n{WORDS}", "a.md").title == "This one"


def test_broken_front_matter_is_corrupt() -> None:
    assert read("---\ntitle: [open\n---\ntext", "a.md").reason == "corrupt"


def test_html_keeps_what_a_reader_sees_as_lines() -> None:
    draft = document(SAMPLES["a.html"], "a.html")
    assert draft.text.split("\n") == [
        "# Opening hours", "", WORDS, "after the remark", "- Soup", "", "Day | Dish", "Monday | Stew",
    ]  # fmt: skip
    assert (draft.title, draft.created, draft.metadata["lang"]) == ("Canteen", "2026-02-03", "en")


@pytest.mark.parametrize(("depth", "reason"), [(2_000, ""), (20_000, "too_large")])
def test_html_that_nests_deep_is_read_whole_or_refused(depth: int, reason: str) -> None:
    parsed = read(f"<p>{WORDS}" + "<div>" * depth + WORDS + "</div>" * depth, "a.html")
    assert parsed.reason == reason
    assert [part.text for part in parsed.parts if isinstance(part, Draft)] == ([] if reason else [f"{WORDS}\n{WORDS}"])


def test_html_is_decoded_as_it_declares() -> None:
    page = '<meta charset="windows-1251"><p>Столовая открывается в полдень каждый рабочий день.</p>'
    assert document(page.encode("cp1251"), "a.html").text.startswith("Столовая открывается")


def test_docx_keeps_headings_lists_and_tables_and_drops_hidden_runs() -> None:
    draft = document(SAMPLES["a.docx"], "a.docx")
    assert draft.text.split("\n\n") == ["# Canteen", WORDS, "- Soup", "seen", "Day | Dish\nMonday | Stew"]
    assert draft.title == "Canteen"


def test_xlsx_names_the_sheets_that_are_hidden() -> None:
    draft = document(SAMPLES["a.xlsx"], "a.xlsx")
    assert draft.text == f"# Menu\nDay | Note\nMonday | {WORDS}"
    assert draft.metadata == {"hidden_sheets": "Drafts"}


def test_pdf_keeps_its_pages_apart() -> None:
    draft = document(SAMPLES["a.pdf"], "a.pdf")
    assert draft.text == f"{WORDS}\n\f\nSecond page"
    assert (draft.title, draft.created) == ("Canteen", "2026-02-03T10:15:00+00:00")


def test_a_transcript_has_one_line_per_turn() -> None:
    draft = document(SAMPLES["a.vtt"], "a.vtt")
    assert draft.text.split("\n") == [f"Ada: Good morning. {WORDS}", "Ben: Fine & good."]
    assert (draft.title, draft.kind) == ("Weekly meeting", "transcript")


def test_a_message_has_headers_an_id_and_attachments_of_its_own() -> None:
    message, menu, logo = read(SAMPLES["a.eml"], "a.eml").parts
    assert isinstance(message, Draft)
    assert message.text == f"{WORDS} Café."
    assert (message.title, message.kind) == ("Canteen öpening", "message")
    assert message.created == "2026-02-03T10:15:00+01:00"
    assert message.explicit_id.startswith("mail:")
    assert message.metadata["from"] == "Ada <ada@example.org>"
    assert isinstance(menu, Draft)
    assert (menu.explicit_id, menu.id_suffix) == (message.explicit_id, "/attachment/menu.md")
    assert (menu.title, menu.parser) == ("Menu", "markdown")
    assert logo == Refusal("attachment=logo.png", "unsupported_type", "no format reads .png")


def test_a_message_with_html_alone_is_read() -> None:
    mail = f"Subject: x\nContent-Type: text/html\n\n<p>{WORDS}</p><p hidden>unseen</p>"
    assert document(mail, "a.eml").text == WORDS


def test_a_message_within_messages_ends_somewhere() -> None:
    mail = f"Subject: inner\n\n{WORDS}"
    for level in range(8):
        mail = f"Subject: {level}\nContent-Type: message/rfc822\n\n{mail}"
    refused = [part for part in read(mail, "a.eml").parts if isinstance(part, Refusal)]
    assert refused[-1].reason == "too_large"


@pytest.mark.case("IN-6")
@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.csv", b"\n\n", "no_text"),
        ("empty.json", b"", "no_text"),
        ("space.txt", b" \n ", "no_text"),
        ("scan.pdf", samples.pdf("", ""), "no_text"),
        ("secret.pdf", samples.pdf(WORDS, password="x"), "encrypted"),
        ("broken.pdf", b"%PDF-1.7 and then nothing", "corrupt"),
        ("secret.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "encrypted"),
        ("broken.docx", SAMPLES["a.docx"][:4000], "corrupt"),
        ("empty.xlsx", samples.xlsx([]), "no_text"),
        ("bomb.docx", samples.zipped(word__document_xml=bytes(30 * 2**20)), "too_large"),
        ("entities.docx", samples.zipped(word__document_xml=b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"), "corrupt"),
        ("quote.csv", b'a,b\n1,"open\n2,3\n', "corrupt"),
        ("deep.json", b"[" * 100_000, "corrupt"),
        ("long.jsonl", b'{"n": ' + b"9" * 5000 + b"}", "corrupt"),
        ("not.vtt", b"hello", "corrupt"),
        ("binary.txt", bytes(range(256)) * 4, "undecodable"),
        ("surrogate.json", b'["\\ud800"]', "undecodable"),
    ],
)
def test_what_cannot_be_read_has_its_reason(name: str, data: bytes, reason: str) -> None:
    assert read(data, name).reason == reason


def test_an_error_says_nothing_of_the_content() -> None:
    parsed = read(b"---\n[ada@example.org\n---\n", "a.md")
    assert parsed == Parsed(reason="corrupt", detail="the front matter is not YAML (ParserError)")
