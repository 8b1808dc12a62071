"""The Prefect server that is named answers."""

from __future__ import annotations

import os

from retune.core.checkup import Finding, Look

QUICK = True
ANSWER_SECONDS = 20
REFUSED = (401, 403)


def examine(look: Look) -> list[Finding]:  # noqa: ARG001 - every check is asked alike
    """Ask the server of PREFECT_API_URL; without one, each run starts its own."""
    import httpx

    server = os.environ.get("PREFECT_API_URL", "")
    if not server:
        return [Finding("well", "none is named: each run starts one of its own")]
    sign_in = os.environ.get("PREFECT_API_AUTH_STRING", "")
    name, _, password = sign_in.partition(":")
    try:
        said = httpx.get(f"{server}/admin/version", timeout=ANSWER_SECONDS, auth=(name, password) if sign_in else None)
    except httpx.HTTPError as error:
        todo = "Start it (make ui), or correct PREFECT_API_URL; unset, each run starts one of its own."
        return [Finding("unreachable", f"Prefect at {server} does not answer: {type(error).__name__}", todo)]
    if said.status_code in REFUSED:
        todo = "Set PREFECT_API_AUTH_STRING to name:password."
        return [Finding("fault", f"Prefect at {server} does not let us in ({said.status_code})", todo)]
    return [Finding("well", f"Prefect at {server} answers")]
