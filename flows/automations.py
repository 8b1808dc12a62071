"""What Prefect does by itself: a run whose process died counts as crashed and is taken up, and people are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from prefect.automations import Automation
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, RunDeployment, SendNotification
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

from flows.environment import HEARTBEAT_SECONDS
from retune.core.errors import UserError

MISSED_HEARTBEATS = 3
HEARTBEAT, CRASHED = "prefect.flow-run.heartbeat", "prefect.flow-run.Crashed"
ENDED = {f"prefect.flow-run.{end}" for end in ("Completed", "Failed", "Cancelled", "Cancelling", "Crashed", "Paused")}
TAKE_UP = "take-up"
TAKEN_UP = ("weekly", "by-hand", "on-drift")  # not take-up itself: what dies twice needs a person
RUNS = ResourceSpecification(root={"prefect.resource.id": "prefect.flow-run.*"})


class Wanted(NamedTuple):
    """One automation as it shall be."""

    name: str
    description: str
    trigger: EventTrigger
    actions: list[Any]


def wanted(take_up: UUID, blocks: Sequence[tuple[str, UUID]], *, seconds: int = HEARTBEAT_SECONDS) -> list[Wanted]:
    """Return all automations; `seconds` between two heartbeats, and `blocks` by name and id are told of a crash."""
    told = [
        SendNotification(
            block_document_id=number,
            subject="{{ flow_run.name }} crashed",
            body="Its process died or its host is gone. {{ flow_run|ui_url }}",
        )
        for _, number in blocks
    ]
    found = [
        Wanted("retune: no heartbeat", "A run whose process died is called crashed", _silent(seconds), [
            ChangeFlowRunState(state=StateType.CRASHED, name="Crashed", message="no sign of life from it", force=False)
        ]),
        Wanted("retune: take up what crashed", "A crashed run goes on from its checkpoint, once", _crashed(TAKEN_UP), [
            RunDeployment(deployment_id=take_up, source="selected", parameters=None, job_variables=None)
        ]),
    ]  # fmt: skip
    if told:
        found.append(Wanted("retune: tell of crashes", "A dead run cannot tell itself", _crashed(), told))
    return found


def settle(client: SyncPrefectClient, automations: Sequence[Wanted]) -> None:
    """Create or update the automations by their names."""
    for one in automations:
        automation = Automation(
            name=one.name, description=one.description, trigger=one.trigger, actions=one.actions, enabled=True
        )
        for known in client.read_automations_by_name(one.name):
            client.delete_automation(known.id)
        automation.create()


def block_ids(client: SyncPrefectClient, names: Sequence[str]) -> list[tuple[str, UUID]]:
    """Return the id of each notification block; raises UserError where one is missing."""
    from prefect.exceptions import ObjectNotFound

    found = []
    for name in names:
        kind, _, own = name.partition("/")
        try:
            block = client.read_block_document_by_name(own, kind, include_secrets=False)
        except ObjectNotFound as error:
            todo = "Create it on Prefect's page Blocks, or correct notify.blocks in params.yaml."
            raise UserError(expected=f"the block {name} in Prefect", found="none", todo=todo) from error
        found.append((name, block.id))
    return found


def _silent(seconds: int) -> EventTrigger:
    """Return what fires when a run that has sent a heartbeat sends neither another nor its end."""
    return EventTrigger(
        posture=Posture.Proactive,
        after={HEARTBEAT},
        expect={HEARTBEAT, *ENDED},
        match=RUNS,
        match_related=_of(),  # a heartbeat knows its deployment by number alone
        for_each={"prefect.resource.id"},
        threshold=1,
        within=timedelta(seconds=seconds * MISSED_HEARTBEATS),
    )


def _crashed(deployments: Sequence[str] = ()) -> EventTrigger:
    """Return what fires when a run of one of these deployments crashes, of any for none."""
    return EventTrigger(
        posture=Posture.Reactive,
        expect={CRASHED},
        match=RUNS,
        match_related=_of(*deployments),
        for_each={"prefect.resource.id"},
        threshold=1,
        within=timedelta(0),
    )


def _of(*deployments: str) -> ResourceSpecification:
    """Return the runs of these deployments, of any for none."""
    names = {"prefect.resource.name": list(deployments)} if deployments else {}
    return ResourceSpecification(root={"prefect.resource.role": "deployment", **names})
