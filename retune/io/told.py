"""What people were told last, by topic: tags of the MLflow experiment, so that all hosts know it."""

from __future__ import annotations

from retune.io.mlflow_store import answering, connect, experiment_id

PREFIX = "retune.told."


def read(uri: str, experiment: str, who: str) -> dict[str, str]:
    """Return what this receiver was told last, by topic; raises UnavailableError where MLflow does not answer."""
    client = connect(uri)
    number = experiment_id(client, uri, experiment)
    with answering(uri):
        tags = client.get_experiment(number).tags
    own = f"{PREFIX}{who}: "
    return {key.removeprefix(own): value for key, value in tags.items() if key.startswith(own)}


def write(uri: str, experiment: str, who: str, topic: str, value: str) -> None:
    """Record what this receiver was told of a topic."""
    client = connect(uri)
    number = experiment_id(client, uri, experiment)
    with answering(uri):
        client.set_experiment_tag(number, f"{PREFIX}{who}: {topic}", value)
