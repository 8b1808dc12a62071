"""Runs in MLflow: one parent per execution, one training run per fingerprint, their curves, inputs and files.

No text of a document goes here but into the artifact folder `rows/`, where a deletion can reach it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

from retune.core.errors import RetuneError
from retune.io import journal
from retune.io.mlflow_store import (
    DECISIONS,
    RUNS,
    answering,
    connect,
    experiment_id,
    has_code,
    holder,
    is_orphan,
    locked,
    page,
    quoted,
)
from retune.io.registry import person

KIND, FINGERPRINT, REASONS = "retune.kind", "retune.fingerprint", "retune.reasons"
VERSION = "retune.version"
PROFILE, SEEN = "rows/profile", "seen.parquet"  # of stage profile, on the run of a training; each example and its side
PARENT, NOTE = "mlflow.parentRunId", "mlflow.note.content"
FINISHED = " and attributes.status = 'FINISHED'"
METRICS_PER_BATCH = 1000  # the most that a server takes at once
PARAMS_PER_BATCH = 100


@dataclass(frozen=True)
class TrainingRun:
    """The run of one fingerprint, and whether an earlier execution has finished it."""

    run_id: str
    is_finished: bool


@dataclass(frozen=True)
class Dataset:
    """One input of a run: its digest is the MD5 by which DVC knows it."""

    name: str
    path: str
    md5: str
    context: str  # training, validation, test, documents
    rows: int | None = None


class Tracking:
    """A tracking server and one experiment of it; raises UnavailableError when the server does not answer."""

    def __init__(self, uri: str, experiment: str = RUNS) -> None:
        self.uri = uri
        self.client = connect(uri)
        self.experiment = experiment_id(self.client, uri, experiment)
        self.decisions = experiment_id(self.client, uri, f"{experiment}{DECISIONS}")

    def open_parent(self, name: str, tags: dict[str, str] | None = None) -> str:
        """Open the run of one execution and return its id."""
        given = {KIND: "execution", **_origin(), **(tags or {})}
        with answering(self.uri):
            return str(self.client.create_run(self.experiment, run_name=name, tags=given).info.run_id)

    def training_run(self, fingerprint: str, *, name: str, parent: str | None = None) -> TrainingRun:
        """Find the run of this fingerprint, or open it; a resumed attempt goes on in it, under its new parent."""
        wanted = {KIND: "training", FINGERPRINT: fingerprint}
        with answering(self.uri), locked(self.uri):
            found = self.find(wanted)
            if found is not None and found.info.status == "FINISHED":
                return TrainingRun(found.info.run_id, is_finished=True)
            tags = {**wanted, **_origin(), **({PARENT: parent} if parent else {})}
            if found is None:
                created = self.client.create_run(self.experiment, run_name=f"{name} {fingerprint[:7]}", tags=tags)
                return TrainingRun(created.info.run_id, is_finished=False)
            self.set_tags(found.info.run_id, tags)
            self.client.update_run(found.info.run_id, status="RUNNING")
            return TrainingRun(found.info.run_id, is_finished=False)

    def find(self, tags: dict[str, str], extra: str = "") -> Any | None:
        """Return the newest run with all of these tags, None where there is none."""
        with answering(self.uri):
            found = self.client.search_runs([self.experiment], quoted(tags) + extra, max_results=1)
        return found[0] if found else None

    def finished(self, tags: dict[str, str]) -> list[Any]:
        """Return the finished runs with all of these tags, the newest first, at most a thousand."""
        with answering(self.uri):
            return list(self.client.search_runs([self.experiment], quoted(tags) + FINISHED, max_results=1000))

    def close(self, run_id: str, status: str = "FINISHED", reasons: Sequence[str] = ()) -> None:
        """End a run as FINISHED, FAILED or KILLED, with the reasons as a tag and as an artifact."""
        with answering(self.uri):
            if reasons:
                self.client.set_tag(run_id, REASONS, "; ".join(reasons))
                self.client.log_dict(run_id, {"status": status, "reasons": list(reasons)}, "reasons.json")
            self.client.set_terminated(run_id, status)

    def close_orphans(self) -> list[str]:
        """End the runs that processes of this host left RUNNING when they died, and return their ids."""
        with answering(self.uri):
            both = [self.experiment, self.decisions]
            running = self.client.search_runs(both, "attributes.status = 'RUNNING'", max_results=1000)
        dead = [run.info.run_id for run in running if is_orphan(run.data.tags)]
        for run_id in dead:
            self.close(run_id, "KILLED", ["the process that held this run died"])
        return dead

    def close_children(self, parent: str, reason: str) -> None:
        """End the runs below a parent that are still RUNNING as FAILED."""
        with answering(self.uri):
            below = self.client.search_runs(
                [self.experiment], quoted({PARENT: parent}) + " and attributes.status = 'RUNNING'", max_results=1000
            )
        for run in below:
            self.close(run.info.run_id, "FAILED", [reason])

    def set_tags(self, run_id: str, tags: dict[str, str]) -> None:
        """Set tags on a run."""
        from mlflow.entities import RunTag

        with answering(self.uri):
            self.client.log_batch(run_id, tags=[RunTag(key, str(value)) for key, value in tags.items()])

    def log_params(self, run_id: str, params: dict[str, Any]) -> None:
        """Log settings, nested ones as `section.name`; the same ones again change nothing."""
        from mlflow.entities import Param

        rows = [Param(key, str(value)) for key, value in flattened(params).items()]
        with answering(self.uri):
            for start in range(0, len(rows), PARAMS_PER_BATCH):
                self.client.log_batch(run_id, params=rows[start : start + PARAMS_PER_BATCH])

    def log_scores(self, run_id: str, scores: dict[str, float]) -> None:
        """Log final scores; one that the run has already stays as it is."""
        self.curves(run_id).log([{"event": "metrics", "step": 0, "values": scores}])

    def log_datasets(self, run_id: str, datasets: Sequence[Dataset]) -> None:
        """Log what went into the run, each with its DVC MD5 as digest, its place and its number of rows."""
        with answering(self.uri):
            self.client.log_inputs(run_id, datasets=[_as_input(dataset) for dataset in datasets])

    def log_files(self, run_id: str, files: Sequence[Path], folder: str = "") -> None:
        """Log files and folders that exist, under one artifact folder; texts belong under `rows`."""
        with answering(self.uri):
            for path in files:
                if path.is_dir():
                    self.client.log_artifacts(run_id, str(path), f"{folder}/{path.name}".lstrip("/"))
                elif path.exists():
                    self.client.log_artifact(run_id, str(path), folder or None)

    def fetch(self, run_id: str, name: str, folder: Path) -> Path | None:
        """Download one artifact of a run into a folder and return where it lies, None where the run has none such."""
        return self.fetch_all(run_id, [name], folder).get(name)

    def fetch_all(self, run_id: str, names: Sequence[str], folder: Path) -> dict[str, Path]:
        """Download artifacts of a run into a folder and return where each lies; those that it has not are left out.

        The run is asked for once: MLflow's client asks for it again at each list and each file, 30 ms every time.
        """
        from mlflow.exceptions import MlflowException
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        folder.mkdir(parents=True, exist_ok=True)
        with answering(self.uri):
            try:
                place = self.client.get_run(run_id).info.artifact_uri
                files: Any = get_artifact_repository(place, tracking_uri=self.uri)
                parents = {name.rpartition("/")[0] for name in names}
                there = {one.path for parent in parents for one in files.list_artifacts(parent or None)}
            except MlflowException as error:
                if has_code(error, "RESOURCE_DOES_NOT_EXIST"):
                    return {}
                raise
            return {name: Path(files.download_artifacts(name, str(folder))) for name in names if name in there}

    def log_text(self, run_id: str, text: str, name: str) -> None:
        """Log a short text such as the model card as one artifact."""
        with answering(self.uri):
            self.client.log_text(run_id, text, name)

    def curves(self, run_id: str) -> Curves:
        """Return what takes metrics for a run."""
        return Curves(self, run_id)

    @contextmanager
    def live(self, run_id: str, journal_path: Path, offset_path: Path, *, pause_seconds: float = 1.0) -> Iterator[None]:
        """Forward a journal and the machine's metrics to a run while the block trains in another process.

        A training that fails leaves a FAILED run with the reason; the next attempt goes on in it.
        """
        from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

        settings = {"sampling_interval": 2, "resume_logging": True, "tracking_uri": self.uri}
        monitor: Any = SystemMetricsMonitor(run_id, **settings)  # type: ignore[no-untyped-call]
        monitor.start()
        stop = Event()
        follower = Thread(
            target=journal.follow,
            args=(journal_path, offset_path, self.curves(run_id).log, stop, pause_seconds),
            name="journal-follower",
            daemon=True,  # a server that hangs at the end must not keep the process alive
        )
        follower.start()
        try:
            yield
        except RetuneError as error:
            self.close(run_id, "FAILED", [str(error)])
            raise
        finally:
            stop.set()
            follower.join(timeout=60)
            monitor.finish()

    def url(self, run_id: str) -> str:
        """Return the address of a run's page."""
        return page(self.uri, f"experiments/{self.experiment}/runs/{run_id}")


class Curves:
    """The metrics of one run: a step that the run has already is not logged twice, whoever sends it."""

    def __init__(self, tracking: Tracking, run_id: str) -> None:
        self.tracking, self.run_id = tracking, run_id
        self.steps: dict[str, set[int]] = {}

    def log(self, lines: list[journal.Line]) -> None:
        """Log the metrics of journal lines in batches; those of a history have no time and get the present one."""
        from mlflow.entities import Metric

        with answering(self.tracking.uri):
            points = [Metric(key, value, stamp, step) for key, value, stamp, step in self._new(lines)]
            for start in range(0, len(points), METRICS_PER_BATCH):
                self.tracking.client.log_batch(self.run_id, metrics=points[start : start + METRICS_PER_BATCH])
        for point in points:
            self.steps[point.key].add(point.step)

    def _new(self, lines: list[journal.Line]) -> Iterator[tuple[str, float, int, int]]:
        """Yield name, value, milliseconds and step of each metric that the run does not have."""
        sent: set[tuple[str, int]] = set()
        now = time.time()
        for line in lines:
            if line.get("event") != "metrics":
                continue
            step, stamp = int(line["step"]), int(line.get("time", now) * 1000)
            for key, value in line["values"].items():
                if isinstance(value, (int, float)) and (key, step) not in sent and step not in self._known(key):
                    sent.add((key, step))
                    yield key, float(value), stamp, step

    def _known(self, key: str) -> set[int]:
        """Return the steps at which the run has this metric, asked once."""
        if key not in self.steps:
            self.steps[key] = {point.step for point in self.tracking.client.get_metric_history(self.run_id, key)}
        return self.steps[key]


def flattened(params: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings as one level, `a: {b: 1}` as `a.b: 1`."""
    flat: dict[str, Any] = {}
    for key, value in params.items():
        name = f"{prefix}{key}"
        flat.update(flattened(value, f"{name}.") if isinstance(value, dict) else {name: value})
    return flat


def _origin() -> dict[str, str]:
    """Return the tags that say who started a run, by what, and which process holds it."""
    return {"mlflow.user": person(), "mlflow.source.name": "retune", "mlflow.source.type": "LOCAL", **holder()}


def _as_input(dataset: Dataset) -> Any:
    """Return a dataset as MLflow stores one."""
    from mlflow.entities import Dataset as MlflowDataset
    from mlflow.entities import DatasetInput, InputTag

    stored = MlflowDataset(
        name=dataset.name,
        digest=dataset.md5,
        source_type="local",
        source=json.dumps({"uri": dataset.path}),
        profile=json.dumps({"num_rows": dataset.rows}) if dataset.rows is not None else None,
    )
    tags = [InputTag("mlflow.data.context", dataset.context), InputTag("dvc.md5", dataset.md5)]
    return DatasetInput(stored, tags)
