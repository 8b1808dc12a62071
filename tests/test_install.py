"""The ways in: what a fresh clone can do before anything is installed."""

import socket

import pytest


def test_a_test_cannot_reach_the_network() -> None:
    with socket.socket() as client, pytest.raises(RuntimeError, match="loopback only"):
        client.connect(("192.0.2.1", 80))
