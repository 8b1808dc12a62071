"""Settings of the notifications."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from retune.core.params.base import Settings

Block = Annotated[str, Field(pattern=r"^[a-z0-9-]+/[A-Za-z0-9-]+$")]


class NotifyParams(Settings):
    """Who is told when a champion changes, a run begins or ceases to fail, or drift begins or ends."""

    blocks: tuple[Block, ...]
    """Prefect's notification blocks as `<type>/<name>`, such as slack-webhook/ops, ms-teams-webhook/ops,
    sendgrid-email/ops or custom-webhook/ops; Prefect keeps their addresses and keys. Empty: nobody is told."""

    allow_private_addresses: bool
    """Whether a block may point into the own network; no keeps a webhook from reaching internal services."""
