"""Every provider keeps what its kind promises; a new file is held to it without a new test."""

from __future__ import annotations

import inspect
import socket
from importlib.util import find_spec
from typing import Any

import pytest

from retune.core import parts
from retune.core.errors import UserError
from retune.core.hosted import Service
from retune.core.hosted_model import Endpoint

PROVIDERS = "retune.io.providers"


@pytest.mark.case("HB-5")
@pytest.mark.parametrize("name", parts.names(PROVIDERS))
def test_a_provider_takes_its_key_from_the_environment_and_sends_nothing_by_itself(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = parts.find(PROVIDERS, name)
    if find_spec(provider.PACKAGE) is None:
        pytest.skip(f"the package {provider.PACKAGE} is not installed")
    tried: list[Any] = []
    for method in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, method, lambda _self, *address: tried.append(address))
    endpoint = Endpoint(name, "http://127.0.0.1:9/v1", "TOY_KEY")
    monkeypatch.delenv("TOY_KEY", raising=False)
    with pytest.raises(UserError, match="TOY_KEY"):
        provider.connect(endpoint)
    monkeypatch.setenv("TOY_KEY", "sk-toy")
    service = provider.connect(endpoint)
    for promised, function in inspect.getmembers(Service, inspect.isfunction):
        if not promised.startswith("_"):
            given = inspect.signature(getattr(type(service), promised))
            assert list(given.parameters) == list(inspect.signature(function).parameters), promised
    assert tried == []
