"""What `retune lineage` answers: values for programs, and the same in lines for people; nothing heavy is imported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from retune.core.errors import UserError
from retune.core.lineage import LEARNT, SIDES, Link, Name, Saw, ancestors, descendants, told
from retune.io.lineage import Index

Answer = dict[str, Any]
ROW = (*Name._fields, *Link._fields)
FILE = ("source_path", "side", "documents", "examples")
SHOWN = 10  # files, documents or examples in lines; programs get all


def of_document(index: Index, document_id: str) -> Answer:
    """Return what came of a document, version by version; raises UserError for one that no corpus had."""
    links = index.links_of_document(document_id)
    if not links:
        todo = f"`--source FILE` lists those of a file; one that was erased is in its receipt alone.{_lost(index)}"
        raise UserError(expected="a document that the corpus of a version had", found=document_id, todo=todo)
    return {"document": document_id, **_about(index, index.versions_of([document_id])), "links": _rows(links)}


def of_source(index: Index, path: str) -> Answer:
    """Return the documents that were read from a file or a folder, and the versions that saw any of them."""
    documents = index.documents_below(path)
    if not documents:
        todo = f"Name it as it lies below data/, such as tickets/2025.csv.{_lost(index)}"
        raise UserError(expected="a file or folder that the corpus of a version had", found=path, todo=todo)
    return {"source": path, **_about(index, index.versions_of(documents)), "documents": documents}


def of_example(index: Index, example_id: str) -> Answer:
    """Return the documents and versions of a training example."""
    links = index.links_of_example(example_id) if example_id else []
    if not links:
        todo = f"`--version N --json` lists the examples of a version.{_lost(index)}"
        raise UserError(expected="an example of a version", found=example_id or "an empty id", todo=todo)
    return {"example": example_id, **_about(index, index.versions_of_example(example_id)), "links": _rows(links)}


def of_version(index: Index, name: Name) -> Answer:
    """Return what a version stands on and which versions continue it; `examples_of` has the examples one by one."""
    trainings = [one for one in index.trainings() if one.name == name]
    if not trainings:
        known = ", ".join(str(one) for one in dict.fromkeys(each.name for each in index.trainings())) or "none"
        todo = "Correct the number, or look in MLflow again: retune lineage --rebuild"
        raise UserError(expected=f"a version in the index: {known}", found=str(name), todo=todo)
    line = ancestors(index.parents(), name)
    files = [dict(zip(FILE, row, strict=True)) for row in index.summary(name)]
    return {
        "model": name.model,
        "version": name.version,
        "runs": sorted({one.run_id for one in trainings}),
        "trained": trainings[-1].trained,
        "datasets": dict(trainings[-1].datasets),
        "files": files,
        "access_labels": index.access_labels(name),
        "continues": [one._asdict() for one in line],
        "continued_by": [one._asdict() for one in descendants(index.parents(), [name])],
        "unknown": [one._asdict() for one in index.unknown() if one in (name, *line)],
    }


def examples_of(index: Index, name: Name) -> list[dict[str, str]]:
    """Return the examples of a version with their documents, and those that the versions which it continues learnt."""
    line = [name, *ancestors(index.parents(), name)]
    links = ((one, link) for one in line for link in index.links_of_version(one))
    return _rows((one, link) for one, link in links if one == name or link.side in LEARNT)


def named(index: Index, model: str, version: str) -> Name:
    """Return the version that is meant; raises UserError where several models have one of that number."""
    models = sorted({one.name.model for one in index.trainings() if one.name.version == version})
    if not model and len(models) > 1:
        raise UserError(expected="one model", found=", ".join(models), todo="Name it: --model NAME.")
    return Name(model or (models[0] if models else "any model"), version)


def lines_of(answer: Answer) -> list[str]:
    """Return an answer as lines for a person."""
    if "files" in answer:
        return _version_lines(answer)
    as_of = f"As of the version that was trained {answer['newest']}; `retune lineage --rebuild` asks MLflow for others."
    return [*_head(answer), *_saw_lines(answer), *_link_lines(answer), as_of]


def _head(answer: Answer) -> list[str]:
    """Return what was asked about, and from where it came."""
    if "source" in answer:
        return [f"{answer['source']}: {_some('document', answer['documents'])}"]
    if "document" in answer:
        sources = sorted({f"{row['source_path']} ({row['access_label']})" for row in answer["links"]})
        return [f"document {answer['document']}, from {', '.join(sources)}"]
    return [f"example {answer['example']}"]


def _saw_lines(answer: Answer) -> list[str]:
    """Return the versions that saw it."""
    rows = [Saw(row["model"], row["version"], tuple(row["sides"])) for row in answer["versions"]]
    return told(rows, [Name(**one) for one in answer["unknown"]])


def _link_lines(answer: Answer) -> list[str]:
    """Return the examples of a document, or the documents of an example."""
    rows = answer.get("links", [])
    key = "document_id" if "example" in answer else "example_id"
    found = sorted({row[key] for row in rows} - {""})
    return [f"  {_some(key.removesuffix('_id'), found)}"] if found else []


def _version_lines(answer: Answer) -> list[str]:
    """Return what a version stands on."""
    files = answer["files"]
    counts = {side: [_sum(files, what, side=side) for what in ("examples", "documents")] for side in SIDES}
    sides = [
        f"  {side:12}{examples:8} examples of {documents} documents" for side, (examples, documents) in counts.items()
    ]
    data = [f"  {what:12}{md5}" for what, md5 in sorted(answer["datasets"].items())]
    return [
        f"{answer['model']} {answer['version']}, trained {answer['trained']}, on",
        *(sides if files else ["  what cannot be told: its links are neither in MLflow nor in DVC's cache"]),
        *_file_lines(files),
        "by the data versions (DVC's MD5)",
        *data,
        f"access labels: {', '.join(answer['access_labels']) or 'none'}",
        f"continues: {_names(answer['continues'])}",
        f"continued by: {_names(answer['continued_by'])}",
    ]


def _file_lines(files: list[dict[str, Any]]) -> list[str]:
    """Return the files with most examples."""
    examples = Counter[str]()
    for row in files:
        examples[row["source_path"] or "answers that people corrected"] += row["examples"]
    more = [f"           and from {len(examples) - SHOWN} more files: --json has all"] * (len(examples) > SHOWN)
    return [f"  {count:8} examples from {path}" for path, count in examples.most_common(SHOWN)] + more


def _sum(files: list[dict[str, Any]], what: str, *, side: str) -> int:
    """Return how many documents or examples stand on a side."""
    return sum(row[what] for row in files if row["side"] == side)


def _about(index: Index, versions: Iterable[Saw]) -> Answer:
    """Return the versions that saw something, and those of which it is not known."""
    return {
        "versions": [{**one._asdict(), "sides": list(one.sides)} for one in versions],
        "unknown": [one._asdict() for one in index.unknown()],
        "newest": max(one.trained for one in index.trainings()),
    }


def _rows(links: Iterable[tuple[Name, Link]]) -> list[dict[str, str]]:
    """Return links with the version whose own data had them."""
    return [dict(zip(ROW, (*name, *link), strict=True)) for name, link in links]


def _some(what: str, found: list[str]) -> str:
    """Return how many there are, and the first of them."""
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"{len(found)} {what}{'s' * (len(found) != 1)}: {', '.join(found[:SHOWN])}{more}"


def _names(rows: list[dict[str, str]]) -> str:
    """Return versions as a list in words."""
    return ", ".join(f"{row['model']} {row['version']}" for row in rows) or "none"


def _lost(index: Index) -> str:
    """Return the reservation under which nothing was found, where there is one."""
    lost = ", ".join(map(str, index.unknown()))
    return f" Of {lost} it cannot be told: their links are neither in MLflow nor in DVC's cache." if lost else ""
