"""Which of the locked packages a training can reach: another version of any other is no other training."""

from __future__ import annotations

import re
from collections.abc import Iterable

# What the stage train imports, by the names in the lock; what these need in turn is found there.
TRAINING = (
    "accelerate", "huggingface-hub", "jinja2", "numpy", "pandas", "peft", "pyarrow", "pydantic", "pyyaml",
    "safetensors", "scikit-learn", "scipy", "threadpoolctl", "tokenizers", "torch", "transformers",
)  # fmt: skip
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^\\]+?)\s*\\?$")
VIA = re.compile(r"^ +#(?: via)? +([a-z0-9][a-z0-9._-]*)$")


def reached(lock: str, roots: Iterable[str] = TRAINING) -> list[str]:
    """Return the pins, with their markers, of the roots and of all that they need, sorted; hashes are left out.

    `lock` is a requirements file as `uv pip compile` writes it: below each pin stands by which packages it came.
    """
    pins, parents = _read(lock)
    known, waiting = set[str](), set(roots) & set(pins)
    while waiting:
        known |= waiting
        waiting = {name for name, above in parents.items() if above & known} - known
    return sorted(pin for name in known for pin in pins[name])


def _read(lock: str) -> tuple[dict[str, list[str]], dict[str, set[str]]]:
    """Return the pins of each package, several where they differ between platforms, and by which others it came."""
    pins: dict[str, list[str]] = {}
    parents: dict[str, set[str]] = {}
    name = ""
    for line in lock.splitlines():
        if pin := PIN.match(line):
            name = pin[1]
            pins.setdefault(name, []).append(f"{name}=={pin[2]}")
            parents.setdefault(name, set())
        elif name and (via := VIA.match(line)):
            parents[name].add(via[1])
    return pins, parents
