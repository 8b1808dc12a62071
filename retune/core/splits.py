"""Train, validation and test: each example's side is its own affair, and nothing that is alike stands on two sides."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pandas as pd

from retune.core.errors import IntegrityError, UserError
from retune.core.examples import FROM_PEOPLE, counted
from retune.core.hashing import normalised, prompt_key, sha256_text, shingles, unit_interval
from retune.core.overlap import PassageIndex
from retune.core.params.split import Shares, SplitParams

TRAIN, VALIDATION, TEST = SIDES = ("train", "validation", "test")
PROTECTED = (TEST, VALIDATION)  # in this order: a copy stays in test before validation, and in validation before train
CONTENT = ["example_id", "text", "context", "label"]
APART = ("document_id", "cluster_id", "equality", "passage")  # what no two sides may have in common


@dataclass(frozen=True)
class Split:
    """The examples that stay, with their `side`; the others with the reason; and what there is to say about both."""

    rows: pd.DataFrame
    rejected: pd.DataFrame
    summary: dict[str, Any]


def split(examples: pd.DataFrame, clusters: pd.DataFrame, params: SplitParams, target: ModuleType) -> Split:
    """Set the sides of examples [EXAMPLES] and reject what would stand on two; raises if anything alike still does."""
    rows = examples.sort_values("example_id", ignore_index=True)
    known = dict(zip(clusters["document_id"], clusters["cluster_id"], strict=True))
    answers = rows["document_id"].str.startswith(FROM_PEOPLE)  # in no cluster: equal texts and passages tell of them
    rows["cluster_id"] = rows["document_id"].map(known).fillna(rows["document_id"].where(answers))
    if rows["cluster_id"].isna().any():
        raise IntegrityError(f"no cluster for document {rows.loc[rows['cluster_id'].isna(), 'document_id'].iloc[0]}")
    rows["equality"] = [prompt_key(*prompt) for prompt in zip(rows["text"], rows["context"], strict=True)]
    passages = rows["context"].map(lambda context: sha256_text(normalised(context)))
    rows["passage"] = passages.where(rows["context"] != "", rows["equality"])
    rows["side"] = given_sides(rows, params) if params.strategy == "column" else own_sides(rows, params)
    reasons = straddling(rows, params)
    kept = rows[~rows["example_id"].isin(reasons)].reset_index(drop=True)
    check_apart(kept)
    check_all_sides(kept)
    columns = ["row_id", "reason", "detail", "gate"]
    rejected = pd.DataFrame([(row, *why, "split") for row, why in reasons.items()], columns=columns)
    return Split(kept, rejected, summary(rows, kept, rejected, params, target))


def side_of(key: str, seed: int, shares: Shares) -> str:
    """Return the side of a key; it depends on the key, the seed and the shares alone."""
    place = unit_interval(key, seed)
    if place < shares.train:
        return TRAIN
    return VALIDATION if place < shares.train + shares.validation else TEST


def side_key(document_id: str, explicit_id: bool, text: str, context: str = "") -> str:
    """Return what a row's side depends on: an id that was given, else the smallest 5-word shingle of its text.

    Rows with a context go by its shingles alone: all questions about one passage fall together, and none of them
    moves when others come.
    """
    smallest = min(shingles(context or text), default=None)
    own = explicit_id and not context
    return document_id if own or smallest is None else f"{smallest:016x}"


def side_keys(rows: pd.DataFrame) -> pd.Series:
    """Return each row's key by its document; the parts of one document share the smallest of their keys."""
    given = zip(rows["document_id"], rows["explicit_id"], rows["text"], rows["context"], strict=True)
    keys = pd.Series([side_key(*row) for row in given], index=rows.index, dtype="str")
    return keys.groupby(rows["document_id"]).transform("min")


def own_sides(rows: pd.DataFrame, params: SplitParams) -> pd.Series:
    """Return each row's side by its own document."""
    return side_keys(rows).map(lambda key: side_of(key, params.seed, params.shares))


def given_sides(rows: pd.DataFrame, params: SplitParams) -> pd.Series:
    """Return the sides that the examples bring; where none is for validation, a share of train becomes it."""
    strange = sorted(set(rows["side"]) - set(SIDES))
    if strange:
        raise UserError(
            expected=f"{', '.join(SIDES)} in the column that gives the split",
            found=", ".join(repr(side) for side in strange[:5]),
            todo="Correct the column, name another as `side_column` of the examples, or choose `strategy: hash`.",
        )
    if VALIDATION in set(rows["side"]):
        return rows["side"]
    share = params.shares.validation / (params.shares.train + params.shares.validation)
    places = side_keys(rows).map(lambda key: unit_interval(key, params.seed))
    return rows["side"].mask((rows["side"] == TRAIN) & (places < share), VALIDATION)


def straddling(rows: pd.DataFrame, params: SplitParams) -> dict[str, tuple[str, str]]:
    """Return the reason and its detail for each example that must go because a stronger side has it too."""
    reasons: dict[str, tuple[str, str]] = {}
    for number, side in enumerate(PROTECTED, start=1):
        alive = rows[~rows["example_id"].isin(reasons)]
        protected = alive[alive["side"] == side]
        weaker = alive[~alive["side"].isin(PROTECTED[:number])]
        reasons.update(_copies(weaker, protected, side))
        rest = weaker[~weaker["example_id"].isin(reasons)]
        reasons.update(_passages(rest, protected, side, params))
    return reasons


def _copies(weaker: pd.DataFrame, protected: pd.DataFrame, side: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the weaker examples that have a text, a document, a cluster or a passage in common with a protected one."""
    kinds = {"equality": "equal_to", "document_id": "same_document_as", "cluster_id": "near_duplicate_of",
             "passage": "same_passage_as"}  # fmt: skip
    documents = dict(zip(protected["example_id"], protected["document_id"], strict=True))
    owners = {
        column: dict(zip(protected[column][::-1], protected["example_id"][::-1], strict=True)) for column in kinds
    }
    for row in weaker.to_dict("records"):
        for column, reason in kinds.items():
            other = owners[column].get(row[column])
            if other is not None:
                yield row["example_id"], (f"{reason}_{side}", _named(row, other, documents[other]))
                break


def _passages(
    weaker: pd.DataFrame, protected: pd.DataFrame, side: str, params: SplitParams
) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the weaker examples that hold a passage of a protected one."""
    texts = dict(zip(protected["example_id"], told(protected), strict=True))
    documents = dict(zip(protected["example_id"], protected["document_id"], strict=True))
    index = PassageIndex(texts, words=params.passage_words, minimum=params.passage_minimum_words)
    for row, text in zip(weaker.to_dict("records"), told(weaker), strict=True):
        held = index.held_by(text, share=params.passage_share)
        if held is not None:
            detail = f"{_named(row, held.of, documents[held.of])}: holds {held.share:.0%} of a passage"
            yield row["example_id"], (f"near_duplicate_of_{side}", detail)


def told(rows: pd.DataFrame) -> pd.Series:
    """Return what each row tells: its context where it has one, for a question about it may be anybody's."""
    return rows["context"].where(rows["context"] != "", rows["text"])


def _named(row: dict[Any, Any], other: str, document: str) -> str:
    """Name both examples and their documents."""
    return f"document {row['document_id']} and example {other} (document {document})"


def check_apart(rows: pd.DataFrame) -> None:
    """Raise IntegrityError if two sides share a document, a cluster of near-duplicates, a text or a passage."""
    for column in APART:
        sides = rows.groupby(column)["side"].nunique()
        if (sides > 1).any():
            first = rows[rows[column] == sides[sides > 1].index[0]]
            raise IntegrityError(
                f"split: {int((sides > 1).sum())} times the same {column} on two sides, first the examples "
                f"{', '.join(first['example_id'].iloc[:3])}; nothing was written"
            )


def check_all_sides(rows: pd.DataFrame) -> None:
    """Raise UserError if a side is empty: without one of them there is nothing to learn, pick or measure by."""
    empty = [side for side in SIDES if not (rows["side"] == side).any()]
    if empty:
        raise UserError(
            expected="at least one example in each of train, validation and test",
            found=f"{len(rows)} examples, none in {' and '.join(empty)}",
            todo="Label more documents, or change the shares of the split in params.yaml.",
        )


def content_version(rows: pd.DataFrame) -> str:
    """Return the SHA-256 of what the three files hold, side by side: the same content is the same version (SP-5)."""
    ordered = rows.sort_values(["side", "example_id"])[["side", *CONTENT]]
    return sha256_text("\n".join(json.dumps(row, ensure_ascii=True) for row in ordered.to_numpy().tolist()))


def summary(
    before: pd.DataFrame, kept: pd.DataFrame, rejected: pd.DataFrame, params: SplitParams, target: ModuleType
) -> dict[str, Any]:
    """Say how large each side is, which labels it lacks, what was dropped, and what deserves a look."""
    labels = counted(before["label"], target)
    counts = {side: counted(kept.loc[kept["side"] == side, "label"], target) for side in SIDES}
    missing = {side: [label for label in labels if label not in counts[side]] for side in SIDES}
    groups = before["cluster_id"].where(before["context"] == "", before["passage"]).value_counts()
    share = float(groups.iloc[0] / len(before))
    largest = {"cluster_id": str(groups.index[0]), "rows": int(groups.iloc[0]), "share": share}
    warnings = [f"{side} has no example of {_shortened(lacking)}" for side, lacking in missing.items() if lacking]
    if share > params.largest_group_share:
        warnings.append(f"one group of near-duplicates or of one context makes up {share:.1%} of the examples")
    return {
        "dataset_version": content_version(kept),
        "rows": {side: int((kept["side"] == side).sum()) for side in SIDES},
        "labels": counts,
        "missing_labels": missing,
        "dropped": dict(sorted(Counter(rejected["reason"]).items())),
        "largest_group": largest,
        "warnings": warnings,
    }


def _shortened(labels: list[str], most: int = 5) -> str:
    """Return the first labels of a list, and how many more there are."""
    return ", ".join(labels[:most]) + (f" and {len(labels) - most} more" if len(labels) > most else "")
