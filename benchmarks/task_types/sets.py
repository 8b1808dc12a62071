"""What each real set says of itself: its task type, its records, and how its columns become examples."""

from __future__ import annotations

import gzip
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks.machine import shared_data

TURN = re.compile(r"^(Doctor|Patient|Guest_family|Guest_clinician)\s*:\s*", re.MULTILINE)
Record = dict[str, Any]


@dataclass(frozen=True)
class Set:
    """One real set: `text` names the columns that ingest takes as a row's text; documents of their own have none."""

    task_type: str
    records: Callable[[], Iterator[Record]]
    builder: str
    columns: dict[str, Any]
    text: tuple[str, ...] = ()
    task_settings: dict[str, Any] = field(default_factory=dict)
    side_column: str = ""  # where the set brings its own split


def lines(name: str) -> Iterator[Record]:
    """Yield the records of a set in the shared data."""
    with gzip.open(shared_data() / f"{name}.jsonl.gz", "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def in_english() -> Iterator[Record]:
    """Yield the English questions of XQuAD."""
    return (row for row in lines("qa/xquad_even_articles") if row["lang"] == "en")


def seed_tasks() -> Iterator[Record]:
    """Yield the seed tasks of Self-Instruct; its authors ask not to train on the others."""
    return (row for row in lines("instructions/self_instruct_human_427") if row["source"] == "seed")


def types_named() -> Iterator[Record]:
    """Yield each sentence of WikiGold with the types of entities that it names, often none."""
    for row in lines("ner/wikigold"):
        named = sorted({tag[2:] for tag in row["tags"] if tag != "O"})
        yield {"text": " ".join(row["tokens"]), "types": ";".join(named)}


def consultations() -> Iterator[Record]:
    """Yield the dialogues of MTS-Dialog as conversations in which the doctor is the assistant."""
    for row in lines("summarisation/mts_dialog"):
        turns: list[Record] = []
        _, *parts = TURN.split(row["dialogue"])
        for speaker, words in zip(parts[::2], parts[1::2], strict=True):
            role = "assistant" if speaker == "Doctor" else "user"
            if turns and turns[-1]["role"] == role:
                turns[-1]["content"] += f" {words.strip()}"
            elif words.strip():
                turns.append({"role": role, "content": words.strip()})
        if {turn["role"] for turn in turns} == {"assistant", "user"}:
            yield {"messages": turns}


def handbook() -> Iterator[Record]:
    """Yield the pages of GOV.UK's operating manual."""
    archive = shared_data() / "organisations" / "govuk-developer-docs" / "snapshot-2023-06-30.tar.gz"
    with tarfile.open(archive) as tar:
        for member in tar:
            stream = tar.extractfile(member) if member.isfile() and member.name.endswith(".md") else None
            if stream is not None:
                yield {"page": stream.read().decode("utf-8", "replace")}


WRITING = {"max_new_tokens": 48, "packing": True}
ANSWERING = {**WRITING, "template": "plain", "loss_on": "completion", "truncated_share": 0.5}
SETS = {
    "banking77": Set(
        "classification", lambda: lines("intent/banking77"), "table", {"label_column": "label"}, ("text",)
    ),
    "polarity": Set(
        "sentiment", lambda: lines("sentiment/sentence_polarity"), "table", {"label_column": "label"}, ("text",)
    ),
    "wikigold_types": Set(
        "multi_label_classification", types_named, "label_sets",
        {"text_column": "text", "labels_column": "types", "separator": ";"}, ("text",),
    ),
    "wikigold": Set(
        "entity_recognition", lambda: lines("ner/wikigold"), "tagged_tokens",
        {"tokens_column": "tokens", "tags_column": "tags"}, ("tokens",),
        {"overlap_tokens": 16, "pieces": "first", "probe_words": 20000},
    ),
    "sec_filings": Set(
        "entity_recognition", lambda: lines("ner/sec_filings"), "tagged_tokens",
        {"tokens_column": "tokens", "tags_column": "tags"}, ("tokens",),
        {"overlap_tokens": 16, "pieces": "first", "probe_words": 20000}, side_column="split",
    ),
    "xquad": Set(
        "question_answering", in_english, "answers",
        {"question_column": "question", "context_column": "context", "answers_column": "answers"},
        ("question", "context"), {"overlap_tokens": 64, "max_answer_tokens": 30},
    ),
    "mts_dialog": Set(
        "summarisation", lambda: lines("summarisation/mts_dialog"), "pairs",
        {"prompt_column": "dialogue", "context_column": "", "completion_column": "summary"}, ("dialogue", "summary"),
        {**ANSWERING, "instruction": ""},
    ),
    "ntrex": Set(
        "translation", lambda: lines("translation/ntrex_8lang"), "pairs",
        {"prompt_column": "eng", "context_column": "", "completion_column": "deu"}, ("eng", "deu"),
        {**ANSWERING, "instruction": ""},
    ),
    "gsm8k": Set(
        "text_generation", lambda: lines("instructions/gsm8k_train"), "pairs",
        {"prompt_column": "question", "context_column": "", "completion_column": "answer"}, ("question", "answer"),
        ANSWERING,
    ),
    "seed_tasks": Set(
        "text_generation", seed_tasks, "pairs",
        {"prompt_column": "instruction", "context_column": "input", "completion_column": "output"},
        ("instruction", "input", "output"), {**ANSWERING, "template": "alpaca"},
    ),
    "consultations": Set(
        "chat", consultations, "messages", {"messages_column": "messages"}, ("messages",), ANSWERING,
    ),
    "handbook": Set(
        "continued_pretraining", handbook, "blocks", {"kinds": ["document"], "most_words": 300}, (), WRITING,
    ),
}  # fmt: skip
