"""What the methods of the models need of this machine is there: said before a base is downloaded for nothing."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from retune.core import parts
from retune.core.checkup import Finding, Look
from retune.io.checks.gpu import DEVICES
from retune.io.settings import read_yaml

QUICK = True
PARAMS = "params.yaml"
GPU = "gpu"


def examine(look: Look) -> list[Finding]:
    """Look for what each method that a model of the settings names asks for: a GPU, and packages."""
    settings = read_yaml(Path(look.root) / PARAMS)["models"]
    asked = {need: settings[name]["method"] for name in look.models for need in _needs(settings[name]["method"])}
    faults = [
        Finding("fault", f"no {need}, which `method: {method}` needs", _todo(need, method))
        for need, method in sorted(asked.items()) if not _is_there(need)
    ]  # fmt: skip
    return faults or [
        Finding("well", f"there is {' and '.join(sorted(asked))}" if asked else "nothing special is asked for")
    ]


def _needs(method: str) -> tuple[str, ...]:
    """Return what a method needs; by its name, since modeling and io do not import each other."""
    needs: tuple[str, ...] = parts.find("retune.modeling.methods", method).NEEDS
    return needs


def _is_there(need: str) -> bool:
    """Tell whether a driver's device, or a package, is on this machine."""
    return any(device.exists() for device in DEVICES) if need == GPU else find_spec(need) is not None


def _todo(need: str, method: str) -> str:
    """Return what to do about it."""
    way = "Use a machine with one" if need == GPU else f'pip install "retune[{method}]"'
    return f"{way}, or choose `method: lora`."
