import re

from retune.core.drift.compare import compare
from retune.core.drift.page import page
from retune.core.drift.sample import sample
from tests.core.drift.toys import params, rows

PARAMS = params()
MOVED = rows(100, 200, new_share=0.3).drop(columns="department")


def page_of(window_rows: int = 100) -> str:
    return page("router, version 3: documents", compare(rows(220, 1), sample(MOVED.head(window_rows), PARAMS), PARAMS))


def test_the_page_stands_alone() -> None:
    text = page_of()
    assert set(re.findall(r"https?://[^\"' <]+", text)) == {"http://www.w3.org/2000/svg"}  # a name, nothing is loaded
    assert "<script" not in text
    assert text.count("<svg") > 3


def test_the_page_says_what_moved_from_where_to_where_and_in_which_documents() -> None:
    text = page_of()
    assert "Drift: what the model meets is no longer what it was trained on" in text
    assert re.search(r"labels moved: crane from 0% to \d\d%", text)
    documents = MOVED.loc[MOVED["label"] == "crane", "document_id"]
    assert any(document in text for document in documents)


def test_the_page_lists_every_aspect_and_why_one_was_not_measured() -> None:
    text = page_of()
    for name in PARAMS.watch:
        assert f"<td>{name}</td>" in text
    assert "the window has no department" in text


def test_too_few_rows_make_a_page_too() -> None:
    text = page_of(10)
    assert "Not enough data for a verdict" in text
    assert "10 different texts in the window; at least 30 are needed" in text


def test_what_comes_from_documents_cannot_become_markup() -> None:
    window = MOVED.assign(label=["<img src=x>" if label == "crane" else label for label in MOVED["label"]])
    text = page("<b>router</b>", compare(rows(220, 1), sample(window, PARAMS), PARAMS))
    assert "<img" not in text
    assert "<b>" not in text
    assert "&lt;img src=x&gt;" in text
