"""The report on a window: what moved, from where to where, in which documents; one HTML file that stands alone."""

from __future__ import annotations

from collections.abc import Sequence

from retune.core import report as html
from retune.core.drift import pictures
from retune.core.drift.finding import DRIFT, NOT_ENOUGH, NOT_MEASURED, STEADY, AspectResult, Cell, DriftReport
from retune.core.report import Html

TONES = {DRIFT: "odd", STEADY: "good", NOT_MEASURED: "plain", NOT_ENOUGH: "plain"}
SENTENCES = {
    DRIFT: "Drift: what the model meets is no longer what it was trained on",
    STEADY: "Steady: nothing moved further than chance and the settings allow",
    NOT_ENOUGH: "Not enough data for a verdict",
}
CELLS = 12
DOCUMENTS = 5


def page(title: str, report: DriftReport) -> str:
    """Return the page of one window under a title such as `router, version 3: documents until 2026-11-22`."""
    drifted = [aspect for aspect in report.aspects if aspect.state == DRIFT]
    steady = [aspect for aspect in report.aspects if aspect.state == STEADY]
    sections = [_verdict(report), _sizes(report)]
    if report.aspects:
        sections += [_overview(report), *map(_moved, drifted)]
    if steady:
        sections.append(html.section("What did not move", *(html.details(one.name, _picture(one)) for one in steady)))
    return html.page(
        title, [*sections, _reading(report)], subtitle="What the model meets against what it was trained on"
    )


def _verdict(report: DriftReport) -> Html:
    """Return the box with the verdict and its reasons."""
    said = [one.told() for one in report.aspects if one.state == DRIFT] or [report.why]
    return html.box(TONES[report.verdict], SENTENCES[report.verdict], said)


def _sizes(report: DriftReport) -> Html:
    """Return how many rows were compared, and how many were not."""
    rows = [
        ["texts that the model was trained on (reference)", report.reference_rows],
        ["new texts (window)", report.window_rows],
        ["copies in the window, not counted again", report.copies],
        ["further texts, above the number that is compared", report.left_out],
    ]
    return html.section("What was compared", html.table(["", "number"], rows))


def _overview(report: DriftReport) -> Html:
    """Return every aspect with its numbers, the largest change first; none is left out."""
    ordered = sorted(report.aspects, key=lambda one: (one.effect is None, -_relative(one), one.name))
    measured = [one for one in ordered if one.effect is not None]
    drawn = pictures.against_least([(one.name, _relative(one), one.state == DRIFT) for one in measured])
    columns = ["aspect", "result", "p, corrected", "effect", "least", "measured by", "rows"]
    return html.section(
        "Every aspect",
        html.figure(drawn, "Each change as a multiple of the least effect that matters; only what is also significant "
                    "is drift (filled)") if measured else "",
        html.table(columns, [_row(one) for one in ordered]),
    )  # fmt: skip


def _row(one: AspectResult) -> list[object]:
    """Return an aspect as a row of the table."""
    state = html.element("span", one.state, f"badge {TONES[one.state]}")
    if one.p_corrected is None or one.effect is None:
        return [one.name, state, "", "", f"{one.least_effect:g}", one.reason, ""]
    p = f"{one.p_corrected:.4f}"
    sizes = f"{one.reference_rows:,} against {one.window_rows:,}"
    return [one.name, state, p, f"{one.effect:.3f}", f"{one.least_effect:g}", f"{one.measure}; {one.test}", sizes]


def _moved(aspect: AspectResult) -> Html:
    """Return what moved in one aspect: the picture, and where to look."""
    grown = sorted((cell for cell in aspect.cells if cell.change > 0), key=lambda cell: -cell.change)
    rows = [[cell.what, _percent(cell.before), _percent(cell.after), _documents(cell)] for cell in grown[:CELLS]]
    where = html.table(["what grew", "before", "now", "documents"], rows) if rows else ""
    return html.section(f"{aspect.name.capitalize()} moved", html.paragraph(aspect.about), _picture(aspect), where)


def _picture(aspect: AspectResult) -> Html:
    """Return the shares before and now of the cells that changed the most."""
    if not aspect.cells:
        return html.paragraph(f"{aspect.measure} {aspect.effect:.3f}: there are no parts to show.")
    shown = aspect.cells[:CELLS]
    hidden = len(aspect.cells) - len(shown)
    caption = f"{aspect.name}: share of the reference (grey) and of the window (blue)"
    rest = f"; {hidden} that changed less are not shown" if hidden else ""
    return html.figure(
        pictures.before_and_now([(cell.what, cell.before, cell.after) for cell in shown]), caption + rest
    )


def _reading(report: DriftReport) -> Html:
    """Return how the numbers came about."""
    return html.section(
        "How to read this",
        html.paragraph(
            "Every p is the share of random divisions of the same texts into reference and window that differ as much "
            "as these two do. It is corrected for the number of aspects (Holm): of windows in which nothing changed, "
            f"at most {100 * report.alpha:g} in 100 are called drift, however many rows there are. Texts that say "
            "nearly the same count once."
        ),
    )


def _relative(one: AspectResult) -> float:
    """Return an effect as a multiple of the least that matters; where that is 0, any effect does."""
    return max(one.effect or 0.0, 0.0) / one.least_effect if one.least_effect else float(bool(one.effect))


def _documents(cell: Cell) -> str:
    """Return the first documents of a cell, and how many more there are."""
    named: Sequence[str] = cell.documents[:DOCUMENTS]
    more = len(cell.documents) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _percent(share: float) -> str:
    """Return a share as a person reads it."""
    return f"{share:.1%}"
