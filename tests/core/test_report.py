"""The blocks that reports are built of."""

from retune.core import report

HOSTILE = '<script>alert("x")</script>&'


def test_whatever_comes_from_outside_is_escaped_wherever_it_enters() -> None:
    sections = [
        report.verdict(False, HOSTILE, [HOSTILE], [HOSTILE]),
        report.section(HOSTILE, report.paragraph(HOSTILE), report.table([HOSTILE], [[HOSTILE]])),
        report.details(HOSTILE, HOSTILE),
        report.badge(HOSTILE),
        report.element("p", "x", HOSTILE),
        report.figure("<svg></svg>", HOSTILE),
    ]
    page = report.page(HOSTILE, sections, subtitle=HOSTILE)
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") == 15


def test_a_long_table_says_how_much_of_it_is_not_shown() -> None:
    shown = report.table(["id"], [[f"row-{number}"] for number in range(250)], most=100)
    assert "row-99" in shown
    assert "row-100" not in shown
    assert "150 more rows are not shown." in shown


def test_an_empty_table_says_so() -> None:
    assert "none" in report.table(["id"], [])


def test_numbers_stand_on_the_right_and_keep_their_meaning() -> None:
    shown = report.table(["name", "count"], [["a", 12345], ["b", 7]])
    assert '<td class="number">12,345</td>' in shown
    assert '<td class="number">a</td>' not in shown


def test_a_picture_goes_in_without_the_declaration_that_precedes_it() -> None:
    drawn = '<?xml version="1.0"?><!DOCTYPE svg><svg viewBox="0 0 1 1"></svg>'
    assert report.figure(drawn, "a curve").startswith("<figure><svg viewBox")
