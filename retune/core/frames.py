"""The columns of every table that passes from step to step, in order, with their Arrow types.

Rows are sorted by their first column, so that the same rows are the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

TEXT, WHOLE, REAL, YES_NO = "string", "int64", "float64", "bool"
VECTOR = "vector"  # a list of float32; rows are not sorted by it

FILES = {  # ingest: one row per file that was found
    "source_path": TEXT,
    "source_sha256": TEXT,
    "size_bytes": WHOLE,
    "media_type": TEXT,
    "parser": TEXT,
    "parser_version": TEXT,
    "documents": WHOLE,
    "status": TEXT,  # accepted | quarantined
    "reason": TEXT,  # empty for accepted files
}
QUARANTINE = {"source_path": TEXT, "source_sha256": TEXT, "size_bytes": WHOLE, "media_type": TEXT, "reason": TEXT,
              "detail": TEXT, "todo": TEXT}  # fmt: skip
DOCUMENTS = {  # ingest (raw) and redact (clean): one row per logical document
    "document_id": TEXT,
    "explicit_id": YES_NO,  # the id was given (Message-ID, front matter, row id), not made from the path
    "source_path": TEXT,
    "source_sha256": TEXT,
    "size_bytes": WHOLE,
    "media_type": TEXT,
    "title": TEXT,
    "text": TEXT,
    "language": TEXT,  # ISO 639-1, "und" where it cannot be told
    "created": TEXT,  # ISO 8601, empty where the document does not say
    "department": TEXT,
    "access_label": TEXT,
    "parser": TEXT,
    "parser_version": TEXT,
    "kind": TEXT,  # document | row | message | transcript
    "metadata": TEXT,  # JSON object of strings: columns of the row, front matter, headers
}
FINDINGS = {  # redact: one row per finding, never the value
    "document_id": TEXT,
    "field": TEXT,  # text, title, metadata.<key>, source_path
    "entity_type": TEXT,
    "start": WHOLE,  # of the placeholder, in characters of the clean field
    "end": WHOLE,
    "placeholder": TEXT,
    "recognizer": TEXT,
}
CLUSTERS = {  # deduplicate: one row per document
    "document_id": TEXT,
    "text_sha256": TEXT,  # of the normalised text
    "cluster_id": TEXT,  # the smallest text_sha256 of the cluster; documents alike share it
    "cluster_size": WHOLE,
    "kind": TEXT,  # unique | exact_duplicate | near_duplicate
}
REJECTED = {"row_id": TEXT, "reason": TEXT, "detail": TEXT, "gate": TEXT}  # validate, examples, split
EXAMPLES = {  # examples: one row per training example of any task type
    "example_id": TEXT,  # of the content alone: a renamed document changes no example
    "text": TEXT,
    "context": TEXT,  # what the text is about: the passage of a question; empty where a task type has none
    "label": TEXT,  # what is to be learnt, in the encoding of the task type's target
    "document_id": TEXT,
    "explicit_id": YES_NO,
    "side": TEXT,  # the given side with `split: column`, else empty
    "builder": TEXT,
    "slices": TEXT,  # JSON object of strings: created, source (the folder), department, language, ...
}
ROWS = {"example_id": TEXT, "text": TEXT, "context": TEXT, "label": TEXT}  # train, validation and test
LINEAGE = {"example_id": TEXT, "document_id": TEXT, "side": TEXT, "slices": TEXT}
PREDICTIONS = {  # evaluate: one row per test example, with a column more for each floor of the task type
    "example_id": TEXT,
    "label": TEXT,
    "prediction": TEXT,
    "confidence": REAL,
}
PROFILE = {  # profile: one row per kept example of the three sides
    "example_id": TEXT,
    "document_id": TEXT,
    "text_sha256": TEXT,  # of the normalised text
    "side": TEXT,
    "label": TEXT,
    "language": TEXT,
    "department": TEXT,
    "characters": WHOLE,
    "words": TEXT,  # the distinct words of the normalised text in alphabetical order
    "prediction": TEXT,  # null but for test rows
    "confidence": REAL,  # null but for test rows
    "correct": REAL,  # 1 or 0, null but for test rows
    "vector": VECTOR,  # of bundled:minilm, whatever the model's base
}
# profile: every example; text_sha256 is of its prompt, text and context; no side: the split left it out
SEEN = {"example_id": TEXT, "text_sha256": TEXT, "side": TEXT}
MOVED = {"aspect": TEXT, "what": TEXT, "document_id": TEXT}  # monitor: the documents in what grew


def arrow_schema(columns: dict[str, str]) -> pa.Schema:
    """Return the Arrow schema of one of the tables above."""
    import pyarrow as pa

    types = {
        TEXT: pa.string(),
        WHOLE: pa.int64(),
        REAL: pa.float64(),
        YES_NO: pa.bool_(),
        VECTOR: pa.list_(pa.float32()),
    }
    return pa.schema([pa.field(name, types[kind]) for name, kind in columns.items()])
