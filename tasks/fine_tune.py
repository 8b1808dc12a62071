"""Let a service tune a model on the training split, and pin what became of it in the file that train depends on."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

from retune.core import hosted_rows, parts
from retune.core.errors import UserError
from retune.core.hosted import FT, HOSTED, Event, Job, Order, Say, notice, refuse_closed, sha256, source_of
from retune.core.hosted_model import Endpoint, HostedModel
from retune.core.params.hosted import HostedParams
from retune.io import clean, hosted, hosted_copies, parents
from retune.io.files import read_frame, read_json, write_json, write_text
from retune.io.mlflow_store import default_uri
from retune.io.place import Place
from retune.io.settings import checked
from retune.modeling.bases import BaseIdentity
from retune.modeling.methods.hosted import TOLD
from retune.project import ModelParams, Project, read_project

PROVIDERS = "retune.io.providers"
SIDES = ("train", "validation")


def fine_tune(*, root: Path, model: str, today: date, say: Say) -> None:
    """Write the identity of the tuned model; where the same rows were learnt with the same settings, it stands already.

    Nothing is sent unless the service is enabled, redaction and its gates have passed on these very rows, and a last
    look finds no personal data. UserError for rows and settings that do not fit, JobFailedError with the service's
    reason; UnavailableError where it is away and JobRunsError where it is slow: the next run takes the job up.
    """
    project, place = read_project(root), Place(root, model)
    params = project.models[model]
    name, base = source_of(params.resolve.base)
    section = enabled(project, name)
    order = order_of(place, params, base)
    endpoint = Endpoint(section.provider, section.base_url, section.api_key_variable)
    if _stands(place.base, order.key(endpoint)):
        return
    clean.refuse_unredacted(root, model)
    rows = {side: [json.loads(line) for line in getattr(order, side).splitlines()] for side in SIDES}
    hosted_rows.refuse_personal([*rows["train"], *rows["validation"]], project.corpus.redact)
    for warning in hosted_rows.check(rows["train"], rows["validation"]):
        say(f"warning: {warning}")
    parent = _continued(root, project, order.model)
    service = parts.find(PROVIDERS, section.provider).connect(endpoint)
    bench = hosted.Bench(
        service, order.key(endpoint), model, section.poll_seconds, section.wait_hours, section.keep_files, say
    )
    job, events = _done(bench, order, name, section, today)
    _pin(place.base, _identity(params.resolve.base, endpoint, order, job, events, parent))
    say(f"{job.model} has learnt {len(rows['train'])} rows; {job.billed_tokens or 'unknown'} tokens are billed")


def _continued(root: Path, project: Project, base: str) -> dict[str, str]:
    """Return which registered version a job continues, nothing for any other base; UserError for one withdrawn."""
    experiment = project.tracking.experiment
    found = hosted_copies.version_named(root, project.models, experiment, base) if base.startswith(FT) else None
    if found is None:
        return {}
    parents.refuse_withdrawn(default_uri(root), experiment, *found)
    return {"parent_model": found[0], "parent_version": found[1].number}


def enabled(project: Project, name: str) -> HostedParams:
    """Return the settings of a service; raises UserError for one that is not enabled."""
    if not project.hosted[name].enabled:
        raise UserError(
            expected=f"leave to send rows to {name} ({project.hosted[name].base_url})",
            found=f"hosted.{name}.enabled is false",
            todo="Set it to true where your rows may leave this machine. Nothing was sent.",
        )
    return project.hosted[name]


def order_of(place: Place, params: ModelParams, base: str) -> Order:
    """Return the job that the model's split and settings ask for."""
    task_type = parts.find("retune.modeling.task_types", params.task_type)
    method = parts.find("retune.modeling.methods", params.method)
    chosen = checked(params.train.method_settings, method.Settings, place="train.method_settings")
    asked = checked(params.train.task_settings, task_type.Settings, place="train.task_settings")
    train, validation = (read_frame(place.model / "split" / f"{side}.parquet") for side in SIDES)
    found: Order = method.order(base, (train, validation), params.train.seed, chosen, (task_type, asked))
    return found


def _stands(base: Path, key: str) -> bool:
    """Tell whether base.json pins what became of this very job, with all that was told of it."""
    found = BaseIdentity.from_dict(read_json(base)).hosted if base.exists() else None
    events = base.parent / TOLD
    is_whole = found is not None and events.is_file() and sha256(events.read_bytes()) == found.events_sha256
    return found is not None and is_whole and found.order_sha256 == key


def _done(bench: hosted.Bench, order: Order, name: str, section: HostedParams, today: date) -> tuple[Job, list[Event]]:
    """Return the job of this order once it has succeeded; only a new one asks whether the service still takes any."""
    job = hosted.find(bench)
    if job is None:
        base = order.model.split(":")[1] if order.model.startswith(FT) else order.model
        for what, closes in ((name, section.closes_on), (f"{name}'s {base}", bench.service.shutdown_date(base))):
            refuse_closed(what, closes, today)
            told = notice(what, closes, today)
            if told:
                bench.say(f"warning: {told}")
        job = hosted.send(bench, order)
    else:
        bench.say(f"job {job.id} was sent before: it is {job.status}")
    return hosted.follow(bench, job)


def _identity(
    spec: str, endpoint: Endpoint, order: Order, job: Job, events: list[Event], parent: dict[str, str]
) -> tuple[BaseIdentity, str]:
    """Return what is to be pinned, and the events as JSON lines."""
    told = "".join(json.dumps(asdict(event), sort_keys=True, ensure_ascii=False) + "\n" for event in events)
    found = HostedModel(
        **asdict(endpoint),
        base=order.model,
        model=job.model,
        job=job.id,
        order_sha256=order.key(endpoint),
        train_sha256=sha256(order.train),
        validation_sha256=sha256(order.validation),
        events_sha256=sha256(told.encode("utf-8")),
        billed_tokens=job.billed_tokens,
        created=_time(job.created_at),
        finished=_time(job.finished_at or job.created_at),
        **parent,
    )
    identity = BaseIdentity(
        id=spec, kind=HOSTED, revision=job.id, weights_sha256=found.sha256(), files={}, licence="",
        architecture="", hosted=found,
    )  # fmt: skip
    return identity, told


def _pin(base: Path, found: tuple[BaseIdentity, str]) -> None:
    """Write the events, then base.json: what it pins is there."""
    identity, told = found
    write_text(base.parent / TOLD, told)
    write_json(base, identity.as_dict())


def _time(seconds: int) -> str:
    """Return Unix seconds as ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
