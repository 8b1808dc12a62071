"""Step monitor: what the champion meets now against what it was trained on; each window becomes one run."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from retune.core import parts, scoring
from retune.core.drift import compare as drift
from retune.core.drift import page, trigger
from retune.core.drift.finding import DRIFT, DriftReport
from retune.core.drift.rows import described
from retune.core.drift.sample import Sample, sample
from retune.core.drift.trigger import Measured, Monitored, Window
from retune.core.errors import UserError
from retune.core.examples import FROM_PEOPLE
from retune.core.fingerprint import sha256_of
from retune.core.frames import MOVED
from retune.core.params.monitor import MonitorParams
from retune.io import logged_model, traffic
from retune.io.files import read_frame, read_json, write_frame, write_text
from retune.io.mlflow_store import answering, default_uri, locked
from retune.io.place import Place
from retune.io.registry import CHAMPION, MODEL, WHY, Registry, Version
from retune.io.rule import SOURCE, TRIGGERED, VERDICT, WINDOW
from retune.io.tracking import FINISHED, KIND, NOTE, PROFILE, SEEN, VERSION, Tracking
from retune.modeling.embedding import embed
from retune.project import read_project

AT, ROWS, CAUSE, CONTENT = "retune.at", "retune.rows", "retune.cause", "retune.window_sha256"
SHARES = ("label", "labels")  # targets of which shares say something
WRITTEN = ("text", "nothing")
LONGEST_TAG = 4000  # characters; MLflow refuses more than 8,000


@dataclass(frozen=True)
class Watch:
    """What a monitor works with: the model's files, its runs, the champion, and the champion's profile in a folder."""

    place: Place
    tracking: Tracking
    champion: Version
    profile: Path
    params: MonitorParams
    now: datetime
    cause: str


def monitor(*, root: Path, model: str, params: MonitorParams, now: datetime, cause: str) -> Monitored:
    """Hold new documents and live traffic against the champion's profile, record each window, and decide on a training.

    `now` has a time zone. The same window of the same champion is measured once. Nothing is started here: who acts on
    `retrain` calls `mark_triggered` first. Raises UserError for a champion that was registered without a profile.
    """
    uri, experiment = default_uri(root), read_project(root).tracking.experiment
    tracking, registry = Tracking(uri, experiment), Registry(uri, model, experiment)
    number = registry.aliases().get(CHAMPION, "")
    champion = registry.version(number) if number else None
    if champion is None:
        return Monitored(model, "", (), retrain=False, why="there is no champion to watch yet")
    with tempfile.TemporaryDirectory(prefix="retune-monitor-") as scratch:
        profile = _profile(tracking, champion, Path(scratch))
        watch = Watch(Place(root, model), tracking, champion, profile, params, now, cause)
        measured = tuple(_measured(watch, source, rows) for source, rows in _windows(watch).items())
    action, asked_by = _decided(watch)
    return Monitored(model, champion.number, measured, action.retrain, action.why, asked_by)


def mark_triggered(root: Path, model: str, run_id: str, now: datetime) -> None:
    """Record on a window's run that a training starts because of it: to be called before it does."""
    tracking = Tracking(default_uri(root), read_project(root).tracking.experiment)
    found = tracking.find({KIND: WINDOW, MODEL: model}, f" and attributes.run_id = '{run_id}'")
    if found is None:
        raise UserError(expected=f"the run of a window of {model}", found=run_id, todo="Run the monitor first.")
    tracking.set_tags(run_id, {TRIGGERED: now.isoformat()})


def _profile(tracking: Tracking, champion: Version, scratch: Path) -> Path:
    """Return the folder with the champion's profile."""
    with answering(tracking.uri):
        there = champion.run_id and tracking.client.list_artifacts(champion.run_id, PROFILE)
        if not there:
            todo = "Train it again (make pipeline): a version is registered with its profile."
            raise UserError(expected=f"the profile of version {champion.number}", found="none in its run", todo=todo)
        return Path(tracking.client.download_artifacts(champion.run_id, PROFILE, str(scratch)))


def _windows(watch: Watch) -> dict[str, pd.DataFrame]:
    """Return the rows that are new by their source: text, document_id and what else is known of them."""
    found = {"documents": _documents(watch)}
    log = read_project(watch.place.root).traffic
    if log.uri:
        traffic.expire(log.uri, watch.place.name, log.retention_days, watch.now)
        since = watch.now - timedelta(days=watch.params.window_days)
        logged = traffic.read(log.uri, watch.place.name, since, watch.now)
        found["traffic"] = logged[["request_id", "text", "context"]].rename(columns={"request_id": "document_id"})
    return found


def _documents(watch: Watch) -> pd.DataFrame:
    """Return the examples that were not there when the champion was trained."""
    examples = read_frame(watch.place.model / "examples" / "examples.parquet")
    seen = read_frame(watch.profile / SEEN)["example_id"]
    new = examples[~examples["example_id"].isin(seen)].reset_index(drop=True)
    department = [json.loads(slices).get("department", "") for slices in new["slices"]]
    return new[["document_id", "text", "context", "label"]].assign(department=department)


def _measured(watch: Watch, source: str, rows: pd.DataFrame) -> Measured:
    """Return a window as it was recorded, measured now unless the same one was before."""
    content = _content(watch, source, rows)
    tags = {KIND: WINDOW, MODEL: watch.place.name, VERSION: watch.champion.number, CONTENT: content}
    found = watch.tracking.find(tags, FINISHED)
    if found is None:
        report = _compared(watch, rows)
        with locked(watch.tracking.uri):  # another monitor may have recorded it meanwhile
            found = watch.tracking.find(tags, FINISHED) or _recorded(watch, source, report, tags)
    said, run_id = found.data.tags, found.info.run_id
    return Measured(source, said[VERDICT], said[WHY], int(said[ROWS]), run_id, watch.tracking.url(run_id))


def _content(watch: Watch, source: str, rows: pd.DataFrame) -> str:
    """Return the hash of a window and of the settings under which it is measured."""
    settings = watch.params.model_dump(exclude={"trigger"})
    ordered = rows.sort_values(list(rows.columns)).to_dict("split", index=False)
    return sha256_of([source, ordered["columns"], ordered["data"], settings])


def _compared(watch: Watch, rows: pd.DataFrame) -> DriftReport:
    """Return the report on a window; too few rows are not worth a vector."""
    window = sample(pd.concat([rows, described(rows["text"].tolist())], axis=1), watch.params)
    if len(window.rows) >= watch.params.minimum_rows:
        window = Sample(_answered(watch, window.rows), window.copies, window.left_out)
    reference = read_frame(watch.profile / "profile.parquet")
    target = _target(watch)
    if target not in SHARES:  # whether answers of other kinds are right is no cell of a table
        known = reference["prediction"].notna()
        right = scoring.right(target, reference["label"][known].tolist(), reference["prediction"][known].tolist())
        reference.loc[known, "correct"] = [float(one) for one in right]
    return drift.compare(told_of(target, reference), replace(window, rows=told_of(target, window.rows)), watch.params)


def _target(watch: Watch) -> str:
    """Return how the model's answers are written."""
    settings = read_project(watch.place.root).models[watch.place.name]
    return str(parts.find("retune.modeling.task_types", settings.task_type).TARGET)


def told_of(target: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows without the columns that say nothing of answers of their kind: an aspect names what it lacks.

    Shares are of labels; what is written is hardly ever the very text that was asked for.
    """
    left_out = [] if target in SHARES else ["label", "prediction"]
    left_out += ["correct"] if target in WRITTEN else []
    return rows.drop(columns=left_out, errors="ignore")


def _answered(watch: Watch, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with their vectors and the champion's answers; its weights are read, none of its code is opened.

    Answers that people corrected say nothing about quality: they were sent in because the champion was wrong.
    """
    from retune.modeling import answering as model_answering

    texts, target = rows["text"].tolist(), _target(watch)
    answered = rows.assign(vector=list(embed(texts)))
    if target == "nothing" or (target in WRITTEN and "confidence" not in watch.params.watch):
        return answered  # to write a thousand answers takes long, and nobody asks for them
    with tempfile.TemporaryDirectory(prefix="retune-champion-") as scratch:
        fetched = logged_model.fetch(watch.tracking.uri, watch.champion.source, Path(scratch) / "model")
        folder = fetched / "artifacts" / "model"
        model = model_answering.load(folder, read_json(folder / "retune_model.json")["base"])
        answers = model.predict(texts, rows["context"].tolist())
    answered = answered.assign(prediction=answers["prediction"].to_numpy(), confidence=answers["confidence"].to_numpy())
    if "label" not in rows:
        return answered
    predictions = answers["prediction"].fillna("").tolist()
    right = scoring.right(target, answered["label"].tolist(), predictions)
    is_right = pd.Series([float(one) for one in right], index=answered.index)
    return answered.assign(correct=is_right.where(~answered["document_id"].str.startswith(FROM_PEOPLE)))


def _recorded(watch: Watch, source: str, report: DriftReport, tags: dict[str, str]) -> Any:
    """Write a window's report to a run of its own, and return the run."""
    tracking, name = watch.tracking, watch.place.name
    heading = f"{name}, version {watch.champion.number}: {source} until {watch.now:%Y-%m-%d %H:%M %Z}"
    said = {SOURCE: source, VERDICT: report.verdict, WHY: report.why[:LONGEST_TAG], ROWS: str(report.window_rows)}
    when = {AT: watch.now.isoformat(), CAUSE: watch.cause, NOTE: f"**{report.verdict}**: {report.why}"[:LONGEST_TAG]}
    run_id = tracking.open_parent(f"{name} {source} {watch.now:%Y-%m-%d}", {**tags, **said, **when})
    tracking.log_scores(run_id, _numbers(report))
    tracking.log_text(run_id, json.dumps(report.as_dict(), indent=2, sort_keys=True), "drift.json")
    with tempfile.TemporaryDirectory(prefix="retune-window-") as scratch:
        write_text(Path(scratch) / "report.html", page.page(heading, report))
        write_frame(Path(scratch) / "moved.parquet", pd.DataFrame(report.moved(), columns=list(MOVED)), MOVED)
        tracking.log_files(run_id, [Path(scratch) / "report.html"])
        tracking.log_files(run_id, [Path(scratch) / "moved.parquet"], "rows")
    tracking.close(run_id)
    return tracking.client.get_run(run_id)


def _numbers(report: DriftReport) -> dict[str, float]:
    """Return p and effect of each aspect that was measured, and how many rows were compared."""
    found = {"rows/reference": float(report.reference_rows), "rows/window": float(report.window_rows)}
    for aspect in report.aspects:
        if aspect.p_corrected is not None and aspect.effect is not None:
            found |= {f"p/{aspect.name}": aspect.p_corrected, f"effect/{aspect.name}": aspect.effect}
    return found


def _decided(watch: Watch) -> tuple[trigger.Action, str]:
    """Return what follows from all recorded windows of the champion, and the newest of them that shows drift."""
    runs = watch.tracking.finished({KIND: WINDOW, MODEL: watch.place.name})
    own = [run for run in runs if run.data.tags.get(VERSION) == watch.champion.number]
    started = [datetime.fromisoformat(run.data.tags[TRIGGERED]) for run in runs if TRIGGERED in run.data.tags]
    action = trigger.decide([_window(run.data.tags) for run in own], started, watch.now, watch.params.trigger)
    drifting = [run.info.run_id for run in own if run.data.tags[VERDICT] == DRIFT]
    return action, drifting[0] if action.retrain else ""


def _window(tags: dict[str, str]) -> Window:
    """Return a window from the tags of its run."""
    return Window(tags[SOURCE], datetime.fromisoformat(tags[AT]), tags[VERDICT])
