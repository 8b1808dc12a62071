"""There is a GPU where the settings ask for one."""

from __future__ import annotations

import os
from pathlib import Path

from retune.core.checkup import Finding, Look

QUICK = True
DEVICES = (Path("/dev/nvidiactl"), Path("/dev/kfd"))  # of NVIDIA's and of AMD's driver
HIDDEN = ("", "-1")


def examine(look: Look) -> list[Finding]:
    """Look for a driver's device, and whether this process may see the GPU."""
    if not look.machine.gpu:
        return [Finding("well", "none is asked for")]
    todo = "Provide one, or set `machine.gpu: false` in params.yaml."
    if not any(device.exists() for device in DEVICES):
        return [Finding("fault", "no GPU, or no driver for it", todo)]
    if os.environ.get("CUDA_VISIBLE_DEVICES", "all").strip() in HIDDEN:
        return [Finding("fault", "a GPU that CUDA_VISIBLE_DEVICES hides", "Unset that variable.")]
    return [Finding("well", "there is one")]
