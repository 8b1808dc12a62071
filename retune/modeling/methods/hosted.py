"""Hosted: a service tunes a model of its own on the rows, before this step; what is written is a page that names it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from retune.core import hosted_rows
from retune.core.errors import IntegrityError, UserError
from retune.core.hosted import Event, Order, curves, sha256
from retune.core.hosted_model import HostedModel
from retune.core.params import base as settings_base

if TYPE_CHECKING:
    from types import ModuleType

    import pandas as pd

    from retune.modeling.bench import Plan
    from retune.modeling.train import Fitted

NEEDS: tuple[str, ...] = ()
TOLD = Path("hosted", "events.jsonl")  # beside base.json: what the service told and measured


class Settings(settings_base.Settings):
    """What the service is asked to do, and how its model is asked. Of the rest of `train`, the seed alone matters."""

    suffix: str = Field(max_length=64, pattern=r"^[A-Za-z0-9_-]*$")
    """A part of the model's name at the service, 64 characters at most; empty for none."""

    epochs: Literal["auto"] | Annotated[int, Field(ge=1)]
    """Passes over the training split; `auto` leaves it to the service."""

    batch_size: Literal["auto"] | Annotated[int, Field(ge=1)]
    """Rows in one step; `auto` leaves it to the service."""

    learning_rate_multiplier: Literal["auto"] | Annotated[float, Field(gt=0)]
    """Factor on the service's own learning rate; `auto` leaves it to the service."""

    system: str
    """What the system says before each prompt, in training and in answering; empty for nothing."""

    answer_tokens: int = Field(ge=1)
    """Tokens of an answer at most."""

    with_confidence: bool
    """Ask for the probabilities of tokens, whose product is the confidence of an answer; not every server has them."""

    requests_at_once: int = Field(ge=1, le=256)
    """Questions in flight at a time; a service that is asked too fast says so, and is asked again later."""


def order(
    base: str,
    rows: tuple[pd.DataFrame, pd.DataFrame],
    seed: int,
    settings: Settings,
    task: tuple[ModuleType, settings_base.Settings],
) -> Order:
    """Return the job that train and validation rows [ROWS] and the settings ask for; `task` is type and settings."""
    ask = hosted_rows.asking(*task)
    train, validation = (hosted_rows.jsonl(hosted_rows.conversations(side, ask, settings.system)) for side in rows)
    return Order(
        base, train, validation, seed, settings.suffix, settings.epochs, settings.batch_size,
        settings.learning_rate_multiplier,
    )  # fmt: skip


def fit(plan: Plan, train: pd.DataFrame, validation: pd.DataFrame, *, base: Path, out: Path) -> Fitted:
    """Write the page of the model that base.json pins into the folder `out`; nothing is asked of the service.

    Raises UserError where the pinned job learnt other rows or settings than these, and IntegrityError where what was
    told of it is not the file that base.json pins.
    """
    from retune.modeling import folder, machine
    from retune.modeling.families.hosted import predictor
    from retune.modeling.train import Fitted

    start = time.monotonic()
    settings: Any = plan.method_settings
    _refuse_other(plan, order(_found(plan).base, (train, validation), plan.params.seed, settings, _task(plan)), base)
    page = folder.Page(
        task_type=plan.name("task_type"), family=plan.name("family"), method=plan.name("method"), base=plan.base,
        max_length=plan.params.max_length, task_settings=plan.task_settings.model_dump(mode="json"),
        head=settings.model_dump(mode="json"),
    )  # fmt: skip
    page.write(out)
    examples = plan.task_type.EXAMPLE
    numbers = predictor(page, _found(plan)).reference(examples).tolist()
    folder.write_json(out / folder.REFERENCE, {"examples": examples, "numbers": numbers})
    events = curves(_told(plan, base))
    seconds = {"total": time.monotonic() - start}
    return Fitted(
        _facts(plan, len(train), len(validation), events), events, {"seconds": seconds, **machine.describe(False)}
    )


def _task(plan: Plan) -> tuple[ModuleType, settings_base.Settings]:
    return plan.task_type, plan.task_settings


def _found(plan: Plan) -> HostedModel:
    """Return what the job became; UserError where there was none."""
    if plan.base.hosted is None:
        todo = "Run `make pipeline`: it has the service tune it first."
        raise UserError(expected=f"a job that has tuned {plan.base.id}", found="none", todo=todo)
    return plan.base.hosted


def _refuse_other(plan: Plan, asked: Order, base: Path) -> None:
    """Raise UserError unless the pinned job was asked for these rows with these settings."""
    found = _found(plan)
    if asked.key(found.endpoint) != found.order_sha256:
        raise UserError(
            expected=f"the rows and settings from which {found.model} learnt",
            found=f"others since {base} was written: {len(asked.train.splitlines())} rows to train on",
            todo="Run `make pipeline`: it has the service tune a model on the new ones first.",
        )


def _told(plan: Plan, base: Path) -> list[Event]:
    """Return what was told of the job."""
    file = base.parent / TOLD
    content = file.read_bytes() if file.is_file() else b""
    if sha256(content) != _found(plan).events_sha256:
        raise IntegrityError(f"{file} is not what {base.name} pins; delete both and run `make pipeline`")
    return [Event(**json.loads(line)) for line in content.splitlines()]


def _facts(plan: Plan, train: int, validation: int, events: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what is true of the job on any clock."""
    found = _found(plan)
    return {
        "seed": plan.params.seed,
        "train_rows": train,
        "validation_rows": validation,
        "steps": events[-1]["step"] if events else 0,
        "train_tokens": found.billed_tokens or 0,
        "service": found.base_url,
        "job": found.job,
        "model": found.model,
        "created": found.created,
        "finished": found.finished,
        "base": plan.base.as_dict(),
        "findings": {},
    }
