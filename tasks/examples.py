"""Examples: documents to training examples of a task type, measured by the gates; those that fall are kept apart."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import pandas as pd

from retune.core import examples as building
from retune.core import parts
from retune.core.collected import as_documents
from retune.core.counts import Counts
from retune.core.errors import UserError
from retune.core.frames import EXAMPLES, REJECTED
from retune.core.gating import check_rules
from retune.core.params.examples import ExamplesParams
from retune.io import answers
from retune.io.expectations import measure
from retune.io.files import read_frame, read_json, write_frame, write_json
from retune.io.settings import checked


def examples(
    *,
    accepted: Path,
    verdict: Path,
    collected: Path,
    builder: Path,
    task_type: Path,
    examples: Path,
    rejected: Path,
    measurements: Path,
    counts: Path,
    data_docs: Path,
    params: ExamplesParams,
) -> None:
    """Write the examples, those that a gate rejected, and what the gates measured.

    Answers that people corrected are examples by the same rules as the documents' own.
    """
    building.require_passed(read_json(verdict), "the corpus")
    documents, target = read_frame(accepted), target_of(task_type.stem)
    check_rules(params.rules.given, target.GATES)
    found = built(documents, answers.read(collected), builder.stem, task_type.stem, params)
    found["fault"] = building.faults(found, target)
    measured = measure(
        found, id_column="example_id", kind="examples", settings=params.rules, docs=data_docs, of_labels=target.GATES
    )
    building.check_declared(measured.accepted, params.rules)
    fallen = building.with_documents(measured.rejected, found)
    write_frame(examples, measured.accepted, EXAMPLES)
    write_frame(rejected, fallen, REJECTED)
    tables = building.tables(documents, found, fallen, target)
    gates = [asdict(measurement) for measurement in measured.measurements]
    write_json(measurements, {"subject": "examples", "measurements": gates, "tables": tables})
    not_used = building.not_used(documents, found)
    details = {"documents": len(documents), "not_used": not_used, "warnings": building.warnings(found, fallen)}
    rows_out = len(measured.accepted)
    done = Counts("examples", "examples", len(found), rows_out, len(found) - rows_out, details=details)
    write_json(counts, done.as_dict())


def target_of(task_type: str) -> ModuleType:
    """Return the part that says how what a task type learns stands in a row."""
    return parts.load_all("retune.core.targets")[parts.find("retune.modeling.task_types", task_type).TARGET]


def built(
    documents: pd.DataFrame, corrected: pd.DataFrame, builder: str, task_type: str, params: ExamplesParams
) -> pd.DataFrame:
    """Return the examples that the builder makes of the documents, and the corrected answers.

    Raises UserError if the task type needs other columns.
    """
    part = parts.find("retune.core.builders", builder)
    options = checked(params.options, part.Options, place="examples.options")
    rows = part.build(building.prepared(documents, params), options)
    if not corrected.empty:
        given = as_documents(corrected, params.side_column)
        given_rows = given[["document_id", "text"]].assign(label=corrected["label"], context=corrected["context"])
        rows = pd.concat([rows, given_rows], ignore_index=True)
        documents = pd.concat([documents, given], ignore_index=True)
    if rows.empty:
        todo = "Correct examples.options in params.yaml; corpus.ingest.parsing.tables names the tables."
        found_none = f"none in {len(documents)} documents by {json.dumps(params.options)}"
        raise UserError(expected=f"documents that the builder {builder} makes examples of", found=found_none, todo=todo)
    found = building.with_identity(rows, documents, params)
    needed = parts.find("retune.modeling.task_types", task_type).COLUMNS
    if set(needed) - set(found.columns):
        raise UserError(
            expected=f"a builder that gives {', '.join(needed)}, as {task_type} needs",
            found=f"{builder}, which gives {', '.join(rows.columns)}",
            todo="Choose another builder or task type in params.yaml.",
        )
    return found
