"""What a person, a schedule or an event fills in when it starts a run: Prefect draws its forms from these."""

from __future__ import annotations

from pydantic import BaseModel, Field

from retune.core.rule import Cause


class Request(BaseModel):
    """What every run over documents is told."""

    models: list[str] = Field(
        default_factory=list, title="Models", description="Names from params.yaml; empty for all."
    )
    reason: str = Field(default="by hand", title="Reason", description="Why this run is started, for the record.")
    wait: bool = Field(
        default=False,
        title="Wait for another run",
        description="Where another run holds the checkout, wait until it has ended instead of stopping.",
    )


class Retrain(Request):
    """What starts a training."""

    cause: Cause = Field(
        default="by hand",
        title="Cause",
        description="What started it; `drift` lets `release.after_drift` hold where that drift is recorded.",
    )


class Monitor(Request):
    """What starts a look at what is new."""


class Promotion(BaseModel):
    """Which version a person wants as champion, and why."""

    model: str = Field(title="Model", description="The model's name in params.yaml.")
    version: str = Field(default="", title="Version", description="A version's number; empty for the challenger.")
    reason: str = Field(min_length=1, title="Reason", description="Why, for the record.")
    force: bool = Field(
        default=False, title="Overrule the evidence", description="Recorded as forced, with the reason; no approval."
    )
    asked_by: str = Field(default="", title="For", description="Who wants it, for the record.")


class Rollback(BaseModel):
    """Of which model the previous champion is wanted back, and why."""

    model: str = Field(title="Model", description="The model's name in params.yaml.")
    reason: str = Field(min_length=1, title="Reason", description="Why, for the record.")
    asked_by: str = Field(default="", title="For", description="Who wants it, for the record.")


class Awaiting(BaseModel):
    """Which version waits for an approval."""

    model: str = Field(title="Model", description="The model's name in params.yaml.")
    version: str = Field(min_length=1, title="Version", description="A version's number.")
    why: str = Field(default="", title="What is known of it", description="Shown to who approves.")


class Everywhere(BaseModel):
    """Of which models approvals are looked for."""

    models: list[str] = Field(
        default_factory=list, title="Models", description="Names from params.yaml; empty for all."
    )
