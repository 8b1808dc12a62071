"""Tells people by Prefect's notification blocks: each change of state once, without personal data or secrets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from prefect.blocks.abstract import NotificationError
from prefect.blocks.core import Block
from prefect.exceptions import PrefectException

from flows.steps import run_step, say
from retune.core.alerts import State, news
from retune.core.clean import without_personal_data
from retune.core.errors import RetuneError
from retune.core.redaction import load
from retune.io import told
from retune.io.mlflow_store import default_uri
from retune.project import Project

WITHHELD = "What happened cannot be shown here without personal data or secrets: see the run."
UNSENT = (ValueError, OSError, RuntimeError, httpx.HTTPError)  # what the libraries under the blocks raise


def tell(root: Path, project: Project, states: Sequence[State]) -> None:
    """Tell the states that are news to every block of the settings, and record what was told.

    What cannot be sent is logged and tried again with the next run: it stops nothing.
    """
    if project.notify.blocks:
        run_step(_tell, name="notify", root=root, project=project, states=list(states))


def _tell(root: Path, project: Project, states: list[State]) -> None:
    """Tell each block what is news to it, then record it; who dies between the two tells it twice rather than never."""
    uri, experiment = default_uri(root), project.tracking.experiment
    try:
        for block in project.notify.blocks:
            known = told.read(uri, experiment, block)
            for state in states:
                is_known = known.get(state.topic) == state.value
                if not is_known and (not news([state], known) or _sent(block, state, project)):
                    told.write(uri, experiment, block, state.topic, state.value)
    except RetuneError as error:
        say(f"nobody was told: {error}")


def _sent(name: str, state: State, project: Project) -> bool:
    """Send one state to one block; returns whether it went out."""
    recognizers = load(project.corpus.redact)
    given = {"subject": state.subject, "body": state.body}
    fields = without_personal_data(given, recognizers, project.corpus.redact)
    shown = fields or {"subject": state.topic, "body": WITHHELD}
    try:
        block = _block(name, allow_private=project.notify.allow_private_addresses)
        with block.raise_on_failure():
            block.notify(body=shown["body"] or shown["subject"], subject=shown["subject"])
    except (NotificationError, PrefectException, *UNSENT) as error:
        say(f"{name} was not told of `{shown['subject']}`: {type(error).__name__}")  # its text may hold the address
        return False
    say(f"{name} was told: {shown['subject']}")
    return True


def _block(name: str, *, allow_private: bool) -> Any:
    """Return a notification block, its address checked; ValueError where it may not be reached."""
    block = Block.load(name)
    if not hasattr(block, "notify"):
        raise ValueError(f"{name} is no notification block")
    if not allow_private and hasattr(block, "allow_private_urls"):
        block.allow_private_urls = False
    return block
