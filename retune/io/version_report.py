"""What MLflow holds on a version, gathered for its page, its card and its comparison with another."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from retune.core import scoring
from retune.core.errors import UserError
from retune.core.evaluation import given
from retune.core.evidence import primary_of, target_of
from retune.core.scoring import Asked
from retune.core.version_comparison import against
from retune.core.version_facts import Against, Decided, VersionFacts
from retune.io import journal
from retune.io.files import read_frame, read_json
from retune.io.mlflow_store import answering
from retune.io.registry import CHAMPION, FINGERPRINT, FROM, MODEL, TO, Decision, Registry, Version
from retune.io.rows import FOLDER
from retune.io.settings import read_yaml
from retune.io.tracking import FINISHED, KIND, VERSION, Tracking

REPORT, CARD, FOOTPRINT, COUNTS = "report.html", "model_card.md", "footprint.json", "data/counts.json"
HISTORY, SETTINGS = "training/history.jsonl", "lineage/params.yaml"
JSON_FILES = {
    "metrics": "evaluation/metrics.json",
    "facts": "training/facts.json",
    "timings": "training/timings.json",
    "footprint": FOOTPRINT,
}
VERDICTS = {"documents": "gates/documents/verdict.json", "examples": "gates/examples/verdict.json"}
PREDICTIONS = "evaluation/predictions.parquet", "rows/predictions.parquet"  # those that hold texts are in `rows/`
WITHOUT_TEXT = ("label", "labels")  # targets of which an answer repeats no word of a document
ANSWERS_FILE, TEST = "answers.parquet", "retune.test_sha256"
WORST = 10
ALIASES = ("champion", "challenger", "previous")


def numbered(registry: Registry, name: str) -> Version:
    """Return a version by number or alias, the newest without a name; raises UserError where there is none."""
    newest = registry.newest(but="")
    number = registry.aliases().get(name, "") if name in ALIASES else name
    version = newest if not name else registry.version(number) if number.isdigit() else None
    if version is None:
        known = f"there are versions 1 to {newest.number}" if newest is not None else "there is no version at all"
        todo = (
            "Name one of them, or champion, challenger or previous." if newest is not None else "Run `make pipeline`."
        )
        called = f"no {name}" if name in ALIASES else name or "none"
        raise UserError(expected=f"a version of {registry.name}", found=f"{called}; {known}", todo=todo)
    return version


def gather(
    tracking: Tracking,
    model: str,
    run_id: str,
    registry: Registry | None = None,
    number: str = "",
    now: datetime | None = None,
) -> VersionFacts:
    """Return all that is recorded on a training run, and on the version that it became where there is one."""
    as_of = _day(now) if now is not None else ""
    with tempfile.TemporaryDirectory(prefix="retune-report-") as scratch, answering(tracking.uri):
        found = _files(tracking, run_id, Path(scratch), model)
        answers = answers_of(tracking, run_id, Path(scratch))
        version = registry.version(number) if registry is not None and number else None
        if registry is None or version is None:
            return VersionFacts(model=model, version="", as_of=as_of, **found, errors=worst(answers, found["metrics"]))
        aliases = registry.aliases()
        decisions = decided(registry, number, Path(scratch))
        weighed = [one.before for one in decisions if one.after == number and one.details.get("checks")]
        before = weighed[0] if weighed else aliases.get(CHAMPION, "")
        return VersionFacts(
            model=model,
            version=number,
            as_of=as_of,
            made=_time(version.created),
            aliases=[alias for alias, at in aliases.items() if at == number],
            champion=aliases.get(CHAMPION, ""),
            tags=version.tags,
            errors=worst(answers, found["metrics"]),
            against=_against(tracking, registry, before if before != number else "", found, answers),
            decisions=decisions,
            links={"run in MLflow": tracking.url(run_id), "version in MLflow": registry.url(number)},
            **found,
        )


def _files(tracking: Tracking, run_id: str, scratch: Path, model: str) -> dict[str, Any]:
    """Return what the files, tags and inputs of a training run say; what it has not is empty."""
    run = tracking.client.get_run(run_id)
    wanted = [*JSON_FILES.values(), *VERDICTS.values(), COUNTS, HISTORY, SETTINGS]
    there = tracking.fetch_all(run_id, wanted, scratch)
    verdicts = {subject: _json(there, path) for subject, path in VERDICTS.items()}
    settings = read_yaml(there[SETTINGS]) if SETTINGS in there else {}
    return {
        **{name: _json(there, path) for name, path in JSON_FILES.items()},
        "fingerprint": run.data.tags.get(FINGERPRINT, ""),
        "gates": {subject: one["checks"] for subject, one in verdicts.items() if "checks" in one},
        "counts": read_json(there[COUNTS]) if COUNTS in there else [],
        "history": journal.read_lines(there[HISTORY])[0] if HISTORY in there else [],
        "settings": (settings.get("models") or {}).get(model, {}),
        "datasets": [_dataset(one.dataset) for one in (run.inputs.dataset_inputs if run.inputs else [])],
    }


def _json(there: dict[str, Path], path: str) -> dict[str, Any]:
    """Return one JSON file of a run, the empty mapping where it has none."""
    found: dict[str, Any] = read_json(there[path]) if path in there else {}
    return found


def _dataset(dataset: Any) -> dict[str, Any]:
    """Return one input of a run."""
    rows = json.loads(dataset.profile).get("num_rows") if dataset.profile else None
    return {"name": dataset.name, "md5": dataset.digest, "rows": rows}


def answers_of(tracking: Tracking, run_id: str, scratch: Path) -> pd.DataFrame | None:
    """Return a version's answers to its test rows [PREDICTIONS], None where they are not kept."""
    files = (tracking.fetch(run_id, name, scratch) for name in PREDICTIONS)
    return next((read_frame(file) for file in files if file is not None), None)


def worst(answers: pd.DataFrame | None, metrics: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """Return the wrong answers by id: of labels those of which the model was surest, else those that are worth least.

    An answer that may repeat a document's words is left out.
    """
    if answers is None:
        return []
    target, primary = target_of(metrics), primary_of(metrics)
    labels = answers["label"].tolist()
    is_right = scoring.right(target, labels, answers["prediction"].tolist())
    wrong, order, rising = answers[[not one for one in is_right]], "confidence", False
    if target != "label":
        values = scoring.by_row(Asked(target, [""] * len(labels), labels), given(answers), primary)
        wrong, order, rising = answers.assign(value=values)[[not one for one in is_right]], "value", True
    ordered = wrong.sort_values([order, "example_id"], ascending=[rising, True]).head(WORST)
    told = ["label", "prediction"] if target in WITHOUT_TEXT else []
    columns = ["example_id", *told, order]
    return [{str(key): value for key, value in row.items()} for row in ordered[columns].to_dict("records")]


def decided(registry: Registry, number: str, scratch: Path) -> list[Decided]:
    """Return the decisions that made, refused or left a version, the newest first, those on it with their checks."""
    both = {one.run_id: one for one in [*registry.decisions(**{TO: number}), *registry.decisions(**{FROM: number})]}
    ordered = sorted(both.values(), key=lambda one: one.started, reverse=True)
    return [_decided(registry, one, scratch if one.after == number else None) for one in ordered]


def _decided(registry: Registry, one: Decision, scratch: Path | None) -> Decided:
    """Return one decision; its evidence is read where a folder is given."""
    details: dict[str, Any] = {}
    if scratch is not None:
        file = registry.client.download_artifacts(one.run_id, "decision.json", _folder(scratch / one.run_id))
        details = read_json(Path(file)).get("details") or {}
    return Decided(
        outcome=one.outcome,
        before=one.before,
        after=one.after,
        who=one.who,
        why=one.why,
        when=_time(one.started),
        url=registry.decision_url(one.run_id),
        is_forced=one.is_forced,
        details=details,
    )


def _folder(path: Path) -> str:
    """Return a folder that exists now."""
    path.mkdir(parents=True, exist_ok=True)
    return str(path)


def _against(
    tracking: Tracking, registry: Registry, before: str, found: dict[str, Any], answers: pd.DataFrame | None
) -> Against | None:
    """Return the champion of the decision on the same rows, from the answers that the decision kept."""
    version = registry.version(before) if before else None
    metrics = found["metrics"]
    if version is None or answers is None or "test_sha256" not in metrics:
        return None
    kept = kept_answers(tracking, answers_tags(registry.name, version.number, metrics["test_sha256"]))
    seed = int((found["settings"].get("evaluate") or {}).get("seed", 0))
    return against(version.number, answers, kept, metrics, seed) if kept is not None else None


def answers_tags(model: str, version: str, test_sha256: str) -> dict[str, str]:
    """Return the tags of the run that keeps a version's answers to test rows."""
    return {KIND: "answers", MODEL: model, VERSION: version, TEST: test_sha256}


def kept_answers(tracking: Tracking, tags: dict[str, str]) -> pd.DataFrame | None:
    """Return the answers that a run of these tags keeps, None where there is none."""
    run = tracking.find(tags, FINISHED)
    if run is None:
        return None
    with tempfile.TemporaryDirectory(prefix="retune-answers-") as scratch:
        return kept_in(tracking, run.info.run_id, Path(scratch))


def kept_in(tracking: Tracking, run_id: str, scratch: Path) -> pd.DataFrame:
    """Return the answers that a run keeps; KeyError where it keeps none."""
    names = [ANSWERS_FILE, f"{FOLDER}/{ANSWERS_FILE}"]
    there = tracking.fetch_all(run_id, names, scratch)
    return read_frame(there[next((name for name in names if name in there), ANSWERS_FILE)])


def folder_of_answers(target: str) -> str:
    """Return the artifact folder for answers: those that may repeat a document's words go where a deletion looks."""
    return "" if target in WITHOUT_TEXT else FOLDER


def _time(milliseconds: int) -> str:
    """Return the server's time as a person reads it."""
    return _day(datetime.fromtimestamp(milliseconds / 1000, UTC))


def _day(moment: datetime) -> str:
    """Return a moment in UTC to the minute."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"
