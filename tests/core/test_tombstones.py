"""What a deletion finds is what ingest keeps out, and the hashes name nobody without the key."""

from retune.core.ingest import Draft, Parsed, Refusal
from retune.core.ingest_documents import SourceFile
from retune.core.tombstones import CONTENT, DOCUMENT, FILE, SOURCE, Marks, content_of, surviving, tombstones

KEY = b"k" * 32
TEXT = "The printer on the second floor is out of paper again."
FILE_OF_ROWS = SourceFile("tickets/desk.csv", "a" * 64, 9)
PAGE = SourceFile("people/ada.md", "b" * 64, 9)


def row(number: int, text: str, **metadata: str) -> Draft:
    return Draft(text, explicit_id=f"tickets:{number}", part=f"row={number}", metadata=metadata)


def keyed(*marks: tuple[str, str]) -> Marks:
    return Marks(((one.kind, one.hash) for one in tombstones(marks, KEY, "main", "2026-11-22")), KEY)


def left(source: SourceFile, parsed: Parsed, *marks: tuple[str, str]) -> list[str]:
    """Return the parts that are left, and check that plain and keyed marks say the same."""
    found = [surviving(source, parsed, one) for one in (Marks(marks), keyed(*marks))]
    assert found[0] == found[1]
    rest = found[0][0]
    return [] if rest is None else [part.part for part in rest.parts]


def test_a_row_goes_alone_and_what_could_not_be_read_stays() -> None:
    parsed = Parsed((row(1, TEXT), row(2, "another"), Refusal("row=3", "corrupt")))
    assert left(FILE_OF_ROWS, parsed, (DOCUMENT, "tickets:1")) == ["row=2", "row=3"]


def test_a_message_goes_with_its_attachments() -> None:
    message = Draft("see the plan", explicit_id="mail:1", part="message")
    plan = Draft("a plan", explicit_id="mail:1", id_suffix="/attachment/plan.txt", part="attachment=plan.txt")
    mail = SourceFile("mail/a.eml", "c" * 64, 9)
    assert left(mail, Parsed((message, plan)), (DOCUMENT, "mail:1/attachment/plan.txt")) == []


def test_the_same_text_under_another_name_stays_out_and_a_short_one_blocks_nobody_else() -> None:
    assert left(PAGE, Parsed((Draft(TEXT.upper()),)), (CONTENT, content_of(TEXT))) == []
    assert content_of("Thank you!") == ""
    assert left(PAGE, Parsed((Draft("Thank you!"),)), (CONTENT, content_of("Thank you!"))) == [""]


def test_a_folder_stays_out_with_all_that_comes_into_it_and_its_neighbour_does_not() -> None:
    parsed = Parsed((Draft("new"),))
    assert left(PAGE, parsed, (SOURCE, "people")) == []
    assert left(PAGE, parsed, (SOURCE, "peo")) == [""]
    assert left(PAGE, parsed, (FILE, "b" * 64)) == []


def test_a_person_is_looked_for_in_text_and_headers_and_names_of_files() -> None:
    for draft in (
        Draft("ask Ada Byron"),
        Draft("x", title="Ada Byron"),
        Draft("x", metadata={"from": "Ada Byron <a@b.c>"}),
    ):
        assert left(SourceFile("x.md", "d" * 64, 1), Parsed((draft,)), ("words-2", "ada byron")) == []
    unread = SourceFile("letters/ada-byron.pdf", "e" * 64, 1)
    assert surviving(unread, Parsed(reason="encrypted"), Marks([("words-2", "ada byron")]))[0] is None


def test_a_document_is_known_by_the_name_that_redaction_gave_it() -> None:
    from retune.core.tombstones import names_of

    _, other = names_of("people/ada@example.com.md")
    source = SourceFile("people/ada@example.com.md", "f" * 64, 1)
    assert left(source, Parsed((Draft("x"),)), (DOCUMENT, other)) == []


def test_the_hashes_say_nothing_without_the_key() -> None:
    stones = tombstones([("email", "ada@example.com")], KEY, "main", "2026-11-22")
    others = tombstones([("email", "ada@example.com")], b"o" * 32, "main", "2026-11-22")
    assert not {one.hash for one in stones} & {one.hash for one in others}
    assert all("ada" not in one.hash and len(one.hash) == 64 for one in stones)
