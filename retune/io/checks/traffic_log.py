"""The traffic log has an address that can hold it."""

from __future__ import annotations

from retune.core.checkup import Finding, Look
from retune.core.errors import UserError
from retune.io.traffic_store import check

QUICK = True


def examine(look: Look) -> list[Finding]:
    """Check the address of `traffic.uri`."""
    if not look.traffic_uri:
        return [Finding("well", "nothing is logged")]
    try:
        check(look.traffic_uri)
    except UserError as error:
        return [Finding("fault", f"expected {error.expected}, found {error.found}", error.todo)]
    return [Finding("well", f"logged to {look.traffic_uri}")]
