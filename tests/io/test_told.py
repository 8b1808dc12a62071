from __future__ import annotations

from pathlib import Path

from retune.io import told
from retune.io.mlflow_store import default_uri


def test_each_receiver_has_a_memory_of_its_own_that_every_host_reads(checkout: Path) -> None:
    uri = default_uri(checkout)
    assert told.read(uri, "retune", "slack-webhook/ops") == {}
    told.write(uri, "retune", "slack-webhook/ops", "champion of ticket-router", "7")
    told.write(uri, "retune", "slack-webhook/ops", "champion of ticket-router", "8")
    told.write(uri, "retune", "custom-webhook/ops", "retrain of a and b", "train@a (1), gate (3)")
    assert told.read(uri, "retune", "slack-webhook/ops") == {"champion of ticket-router": "8"}
    assert told.read(uri, "retune", "custom-webhook/ops") == {"retrain of a and b": "train@a (1), gate (3)"}
