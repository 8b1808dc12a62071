"""The settings of services that tune models on rows that are sent to them."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from retune.core.params.base import Settings

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def _private(url: str) -> str:
    """Refuse an address that rows and key would reach in clear text, or that holds a password."""
    parts = urlsplit(url)
    if not parts.hostname or parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("needs an address such as https://api.openai.com/v1, without names, passwords and queries")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ValueError("needs https: rows and key would travel in clear text; http is for this machine alone")
    return url.rstrip("/")


class HostedParams(Settings):
    """One service; models name it in `resolve.base` as `hosted:<its name here>/<model>`."""

    provider: str
    """Whose API it keeps to: a file of retune/io/providers."""

    enabled: bool
    """Whether rows may be sent there and its models asked; nothing leaves this machine while it is false."""

    base_url: Annotated[str, AfterValidator(_private)]
    """The address of its API; https, or http on this machine."""

    api_key_variable: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
    """The name of the environment variable that holds the key; the key itself stands nowhere."""

    closes_on: date | None
    """The day from which it takes no new jobs: said from 90 days before, and none is sent from then on; null for none.
    The day on which the service itself says that a model shuts down is treated alike."""

    poll_seconds: Annotated[float, Field(gt=0)]
    """Seconds between two looks at a job."""

    wait_hours: Annotated[float, Field(gt=0)]
    """A run waits so long for a job and then ends with an error; the job goes on, and the next run takes it up."""

    keep_files: bool
    """Whether the rows stay in the service's storage after a job has ended; false deletes them there."""
