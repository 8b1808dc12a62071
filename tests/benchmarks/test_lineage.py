"""What is committed of the speed of lineage is what was promised, and the benchmark still asks it."""

import json
from typing import Any

import pytest

from benchmarks import lineage
from tests.conftest import CHECKOUT

RESULT = CHECKOUT / "benchmarks" / "results" / "lineage.json"


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    return json.loads(RESULT.read_text(encoding="utf-8"))["measured"]  # type: ignore[no-any-return]


@pytest.mark.case("LN-1")
@pytest.mark.parametrize("question", ["a document", "a file of 1,000 documents", "an example", "a version"])
def test_each_question_about_100_000_documents_takes_under_a_second(measured: dict[str, Any], question: str) -> None:
    assert measured["documents"] == 100_000
    assert measured["median_seconds"][question] < 1.0
    assert measured["median_seconds"][question] < measured["median_seconds"]["a document, by pandas"]
    assert measured["heavy_libraries_imported"] == []


def test_the_page_shows_what_was_measured(measured: dict[str, Any]) -> None:
    page = (CHECKOUT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert "\n".join(lineage.tell(measured)) in page


@pytest.mark.slow
def test_the_benchmark_asks_every_question(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"DOCUMENTS": 80_000, "VERSIONS": 9, "ROUNDS": 1}.items():
        monkeypatch.setattr(lineage, name, value)
    assert set(lineage.measure()["median_seconds"]) == {*lineage.QUESTIONS, "a document, by pandas"}
