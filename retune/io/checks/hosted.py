"""The services that models are to be tuned by: allowed, at hand, and not about to close. Nothing is asked of them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from retune.core import parts
from retune.core.checkup import Finding, Look
from retune.core.hosted import SCHEME, notice, source_of
from retune.core.params.hosted import HostedParams
from retune.io.settings import checked, read_yaml

QUICK = True
PARAMS = "params.yaml"


def examine(look: Look) -> list[Finding]:
    """Look at each service that a model of the settings names."""
    settings = read_yaml(Path(look.root) / PARAMS)
    bases = [settings["models"][name]["resolve"]["base"] for name in look.models]
    named = sorted({source_of(base)[0] for base in bases if base.startswith(SCHEME)})
    if not named:
        return [Finding("well", "no model is tuned by a service: no row leaves this machine")]
    return [one for name in named for one in _found(name, settings["hosted"][name])]


def _found(name: str, section: object) -> list[Finding]:
    """Return what is lacking of one service, or that all is there."""
    service = checked(section, HostedParams, place=f"hosted.{name}")
    package = parts.find("retune.io.providers", service.provider).PACKAGE
    lacking = [
        (
            not service.enabled,
            f"{name} is not enabled",
            f"Set hosted.{name}.enabled where rows may leave this machine.",
        ),
        (find_spec(package) is None, f"the package {package} is not installed", 'pip install "retune[hosted]"'),
        (not os.environ.get(service.api_key_variable), f"{service.api_key_variable} is not set", "Export the key."),
    ]
    faults = [Finding("fault", found, todo) for is_so, found, todo in lacking if is_so]
    told = notice(name, service.closes_on, datetime.now(UTC).date())
    warnings = [Finding("warning", told, "docs/hosted.md says what remains.")] if told else []
    return [*faults, *warnings] or [Finding("well", f"{name} may be sent rows, at {service.base_url}")]
