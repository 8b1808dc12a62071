"""Who somebody is, and what they signed, by the word of MLflow's server alone.

What a client says of itself is no evidence: MLflow stores the user and the tags of a run as the client sends them. With
`--app-name basic-auth` the server does two things that a client cannot fake: it answers whose password a request bears
(`users/current`), and it writes by itself who made a review queue (`created_by`). So a signature is a review queue in
the experiment of the decisions whose name says what is signed. Its owner, or who may manage the experiment, can change
it later, which shows in its dates: a signature that was changed counts no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from retune.core.approval import Approval
from retune.core.errors import UnavailableError, UserError
from retune.io.mlflow_store import answering
from retune.io.registry import APPROVED, PACKAGE, TO, Registry, Version, person

APPROVE, TRAINED = "approve", "trained"
CURRENT = "/api/2.0/mlflow/users/current"
SIGNATURES = "/api/3.0/mlflow/review-queues"
PAGE = 100
OK, UNKNOWN_TO_IT, WRONG_PASSWORD = 200, 404, 401
TAG, YES = "retune.approve", "yes"  # set on a version's page in the MLflow UI
ALREADY_THERE = "RESOURCE_ALREADY_EXISTS"


@dataclass(frozen=True)
class Person:
    """Who acts; `is_signed`: by an account on MLflow's server, else by the name of the user on this host."""

    name: str
    is_signed: bool


@dataclass(frozen=True)
class Signature:
    """What an account of the server signed, and when by the server's clock, in milliseconds since 1970."""

    what: str
    who: str
    at: int


def whoami(uri: str) -> Person:
    """Return the account whose password our requests bear, else the user of this host; UserError for a wrong one."""
    if not uri.startswith("http"):
        return Person(person(), is_signed=False)
    answer = _ask(uri, "GET", CURRENT)
    if answer.status_code == WRONG_PASSWORD:
        todo = "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD to your account on it."
        raise UserError(expected=f"an account on {uri}", found="none, or a wrong password", todo=todo)
    if answer.status_code != OK:
        return Person(person(), is_signed=False)
    return Person(str(answer.json()["user"]["username"]), is_signed=True)


def sign(registry: Registry, kind: str, version: Version) -> Signature | None:
    """Let the server write that the account of this process approves or trained a version; None without accounts."""
    who = whoami(registry.uri)
    if not who.is_signed:
        return None
    what = _what(registry, kind, version)
    for name in (what, f"{what} by {who.name}"):
        body = {"experiment_id": registry.experiment, "name": name, "queue_type": "CUSTOM"}
        answer = _ask(registry.uri, "POST", f"{SIGNATURES}/create", json=body)
        if answer.status_code == OK:
            return _signature(answer.json()["review_queue"])
        if answer.json().get("error_code") != ALREADY_THERE:
            raise UnavailableError(f"MLflow at {registry.uri} did not take the signature of {who.name}: {answer.text}")
        own = next((one for one in _signed(registry, kind, version) if one.who == who.name), None)
        if own is not None:
            return own
    raise UnavailableError(f"the signature of {who.name} was changed: delete it from the review queues of MLflow first")


def trainers(registry: Registry, version: Version) -> tuple[str, ...]:
    """Return the accounts that signed for having trained a version, none where the server has no accounts."""
    return tuple(sorted({one.who for one in _signed(registry, TRAINED, version)}))


def approvals(registry: Registry, version: Version) -> list[Approval]:
    """Return what approves a version: signatures, and what clients recorded without one."""
    package = version.tags.get(PACKAGE, "")
    signed = [Approval(one.who, one.at, package, is_signed=True) for one in _signed(registry, APPROVE, version)]
    recorded = [
        Approval(one.who, one.started, one.package_sha256, is_signed=False)
        for one in registry.decisions(**{TO: version.number})
        if one.outcome == APPROVED
    ]
    return [*signed, *recorded]


def is_tagged(version: Version) -> bool:
    """Tell whether somebody set the tag in the MLflow UI; who it was, MLflow does not keep."""
    return version.tags.get(TAG, "").strip().casefold() == YES


def _signed(registry: Registry, kind: str, version: Version) -> list[Signature]:
    """Return the signatures of one kind for the files that a version has now."""
    what = _what(registry, kind, version)
    return [one for one in _signatures(registry) if one.what == what or one.what.startswith(f"{what} ")]


def _what(registry: Registry, kind: str, version: Version) -> str:
    """Return what is signed: the name holds the files' hash, so that other files are something else."""
    return f"{kind} {registry.name} {version.number} {version.tags.get(PACKAGE, 'unknown files')[:32]}"


def _signatures(registry: Registry) -> Iterator[Signature]:
    """Yield all signatures that stand unchanged in the experiment of the decisions."""
    if not registry.uri.startswith("http"):
        return
    given: dict[str, Any] = {"experiment_id": registry.experiment, "max_results": PAGE}
    while True:
        answer = _ask(registry.uri, "GET", f"{SIGNATURES}/list", params=given)
        if answer.status_code == UNKNOWN_TO_IT:  # a server from before 3.14
            return
        if answer.status_code != OK:
            raise UnavailableError(f"MLflow at {registry.uri} does not show the signatures: {answer.text}")
        page = answer.json()
        yield from (_signature(one) for one in page.get("review_queues", []) if _stands(one))
        if not page.get("next_page_token"):
            return
        given["page_token"] = page["next_page_token"]


def _stands(queue: dict[str, Any]) -> bool:
    """Tell whether the server wrote who made it, and nobody has changed it since."""
    return bool(queue.get("created_by")) and queue["creation_time_ms"] == queue["last_update_time_ms"]


def _signature(queue: dict[str, Any]) -> Signature:
    """Return MLflow's review queue as a signature."""
    return Signature(str(queue["name"]), str(queue["created_by"]), int(queue["creation_time_ms"]))


def _ask(uri: str, method: str, endpoint: str, **given: Any) -> Any:
    """Send one request to MLflow's server with the credentials that its own client would send."""
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request

    with answering(uri):
        credentials = get_default_host_creds(uri)  # type: ignore[no-untyped-call]
        call: Any = http_request
        return call(credentials, endpoint, method, raise_on_status=False, **given)
