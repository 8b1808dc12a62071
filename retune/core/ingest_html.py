"""The main text of an HTML page: what a reader sees, without navigation, scripts and hidden text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from retune.core.decoding import Decoded, decode
from retune.core.ingest import UnreadableError

if TYPE_CHECKING:
    from lxml.html import HtmlElement

NOT_CONTENT = frozenset(
    {"script", "style", "noscript", "template", "head", "nav", "footer", "svg", "iframe", "object", "button", "select",
     "option", "datalist", "canvas", "audio", "video"}
)  # fmt: skip
NOT_CONTENT_ROLES = frozenset({"navigation", "contentinfo", "banner", "search"})
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
BLOCKS = HEADINGS | {
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "form", "header", "hr", "li", "main", "ol", "p", "pre", "section", "summary",
    "table", "tbody", "tfoot", "thead", "tr", "ul",
}  # fmt: skip
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w:.-]+)", re.IGNORECASE)
_HIDDEN = re.compile(r"(display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)


def decode_html(data: bytes, declared: str = "") -> Decoded:
    """Return the text of a page in the encoding that it declares."""
    found = _CHARSET.search(data[:4096])
    return decode(data, declared or (found[1].decode("ascii", "replace") if found else ""))


def root_of(html: str) -> HtmlElement:
    """Return the root element of a page."""
    from lxml import html as lxml_html

    parser = lxml_html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True, no_network=True
    )
    if not html.strip():
        raise UnreadableError("no_text", "the page is empty")
    root = lxml_html.document_fromstring(html.encode("utf-8", "replace"), parser=parser)
    if any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log):  # the rest of the page is missing
        raise UnreadableError("too_large", "its elements nest too deep")
    return root


def main_text(root: HtmlElement) -> str:
    """Return what a reader sees of the page: its `main` element where it has one, else all but the furniture."""
    mains = root.xpath("//main | //*[@role='main']")
    return _Writer().write(mains[0] if mains else root)


class _Writer:
    """Walks over a tree without recursion, since pages nest thousands deep."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.cells = self.verbatim = 0

    def write(self, root: HtmlElement) -> str:
        from lxml import etree

        walker: Any = etree.iterwalk(root, events=("start", "end"))
        for event, element in walker:
            shown = _is_shown(element)
            if event == "start":
                if not shown:
                    walker.skip_subtree()
                    continue
                self._open(element)
                self.line.append(element.text or "")
                continue
            if shown:
                self._close(element)
            if element is not root:
                self.line.append(element.tail or "")
        self._end_line()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self.lines)).strip()

    def _open(self, element: HtmlElement) -> None:
        tag = element.tag
        if tag in ("td", "th") and element.find(".//table") is None:
            if self.cells == 0 and element.getprevious() is not None:
                self.line.append(" | ")
            self.cells += 1
        elif tag in BLOCKS or tag == "br":
            self._end_line()
        if tag == "pre":
            self.verbatim += 1
        if self.cells:
            return
        if tag in HEADINGS:
            self.lines.append("")
            self.line.append("#" * int(tag[1]) + " ")
        elif tag == "li":
            self.line.append("- ")
        elif tag in ("p", "table", "pre", "section", "article"):
            self.lines.append("")

    def _close(self, element: HtmlElement) -> None:
        tag = element.tag
        if tag in ("td", "th") and element.find(".//table") is None:
            self.cells -= 1
        elif tag in BLOCKS:
            self._end_line()
        if tag == "pre":
            self.verbatim -= 1

    def _end_line(self) -> None:
        """End the line; within a cell a space is enough."""
        if self.cells:
            self.line.append(" ")
            return
        text = "".join(self.line)
        self.line = []
        if self.verbatim:
            self.lines += text.strip("\n").split("\n")
        elif text.strip(" #-\t\n\r\xa0|"):
            self.lines.append(" ".join(text.split()))


def _is_shown(element: HtmlElement) -> bool:
    return not (
        element.tag in NOT_CONTENT
        or element.get("role") in NOT_CONTENT_ROLES
        or element.get("hidden") is not None
        or _HIDDEN.search(element.get("style") or "")
    )
