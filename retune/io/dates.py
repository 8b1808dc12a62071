"""When each example of a model was written: the date of the document or of the answer that it comes from."""

from __future__ import annotations

import pandas as pd

from retune.core.examples import FROM_PEOPLE
from retune.io import answers
from retune.io.files import read_frame
from retune.io.place import Place


def dates_of(place: Place) -> dict[str, str]:
    """Return the ISO 8601 date of each example of the three sides, empty where its document has none."""
    lineage = read_frame(place.model / "split" / "lineage.parquet")[["example_id", "document_id"]]
    documents = read_frame(place.corpus / "validate" / "accepted.parquet")[["document_id", "created"]]
    rows = lineage.merge(pd.concat([documents, _of_answers(place)]), on="document_id", how="left")
    return dict(zip(rows["example_id"], rows["created"].fillna(""), strict=True))


def _of_answers(place: Place) -> pd.DataFrame:
    """Return [document_id, created] of the answers that people corrected."""
    path = answers.path_of(place.root, place.name)
    given = answers.read(path) if path.exists() else pd.DataFrame(columns=["answer_id", "date"], dtype="str")
    return pd.DataFrame({"document_id": FROM_PEOPLE + given["answer_id"], "created": given["date"]})
