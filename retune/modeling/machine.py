"""What this machine computes with, fixed before anything is drawn at random: device, precision, threads, seed."""

from __future__ import annotations

import gc
import os
import platform
import resource
import sys
import warnings
from contextlib import AbstractContextManager
from importlib.metadata import version
from typing import Any

import torch

from retune.modeling import distributed

PACKAGES = ("torch", "transformers", "peft", "accelerate", "tokenizers", "safetensors", "scikit-learn", "numpy")


def device() -> torch.device:
    """Return the GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def prefers_bfloat16() -> bool:
    """Say whether bfloat16 is faster here: decided by its instructions, since a measurement varies."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # Matrix products ran 2.3 to 3 times as fast as in float32 on processors with these instructions.
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())  # noqa: SLF001


def chooses_bfloat16(precision: str) -> bool:
    """Return whether a setting of `auto`, `float32` or `bfloat16` means bfloat16 on this machine."""
    return prefers_bfloat16() if precision == "auto" else precision == "bfloat16"


def autocast(bfloat16: bool) -> AbstractContextManager[Any]:
    """Return the context in which matrix products run in bfloat16, or in float32."""
    return torch.autocast(device().type, dtype=torch.bfloat16, enabled=bfloat16)


def fix(seed: int, threads: int) -> None:
    """Make what follows repeatable: the same seed and threads give the same numbers on the same kind of machine."""
    from transformers import set_seed

    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic only with this
    torch.set_num_threads(threads)  # sums over other numbers of threads round in another order
    torch.use_deterministic_algorithms(True, warn_only=True)
    set_seed(seed)
    warnings.filterwarnings("ignore", message="`is_gradient_checkpointing`")  # peft asks transformers by the old name


def random_state() -> list[torch.Tensor]:
    """Return where torch's random numbers stand, on the processor and on the GPU in use."""
    return [torch.get_rng_state(), *([torch.cuda.get_rng_state()] if torch.cuda.is_available() else [])]


def set_random_state(state: list[torch.Tensor]) -> None:
    """Let torch's random numbers go on from what `random_state` returned."""
    torch.set_rng_state(state[0])
    for on_gpu in state[1:]:
        torch.cuda.set_rng_state(on_gpu)


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error means that memory did not suffice, on the GPU or in the process."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)  # torch's words on a processor


def peak_memory_bytes() -> int:
    """Return the most memory that this process has held: of its GPU where there is one, else its own."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def free_memory() -> None:
    """Give back what a computation that failed had taken."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def describe(bfloat16: bool) -> dict[str, Any]:
    """Return the hardware and the versions that a training ran with."""
    return {
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or "cpu",
        "gpus": distributed.processes() * torch.cuda.is_available(),  # a process uses one
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "precision": "bfloat16" if bfloat16 else "float32",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }
