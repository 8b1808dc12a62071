"""The settings of a service: rows and key travel to no address in clear text."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from retune.core.params.hosted import HostedParams

SETTINGS: dict[str, Any] = {
    "provider": "openai",
    "enabled": False,
    "base_url": "https://api.openai.com/v1",
    "api_key_variable": "OPENAI_API_KEY",
    "closes_on": "2027-01-06",
    "poll_seconds": 10,
    "wait_hours": 24,
    "keep_files": False,
}


@pytest.mark.parametrize(
    "url", ["https://api.openai.com/v1", "https://models.corp.example:8443/v1/", "http://127.0.0.1:8000/v1"]
)
def test_https_and_this_machine_are_addresses(url: str) -> None:
    assert HostedParams(**{**SETTINGS, "base_url": url}).base_url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://models.corp.example/v1",
        "ftp://127.0.0.1",
        "api.openai.com",
        "https://me:secret@corp.example",
        "https://",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        HostedParams(**{**SETTINGS, "base_url": url})


@pytest.mark.parametrize("name", ["sk-0123456789abcdef", "lower_case", ""])
def test_a_key_is_not_taken_for_the_name_of_its_variable(name: str) -> None:
    with pytest.raises(ValidationError):
        HostedParams(**{**SETTINGS, "api_key_variable": name})
