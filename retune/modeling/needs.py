"""What a training method needs of a machine: said before a base is downloaded, loaded or trained for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import torch

from retune.core.errors import UserError

GPU = "gpu"


def check(needs: Sequence[str]) -> None:
    """Raise UserError unless this machine has a GPU where that is needed, and the packages that are."""
    missing = [name for name in needs if not (torch.cuda.is_available() if name == GPU else find_spec(name))]
    if not missing:
        return
    packages = [name for name in missing if name != GPU]
    ways = [f"install it: pip install {' '.join(packages)}"] * bool(packages)
    ways += ["use a machine with a GPU"] * (GPU in missing)
    todo = f"To go on, {' and '.join(ways)}; or choose `method: lora`, which needs neither."
    raise UserError(expected=f"a machine with {' and '.join(needs)}", found=f"no {' and no '.join(missing)}", todo=todo)
