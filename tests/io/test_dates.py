from pathlib import Path

import pandas as pd
import pytest

from retune.core.frames import DOCUMENTS, LINEAGE
from retune.io import answers
from retune.io.dates import dates_of
from retune.io.files import write_frame
from retune.io.place import Place

MODEL = "router"


@pytest.mark.parametrize("with_answers", [True, False])
def test_an_example_is_of_the_day_of_its_document_or_of_its_answer(with_answers: bool, tmp_path: Path) -> None:
    place = Place(tmp_path, MODEL)
    blank: dict[str, object] = dict.fromkeys(DOCUMENTS, "") | {"explicit_id": True, "size_bytes": 1}
    documents = pd.DataFrame(
        [{**blank, "document_id": "t:1", "created": "2025-05-01"}, {**blank, "document_id": "t:2"}]
    )
    write_frame(place.corpus / "validate" / "accepted.parquet", documents, DOCUMENTS)
    sources = {"e1": "t:1", "e2": "t:2", "e3": "collected:a1"}
    lineage = pd.DataFrame(
        [dict.fromkeys(LINEAGE, "") | {"example_id": e, "document_id": d} for e, d in sources.items()]
    )
    write_frame(place.model / "split" / "lineage.parquet", lineage, LINEAGE)
    if with_answers:
        row = {"answer_id": "a1", "text": "My card is lost", "context": "", "label": "access", "date": "2026-03-10"}
        answers.write(answers.path_of(tmp_path, MODEL), pd.DataFrame([row]))
    assert dates_of(place) == {"e1": "2025-05-01", "e2": "", "e3": "2026-03-10" if with_answers else ""}
