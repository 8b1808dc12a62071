"""What a result was measured on: processor, load, versions; absolute times mean little without them."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "transformers", "peft", "scikit-learn", "prefect", "dvc", "mlflow", "great-expectations", "pandas")


def facts() -> dict[str, Any]:
    """Return the machine and the versions."""
    return {
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "load_before": round(os.getloadavg()[0], 2),
            "system": platform.system(),
            "python": platform.python_version(),
        },
        "versions": {name: version(name) for name in PACKAGES},
    }


def _processor() -> str:
    """Return the processor's name, as Linux knows it."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def shared_data() -> Path:
    """Return the folder with real data, which is not part of the project; without it a benchmark cannot run."""
    root = Path(__file__).parent.parent
    folder = Path(os.environ.get("RETUNE_SHARED", root.parent / "shared")) / "data"
    if not folder.is_dir():
        raise SystemExit(f"this benchmark needs real data in {folder}; set RETUNE_SHARED to the folder that has data/")
    return folder
