"""A model that lies with a service: all that can be pinned of it, since nobody here has its weights."""

from __future__ import annotations

from dataclasses import dataclass

from retune.core.fingerprint import sha256_of


@dataclass(frozen=True)
class Endpoint:
    """Where a service is reached; its key is in the environment under that name."""

    provider: str  # a file of retune/io/providers
    base_url: str
    api_key_variable: str


@dataclass(frozen=True)
class HostedModel:
    """What a job became, of which rows; times are ISO 8601 by the service's clock."""

    provider: str
    base_url: str
    api_key_variable: str
    base: str
    model: str
    job: str
    order_sha256: str
    train_sha256: str
    validation_sha256: str
    events_sha256: str  # of the file beside base.json with what the service told and measured
    billed_tokens: int | None
    created: str
    finished: str
    parent_model: str = ""  # the registered version that the job continued, where it did
    parent_version: str = ""

    @property
    def endpoint(self) -> Endpoint:
        """Return where it is asked."""
        return Endpoint(self.provider, self.base_url, self.api_key_variable)

    def sha256(self) -> str:
        """Return the hex SHA-256 that stands for its weights: place, name, job and what the job was asked to do."""
        return sha256_of({"base_url": self.base_url, "job": self.job, "model": self.model, "order": self.order_sha256})
