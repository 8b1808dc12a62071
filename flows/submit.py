"""Where an alias is moved: here, under the lock of this host, or by the one deployment that does it for all hosts."""

from __future__ import annotations

import os
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from flows.environment import SERVER
from flows.forms import Awaiting
from retune.core import errors
from retune.core.errors import RetuneError, UnavailableError, WaitingError

PATIENCE_SECONDS = 300
ENDINGS = {
    name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, RetuneError)
}


def is_shared(uri: str) -> bool:
    """Tell whether other hosts can move the same aliases: MLflow lies behind an address that is not this host's own."""
    host = urlsplit(uri).hostname or ""
    if uri.startswith("sqlite") or host in ("", "localhost"):
        return False
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return True


def goes_elsewhere(uri: str) -> bool:
    """Tell whether the deployment has to do it: several hosts share MLflow, and there is a Prefect server to ask."""
    return SERVER in os.environ and is_shared(uri)


def submit(deployment: str, request: BaseModel) -> None:
    """Let a deployment do what is asked and wait for it; what it raises is raised here, with the same exit code.

    Raises UnavailableError where nobody carries it out in time: a worker has to run.
    """
    from prefect.deployments import run_deployment
    from prefect.exceptions import ObjectNotFound

    from flows.steps import answering

    name = f"{deployment}/{deployment}"
    with answering():
        try:
            run: Any = run_deployment(
                name, parameters={"request": request.model_dump()}, timeout=PATIENCE_SECONDS, poll_interval=1,
                as_subflow=False,
            )  # fmt: skip
        except ObjectNotFound as error:
            raise UnavailableError(f"Prefect has no deployment {name}; `retune deploy` makes it") from error
    state = run.state
    if state is None or not state.is_final():
        raise UnavailableError(
            f"the deployment {name} has not ended after {PATIENCE_SECONDS} s: is a worker running (`retune worker`)? "
            "It is still due and is carried out once one runs; nothing is asked twice"
        )
    if not state.is_completed():
        raise _error(state.message or f"{name} ended as {state.name}")


def ask(waiting: WaitingError) -> str:
    """Let the deployment `approve` ask for an approval, once for each version; returns what was done, for a person."""
    from prefect.deployments import run_deployment
    from prefect.exceptions import ObjectNotFound

    if SERVER not in os.environ:
        return ""  # the server in this process ends with it
    request = Awaiting(model=waiting.model, version=waiting.version, why=str(waiting))
    key = f"retune approve {waiting.model} {waiting.version}"
    try:
        run_deployment(
            "approve/approve", parameters={"request": request.model_dump()}, timeout=0, as_subflow=False,
            idempotency_key=key,
        )  # fmt: skip
    except ObjectNotFound:
        return "Prefect has no deployment approve/approve to ask for it; `retune deploy` makes it"
    return f"Prefect asks for it in a form: the run approve {waiting.model} {waiting.version}"


def _error(message: str) -> RetuneError:
    """Return the error of the deployment's run as it was raised there, told by its name in Prefect's message."""
    kind = next((kind for name, kind in ENDINGS.items() if f"{name}: " in message), RetuneError)
    error = RetuneError(message.partition(f"{kind.__name__}: ")[2] or message)
    error.exit_code = kind.exit_code
    return error
