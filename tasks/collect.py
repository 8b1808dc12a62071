"""Step collect: answers that people corrected become rows to learn from, without personal data, or are refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from retune.core import parts, redaction, scoring
from retune.core.answers import CELLS, Answer, Known, Row, judged, merged, parse, refusals
from retune.core.clean import without_personal_data
from retune.core.counts import Counts
from retune.core.errors import UserError
from retune.core.params.redact import RedactParams
from retune.io import answers, collected, traffic
from retune.io.collected import Collected
from retune.io.dvc import Say
from retune.io.files import read_frame
from retune.io.place import Place
from retune.project import Project, chosen, read_project

Rows = list[tuple[Row, Row | None]]
Asked = dict[str, tuple[str, str]]


def collect(*, root: Path, model: str, file: Path, now: datetime, say: Say) -> Collected:
    """Merge the answers in a CSV file into `collected/<model>.csv`, keep what is refused beside it, and record both.

    The same file a second time changes nothing. Raises UserError where the file is no table of answers, or nobody knows
    yet which labels the model has. To be called under the checkout's lock.
    """
    project = read_project(root)
    collected.bring_up_to_date(root, project.models, say)
    rows = _without_personal_data(_parsed(file), project.corpus.redact)
    place, refused_place = answers.path_of(root, model), answers.refused_of(root, model)
    standing, expired = answers.read(place), _expired(project, model, now)
    asked, skipped = _asked(project, model, [raw.request_id for raw, _ in rows], now)
    known = _known(root, model, project, asked, now)
    results = judged(rows, known, standing)
    good = [result for _, result in results if isinstance(result, Answer)]
    after = merged(standing, good)
    answers.write(refused_place, refusals(rows, results, answers.read_refused(refused_place)))
    answers.write(place, after)
    collected.record(root, say)
    reasons = Counter(result.reason for _, result in results if not isinstance(result, Answer))
    counts = Counts("collect", "answers", len(rows), len(good), sum(reasons.values()), details=_changes(standing, good))
    return Collected(counts, dict(sorted(reasons.items())), len(after), skipped, expired)


def _parsed(file: Path) -> list[Row]:
    """Return the rows of a person's file."""
    try:
        return parse(file.read_bytes())
    except OSError as error:
        todo = "Give the path of a CSV file; docs/traffic.md has an example."
        raise UserError(expected="a file of answers", found=f"{file}: {error.strerror}", todo=todo) from error


def _without_personal_data(rows: Sequence[Row], settings: RedactParams) -> Rows:
    """Return each row beside itself without personal data, or None where that cannot be had."""
    recognizers = redaction.load(settings)
    found: Rows = []
    for row in rows:
        # An id of ours holds nothing of anybody, and with a placeholder in it nobody would find the row again.
        names = [name for name in CELLS if name != "request_id" or traffic.day_of(row.request_id) is None]
        clean = without_personal_data({name: getattr(row, name) for name in names}, recognizers, settings)
        found.append((row, _with(row, clean) if clean is not None else None))
    return found


def _with(row: Row, cells: dict[str, str]) -> Row:
    """Return a row with other cells."""
    values = {name: cells.get(name, getattr(row, name)) for name in CELLS}
    return Row(row.number, **values, too_long=row.too_long)


def _asked(project: Project, model: str, requests: Sequence[str], now: datetime) -> tuple[Asked, int]:
    """Return the logged texts and contexts of requests by their ids, and how many files of the log were skipped."""
    days = sorted({day for request in requests if (day := traffic.day_of(request)) is not None})
    if not days or not project.traffic.uri:
        return {}, 0
    first = datetime(days[0].year, days[0].month, days[0].day, tzinfo=UTC)
    last = datetime(days[-1].year, days[-1].month, days[-1].day, tzinfo=UTC) + timedelta(days=1)
    log = traffic.read(project.traffic.uri, model, first, min(last, now + timedelta(days=1)))
    wanted = log[log["request_id"].isin(set(requests))]
    logged = zip(wanted["text"], wanted["context"], strict=True)
    return dict(zip(wanted["request_id"], logged, strict=True)), len(log.attrs["skipped"])


def _known(root: Path, model: str, project: Project, asked: Asked, now: datetime) -> Known:
    """Return what the rows are held against; raises UserError for a model that is not corrected by answers."""
    kind = parts.find("retune.modeling.task_types", project.models[model].task_type)
    target = scoring.target(kind.TARGET)
    if kind.TARGET == "nothing":
        todo = "Put what it should learn among the documents."
        raise UserError(expected="a model that answers", found=f"{model}, which learns text alone", todo=todo)

    def fault(label: str, text: str, context: str) -> str:
        try:
            target.check(label, text, context)
        except ValueError as error:
            return str(error)
        return ""

    labels = _labels(root, model, project) if kind.TARGET == "label" else None
    wants_context = kind.HEAD == "span"  # an instruction may have an input or none, a question has a passage
    return Known(asked, labels, now.date(), _not_found(project), fault, wants_context)


def _not_found(project: Project) -> str:
    """Return why a request may not be in the log."""
    if not project.traffic.uri:
        return "no traffic is logged: `traffic.uri` in params.yaml is empty"
    return f"the log of the last {project.traffic.retention_days} days does not have it"


def _expired(project: Project, model: str, now: datetime) -> traffic.Expired:
    """Delete what the log may no longer keep."""
    if not project.traffic.uri:
        return traffic.Expired((), 0, 0)
    return traffic.expire(project.traffic.uri, model, project.traffic.retention_days, now)


def _labels(root: Path, model: str, project: Project) -> set[str]:
    """Return the labels that the model has: those that are declared, else those of its examples."""
    declared = chosen(project, [model])[model].examples.rules.of("unknown_label").declared
    if declared:
        return set(declared)
    examples = Place(root, model).model / "examples" / "examples.parquet"
    if not examples.exists():
        raise UserError(
            expected=f"examples of {model}, which say what labels there are",
            found="none yet",
            todo="Run `make pipeline` first, or declare the labels: `examples.rules.unknown_label` in params.yaml.",
        )
    return set(read_frame(examples)["label"])


def _changes(standing: pd.DataFrame, good: Sequence[Answer]) -> dict[str, int]:
    """Count what the accepted answers are to those before."""
    before = dict(zip(standing["answer_id"], standing["label"], strict=True))
    new = sum(answer.answer_id not in before for answer in good)
    same = sum(before.get(answer.answer_id) == answer.label for answer in good)
    return {"new": new, "changed": len(good) - new - same, "as before": same}
