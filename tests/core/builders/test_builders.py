import json
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from retune.core import parts
from retune.core.builders import folder, metadata, table

BUILDERS = parts.load_all("retune.core.builders")
OPTIONS: dict[str, dict[str, Any]] = {
    "table": {"tables": ["tickets"], "label_column": "queue"},
    "folder": {"below": "policies", "kinds": ["document"]},
    "metadata": {"key": "queue", "kinds": ["row", "document"]},
    "pairs": {"tables": ["tickets"], "prompt_column": "queue", "context_column": "", "completion_column": "queue"},
    "messages": {"tables": ["tickets"], "messages_column": "queue"},
    "answers": {
        "tables": ["tickets"], "question_column": "queue", "context_column": "queue", "answers_column": "queue",
    },
    "entities": {"tables": ["tickets"], "text_column": "queue", "spans_column": "queue"},
    "tagged_tokens": {"tables": ["tickets"], "tokens_column": "queue", "tags_column": "queue"},
    "label_sets": {"tables": ["tickets"], "text_column": "queue", "labels_column": "queue", "separator": ";"},
    "blocks": {"kinds": ["document", "row"], "most_words": 5},
}  # fmt: skip
OF_WHOLE_TEXTS = ("table", "folder", "metadata", "blocks")  # the others read columns


def document(name: str, *, kind: str = "document", path: str = "", **values: str) -> dict[str, Any]:
    return {
        "document_id": name,
        "source_path": path or name,
        "text": f"text of {name}",
        "title": f"title of {name}",
        "kind": kind,
        "department": "",
        "metadata": json.dumps(values),
    }


DOCUMENTS = pd.DataFrame(
    [
        document("tickets:1", kind="row", path="export.csv", queue=" vpn "),
        document("tickets:2", kind="row", path="export.csv", queue=""),
        document("assets:1", kind="row", path="assets.csv", queue="laptop"),
        document("policies/leave/a.md", queue="hr"),
        document("policies/travel/abroad/b.md"),
        document("policies/readme.md"),
        document("policies-old/leave/c.md"),
    ]
)


def labels(rows: pd.DataFrame) -> dict[str, str]:
    return dict(zip(rows["document_id"], rows["label"], strict=True))


@pytest.mark.parametrize("name", BUILDERS)
def test_a_builder_gives_text_and_label_of_documents_it_was_given(name: str) -> None:
    builder = BUILDERS[name]
    rows = builder.build(DOCUMENTS, builder.Options(**OPTIONS[name]))
    assert {"document_id", "text", "label"} <= set(rows.columns) <= {"document_id", "text", "context", "label", "fault"}
    assert set(rows["document_id"]) <= set(DOCUMENTS["document_id"])
    if name in OF_WHOLE_TEXTS:
        assert list(rows["text"]) == [f"text of {document}" for document in rows["document_id"]]


@pytest.mark.parametrize("name", BUILDERS)
def test_a_builder_finds_nothing_in_nothing(name: str) -> None:
    builder = BUILDERS[name]
    assert builder.build(DOCUMENTS.iloc[:0], builder.Options(**OPTIONS[name])).empty


@pytest.mark.parametrize("name", BUILDERS)
def test_a_misspelt_option_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        BUILDERS[name].Options(**OPTIONS[name], lable="x")


def test_the_label_of_a_row_stands_in_its_column() -> None:
    rows = table.build(DOCUMENTS, table.Options(tables=["tickets"], label_column="queue"))
    assert labels(rows) == {"tickets:1": "vpn", "tickets:2": ""}


def test_the_label_of_a_document_is_the_folder_it_lies_in() -> None:
    rows = folder.build(DOCUMENTS, folder.Options(below="policies/", kinds=["document"]))
    assert labels(rows) == {"policies/leave/a.md": "leave", "policies/travel/abroad/b.md": "travel"}


def test_the_label_of_a_document_is_what_it_says_about_itself() -> None:
    rows = metadata.build(DOCUMENTS, metadata.Options(key="queue", kinds=["document"]))
    assert labels(rows) == {"policies/leave/a.md": "hr"}
    by_column = metadata.build(DOCUMENTS.assign(department="legal"), metadata.Options(key="department", kinds=["row"]))
    assert set(by_column["label"]) == {"legal"}
