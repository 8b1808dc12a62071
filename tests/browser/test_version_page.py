"""The page of a version in a real browser: it fits a desktop and a phone, and asks nobody for anything."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from retune.core.version_page import page
from tests.core.version_toys import EVALUATED, MEASURED, at, facts, older

pytestmark = pytest.mark.slow
FRAME = """<body style="margin:0"><iframe src="page.html" style="border:0;width:{width}px;height:900px"></iframe>
<pre></pre>
<script>onload = () => {{
  const inner = document.querySelector("iframe").contentWindow, all = [...inner.document.querySelectorAll("body *")];
  const folded = one => one.closest("details:not([open]), .wide");
  const wide = all.filter(one => !folded(one) && one.getBoundingClientRect().right > {width} + 1);
  const shown = [...inner.document.querySelectorAll(".card")];
  document.querySelector("pre").textContent = JSON.stringify({{
    width: inner.document.documentElement.scrollWidth,
    sticking_out: wide.map(one => one.className || one.tagName),
    questions: shown.sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
      .map(one => one.querySelector("h3").textContent),
    columns: new Set(shown.map(one => Math.round(one.getBoundingClientRect().left))).size,
    asked: inner.performance.getEntriesByType("resource").length,
  }});
}}</script>"""
FLAGS = ["--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu", "--no-first-run", "--dump-dom",
         "--disable-background-networking", "--allow-file-access-from-files", "--virtual-time-budget=5000"]  # fmt: skip
LONG = "a-label-that-somebody-gave-a-very-long-name"


def look(text: str, width: int, folder: Path) -> Any:
    """Return what a browser makes of a page at one width."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("NOT RUN: no chromium is installed, so no page was looked at")
    (folder / "page.html").write_text(text)
    (folder / "frame.html").write_text(FRAME.format(width=width))
    command = [browser, *FLAGS, f"--user-data-dir={folder / 'profile'}", f"--window-size={width + 40},1000"]
    address = (folder / "frame.html").as_uri()
    seen = subprocess.run([*command, address], check=True, capture_output=True, text=True, timeout=120).stdout
    return json.loads(unescape(re.findall(r"<pre>(.*?)</pre>", seen, re.DOTALL)[0]))


@pytest.mark.parametrize("width", [390, 1180])
def test_nothing_sticks_out_at_any_width_and_nothing_is_loaded(width: int, tmp_path: Path) -> None:
    slices = {"label": {LONG: {"rows": 40, "accuracy": at(0.6)}, "b": {"rows": 60, "accuracy": at(0.95)}}}
    confusion = {"labels": ["access", LONG], "counts": [[57, 3], [11, 29]]}
    long = facts(metrics={**EVALUATED, **MEASURED, "slices": slices, "confusion": confusion})
    for number, text in enumerate([page(facts()), page(older()), page(long)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        seen = look(text, width, folder)
        assert seen["sticking_out"] == []
        assert (seen["width"], seen["asked"]) == (width, 0)


def test_a_phone_shows_the_pictures_in_the_order_of_the_questions(tmp_path: Path) -> None:
    seen = look(page(facts()), 390, tmp_path)
    assert seen["columns"] == 1
    assert seen["questions"][:4] == [
        "How good is it?",
        "Is it better?",
        "Where is it weak?",
        "Which labels does it mix up?",
    ]
