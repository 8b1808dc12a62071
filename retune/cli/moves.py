"""Moves of the champion from the command line: here, or by the deployment that does it for all hosts."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

from flows.forms import Promotion, Rollback
from flows.submit import goes_elsewhere, is_shared, submit
from retune.cli.options import print_json
from retune.core.errors import RetuneError
from retune.io.approval import whoami
from retune.io.mlflow_store import default_uri
from retune.io.registry import Decision, Registry
from retune.project import read_project
from tasks.promote import promote
from tasks.rollback import rollback


def promoted(root: Path, model: str, *, version: str, reason: str, force: bool = False) -> Decision:
    """Return the decision that made a version the champion."""
    uri = default_uri(root)
    if not goes_elsewhere(uri):
        _warn(uri)
        return promote(root=root, model=model, version=version, reason=reason, force=force)
    who = whoami(uri).name
    submit("promote", Promotion(model=model, version=version, reason=reason, force=force, asked_by=who))
    return _last(root, model)


def rolled_back(root: Path, model: str, *, reason: str) -> Decision:
    """Return the decision that made the previous champion the champion again."""
    uri = default_uri(root)
    if not goes_elsewhere(uri):
        _warn(uri)
        return rollback(root=root, model=model, reason=reason)
    submit("rollback", Rollback(model=model, reason=reason, asked_by=whoami(uri).name))
    return _last(root, model)


def show(model: str, made: Decision, *, as_json: bool) -> None:
    """Say which version is champion now."""
    if as_json:
        print_json({"model": model, **{key: value for key, value in asdict(made).items() if key != "details"}})
    else:
        forced = "forced, " if made.is_forced else ""
        why = f"{forced}because: {made.why}"
        print(f"{model}: the champion is version {made.after} (before: {made.before or 'none'}), {why}")


def _last(root: Path, model: str) -> Decision:
    """Return the move that the deployment recorded."""
    last = Registry(default_uri(root), model, read_project(root).tracking.experiment).last_move()
    if last is None:
        raise RetuneError(
            f"the deployment ended well, and MLflow knows no move of {model}: does it use another server?"
        )
    return last


def _warn(uri: str) -> None:
    """Say what is not guarded where several hosts may share MLflow and no Prefect server is named."""
    if is_shared(uri):
        print(
            f"MLflow at {uri} may be shared by hosts, and PREFECT_API_URL is not set: this host's lock is taken, which "
            "another host does not see. Make sure that nobody else moves the champion now.",
            file=sys.stderr,
        )
