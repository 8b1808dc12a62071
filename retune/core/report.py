"""Reports that stand alone: one HTML file, nothing loaded from elsewhere, readable in the dark and on paper.

Every function returns `Html`; text that is not `Html` is escaped wherever it enters.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

STYLE = """
:root{color-scheme:light dark;--ink:#1d2430;--soft:#5b6675;--paper:#fff;--line:#dde2e9;--band:#f5f7fa;
--good:#0a6b3d;--good-band:#e2f4ea;--odd:#7a5200;--odd-band:#fdf1d3;--bad:#a5182b;--bad-band:#fde5e8}
@media (prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa6b6;--paper:#14181f;--line:#2c3440;--band:#1b212a;
--good:#7fd6a8;--good-band:#12301f;--odd:#f0c766;--odd-band:#352a0e;--bad:#ff9aa6;--bad-band:#3d161c}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,"Segoe UI",Roboto,Arial,sans-serif}
main{max-width:1080px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:26px;line-height:1.25;margin:0 0 8px}
h2{font-size:18px;margin:36px 0 8px}
p{margin:6px 0;max-width:76ch}
.soft{color:var(--soft)}
.verdict{border-left:6px solid;border-radius:4px;padding:12px 18px;margin:20px 0}
.verdict strong{font-size:18px}
.verdict ul{margin:6px 0 0;padding-left:20px}
.good{color:var(--good);background:var(--good-band)}
.odd{color:var(--odd);background:var(--odd-band)}
.bad{color:var(--bad);background:var(--bad-band)}
.plain{color:var(--soft);background:var(--band)}
.badge{display:inline-block;border-radius:10px;padding:0 10px;font-size:13px;font-weight:600;white-space:nowrap}
.wide{overflow-x:auto}
table{border-collapse:collapse;min-width:60%;margin:8px 0}
th,td{text-align:left;vertical-align:top;padding:6px 12px 6px 8px;border-bottom:1px solid var(--line);
overflow-wrap:break-word}
th{font-size:13px;color:var(--soft);font-weight:600}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
details{margin:6px 0;border-bottom:1px solid var(--line);padding-bottom:6px}
summary{cursor:pointer;padding:4px 0}
figure{margin:16px 0}
figure svg{max-width:100%;height:auto}
code{font:13px/1.5 ui-monospace,Menlo,Consolas,monospace;overflow-wrap:anywhere}
@media print{main{max-width:none;padding:0}body{font-size:11px}h2{break-after:avoid}tr,.verdict{break-inside:avoid}
*{print-color-adjust:exact}
details::details-content{content-visibility:visible!important;block-size:auto!important}}
"""
TONES = {"pass": "good", "warn": "odd", "fail": "bad", "not_run": "bad"}


class Html(str):
    """Markup that is safe to put into a page."""

    __slots__ = ()


def safe(value: Any) -> Html:
    """Return a value as markup: `Html` as it is, everything else escaped."""
    return value if isinstance(value, Html) else Html(escape(str(value), quote=True))


def join(pieces: Sequence[Any]) -> Html:
    """Put pieces of markup one after the other."""
    return Html("".join(safe(piece) for piece in pieces))


def element(name: str, content: Any, tone: str = "") -> Html:
    """Return one element around a content, with classes if `tone` names any."""
    classes = f' class="{safe(tone)}"' if tone else ""
    return Html(f"<{name}{classes}>{safe(content)}</{name}>")


def page(title: str, sections: Sequence[Html], *, subtitle: str = "", style: str = "") -> str:
    """Return a whole page; `style` is what its own pictures add to the common look."""
    body = join([element("h1", title), element("p", subtitle, "soft") if subtitle else "", *sections])
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}<title>{safe(title)}</title><style>{STYLE}{style}</style></head>'
        f"<body><main>\n{body}\n</main></body></html>\n"
    )


def section(title: str, *content: Any) -> Html:
    """Return a titled part of a page."""
    return Html(f"<section>{element('h2', title)}{join(content)}</section>\n")


def paragraph(text: Any) -> Html:
    """Return a paragraph."""
    return element("p", text)


def badge(status: str) -> Html:
    """Return a status such as pass, warn, fail or not_run as a coloured word."""
    return element("span", status.replace("_", " "), f"badge {TONES.get(status, 'plain')}")


def verdict(passed: bool, sentence: str, reasons: Sequence[str] = (), warnings: Sequence[str] = ()) -> Html:
    """Return the box that says how it ended and why, and under it one with the warnings, if there are any."""
    boxes = [box("good" if passed else "bad", sentence, reasons)]
    if warnings:
        boxes.append(box("odd", f"{len(warnings)} warning{'s' if len(warnings) > 1 else ''}", warnings))
    return join(boxes)


def box(tone: str, sentence: str, lines: Sequence[str] = ()) -> Html:
    """Return a coloured box with a sentence and a list: good, odd, bad or plain."""
    items = element("ul", join([element("li", line) for line in lines])) if lines else ""
    return element("div", join([element("strong", sentence), items]), f"verdict {tone}")


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, most: int = 100) -> Html:
    """Return a table of at most `most` rows, which says how many more there are; numbers stand on the right."""
    if not rows:
        return element("p", "none", "soft")
    numeric = [all(isinstance(row[at], (int, float)) for row in rows) for at in range(len(columns))]
    head = _row("th", columns, numeric)
    body = join([_row("td", row, numeric) for row in rows[:most]])
    more = element("p", f"{len(rows) - most} more rows are not shown.", "soft") if len(rows) > most else ""
    return Html(f'<div class="wide"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>{more}')


def details(summary: Any, content: Any, *, unfolded: bool = False) -> Html:
    """Return a part that can be folded."""
    return Html(f"<details{' open' if unfolded else ''}><summary>{safe(summary)}</summary>{safe(content)}</details>")


def figure(svg: str, caption: str) -> Html:
    """Return a picture, given as SVG that we drew, with its caption; what stands before the drawing is left out."""
    return Html(f"<figure>{svg[svg.find('<svg') :]}{element('figcaption', caption, 'soft')}</figure>")


def _row(name: str, cells: Sequence[Any], numeric: Sequence[bool]) -> Html:
    """Return one row of a table."""
    tones = ["number" if number else "" for number in numeric]
    return element("tr", join([element(name, _cell(cell), tone) for cell, tone in zip(cells, tones, strict=True)]))


def _cell(cell: Any) -> Any:
    """Return a cell as people read it."""
    if isinstance(cell, float):
        return f"{cell:.4g}"
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else cell
