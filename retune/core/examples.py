"""Training examples: built from documents, identified by their content; the gates say which may be learnt from."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath
from types import ModuleType
from typing import Any

import pandas as pd

from retune.core.errors import GateError, UserError
from retune.core.hashing import prompt_key, sha256_text
from retune.core.params.examples import ExamplesParams
from retune.core.params.validate import RowRules

FROM_PEOPLE = "collected:"  # begins the document id of an answer that a person corrected
ID_LENGTH = 16  # hex digits: two of a million examples share one with a chance of 3 in 100 million


def require_passed(verdict: dict[str, Any], subject: str) -> None:
    """Raise GateError if the gate before said no: nothing is built on what did not pass."""
    if verdict.get("passed") is not True:
        raise GateError(f"the gate on {subject}", list(verdict.get("reasons") or ["it left no verdict"]))


def metadata_value(documents: pd.DataFrame, key: str) -> pd.Series:
    """Return one value of each document: a column of that name, else the metadata under that key, else empty."""
    if key in documents.columns and key != "metadata":
        return documents[key].astype("str").str.strip()
    values = [str(json.loads(text or "{}").get(key, "")).strip() for text in documents["metadata"]]
    return pd.Series(values, index=documents.index, dtype="str")


def prepared(documents: pd.DataFrame, params: ExamplesParams) -> pd.DataFrame:
    """Return the documents with the text that an example gets: with the title before it where that is asked for."""
    if not params.with_title:
        return documents
    return documents.assign(text=(documents["title"] + "\n" + documents["text"]).str.strip())


def with_identity(rows: pd.DataFrame, documents: pd.DataFrame, params: ExamplesParams) -> pd.DataFrame:
    """Turn built rows [document_id, text, label, and perhaps context and fault] into examples [EXAMPLES, fault].

    A fault is why a builder could make nothing better of a row: such an example is rejected with it.
    """
    source = documents.set_index("document_id").loc[rows["document_id"]].reset_index()
    slices = pd.DataFrame({name: metadata_value(source, name) for name in params.slices}, index=source.index)
    slices = slices.assign(created=metadata_value(source, "created"), source=folders(source))
    examples = pd.DataFrame(
        {
            "text": rows["text"].tolist(),
            "context": rows["context"].fillna("").tolist() if "context" in rows else "",
            "label": rows["label"].tolist(),
            "document_id": rows["document_id"].tolist(),
            "explicit_id": source["explicit_id"],
            "side": metadata_value(source, params.side_column) if params.side_column else "",
            "builder": params.builder,
            "fault": rows["fault"].fillna("").tolist() if "fault" in rows else "",
            "slices": [json.dumps(values, sort_keys=True) for values in slices.to_dict("records")],
        }
    )
    return identified(examples)


def folders(documents: pd.DataFrame) -> pd.Series:
    """Return in which folder each document lies; "." is the source itself, answers of people have one of their own."""
    folder = documents["source_path"].map(lambda path: str(PurePosixPath(path).parent))
    return folder.mask(documents["document_id"].str.startswith(FROM_PEOPLE), FROM_PEOPLE.rstrip(":"))


def identified(examples: pd.DataFrame) -> pd.DataFrame:
    """Give each example an id of its content alone, so that renaming a document changes none.

    Equal ones are told apart by an ordinal. Their order is that of their raw text first: which of them is kept does
    not depend on a name either. Answers that people corrected come last, so that none takes a document's place.
    """
    equality = [prompt_key(*prompt) for prompt in zip(examples["text"], examples["context"], strict=True)]
    collected = examples["document_id"].str.startswith(FROM_PEOPLE)
    order = ["equality", "label", "side", "collected", "text", "context", "document_id"]
    ordered = examples.assign(equality=equality, collected=collected).sort_values(order)
    content = ordered["equality"] + "\x1f" + ordered["label"] + "\x1f" + ordered["side"]
    ordinal = content.groupby(content).cumcount().astype("str")
    ids = (content + "\x1f" + ordinal).map(lambda key: sha256_text(key)[:ID_LENGTH])
    return ordered.assign(example_id=ids).drop(columns=["equality", "collected"]).reset_index(drop=True)


def faults(examples: pd.DataFrame, target: ModuleType) -> list[str]:
    """Return why each label cannot be learnt: what the builder said, else what the target says; empty where it can."""
    cells = zip(examples["fault"], examples["label"], examples["text"], examples["context"], strict=True)
    return [fault or _refused(target, *row) for fault, *row in cells]


def _refused(target: ModuleType, label: str, text: str, context: str) -> str:
    """Return why a target refuses a label, nothing where it does not."""
    try:
        target.check(label, text, context)
    except ValueError as error:
        return str(error)
    return ""


def counted(labels: Iterable[str], target: ModuleType) -> dict[str, int]:
    """Return how often each kind of label occurs, as the target counts; cells that it cannot read count as none."""
    found: Counter[str] = Counter()
    for label in labels:
        try:
            found.update(target.kinds(label))
        except ValueError:
            found["(none)"] += 1
    return dict(sorted(found.items()))


def check_declared(usable: pd.DataFrame, rules: RowRules) -> None:
    """Raise UserError if the settings declare a label that has too few usable examples to be learnt."""
    if rules.of("unknown_label") is None:
        return
    minimum = rules.of("rare_label").minimum_examples
    counts = usable["label"].value_counts()
    declared = {label: int(counts.get(label, 0)) for label in rules.of("unknown_label").declared}
    few = [f"{label} has {count}" for label, count in declared.items() if count < minimum]
    if few:
        raise UserError(
            expected=f"at least {minimum} usable examples of each declared label",
            found=", ".join(few),
            todo="Label more documents, or take the label out of `unknown_label.declared` in params.yaml.",
        )


def with_documents(rejected: pd.DataFrame, examples: pd.DataFrame) -> pd.DataFrame:
    """Name the document of each rejected example, so that its owner can correct it."""
    documents = rejected["row_id"].map(dict(zip(examples["example_id"], examples["document_id"], strict=True)))
    return rejected.assign(detail=rejected["detail"] + " (document " + documents.astype("str") + ")")


def warnings(examples: pd.DataFrame, rejected: pd.DataFrame) -> list[str]:
    """Say which labels were too rare to learn, and that texts contradict each other."""
    rows = dict(rejected.groupby("reason")["row_id"].agg(set))
    rare = sorted(set(examples.loc[examples["example_id"].isin(rows.get("rare_label", set())), "label"]))
    contradictory = len(rows.get("contradictory_label", ()))
    lines = [f"the label {label} has too few examples to be learnt: rejected" for label in rare]
    return lines + [f"{contradictory} examples contradict each other: rejected"] * bool(contradictory)


def not_used(documents: pd.DataFrame, found: pd.DataFrame) -> int:
    """Count the documents of which the builder made no example."""
    used = found["document_id"][found["document_id"].isin(documents["document_id"])]
    return len(documents) - used.nunique()


def tables(documents: pd.DataFrame, found: pd.DataFrame, rejected: pd.DataFrame, target: ModuleType) -> dict[str, Any]:
    """Return what the report shows besides the gates: what came in, which labels were found, why rows fell."""
    labels = counted(found["label"], target)
    reasons = rejected["reason"].value_counts().sort_index()
    answers = int(found["document_id"].str.startswith(FROM_PEOPLE).sum())
    came_in = [["documents", len(documents)], ["of no use to the builder", not_used(documents, found)]]
    came_in += [["answers that people corrected", answers]] * bool(answers) + [["examples", len(found)]]
    return {
        "What came in": {"columns": ["what", "count"], "rows": came_in},
        "Labels": {"columns": ["label", "examples"], "rows": [list(one) for one in labels.items()]},
        "Why examples fell": {"columns": ["reason", "examples"], "rows": [[why, int(n)] for why, n in reasons.items()]},
    }
