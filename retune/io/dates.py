"""When each example of a model was written: the date of the document that it comes from."""

from __future__ import annotations

from retune.io.files import read_frame
from retune.io.place import Place


def dates_of(place: Place) -> dict[str, str]:
    """Return the ISO 8601 date of each example of the three sides, empty where its document has none."""
    lineage = read_frame(place.model / "split" / "lineage.parquet")[["example_id", "document_id"]]
    documents = read_frame(place.corpus / "validate" / "accepted.parquet")[["document_id", "created"]]
    rows = lineage.merge(documents, on="document_id", how="left")
    return dict(zip(rows["example_id"], rows["created"].fillna(""), strict=True))
