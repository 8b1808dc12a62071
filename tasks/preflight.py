"""Step preflight: what a run will need is there, asked within seconds and before any work."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from retune.core.errors import UserError
from retune.io.mlflow_store import connect, default_uri, experiment_id
from retune.io.traffic_store import check
from retune.project import Project

GPU_DEVICES = (Path("/dev/nvidiactl"), Path("/dev/kfd"))  # of NVIDIA's and of AMD's driver
HIDDEN = ("", "-1")
GIGABYTE = 1e9


def preflight(*, root: Path, project: Project) -> None:
    """Ask MLflow with its credentials, the traffic log's address, the disk and the GPU.

    Raises UnavailableError where MLflow does not answer, UserError for what the machine lacks, all of it at once.
    """
    uri = default_uri(root)
    experiment_id(connect(uri), uri, project.tracking.experiment)
    if project.traffic.uri:
        check(project.traffic.uri)
    lacks = [*_disk(root, project.machine.free_disk_gb), *_gpu(wanted=project.machine.gpu)]
    if lacks:
        asked = [f"{project.machine.free_disk_gb:g} GB of free disk"] + ["a GPU"] * project.machine.gpu
        todo = "Provide it, or correct `machine` in params.yaml."
        raise UserError(expected=" and ".join(asked), found=" and ".join(lacks), todo=todo)


def _disk(root: Path, least_gb: float) -> list[str]:
    """Return what is wrong with the disk."""
    free = shutil.disk_usage(root).free / GIGABYTE
    return [f"{free:.1f} GB on the disk of {root}"] * (free < least_gb)


def _gpu(*, wanted: bool) -> list[str]:
    """Return that there is no GPU, or none that this process may see."""
    if not wanted:
        return []
    if not any(device.exists() for device in GPU_DEVICES):
        return ["no GPU, or no driver for it"]
    is_hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "all").strip() in HIDDEN
    return ["a GPU that CUDA_VISIBLE_DEVICES hides"] * is_hidden
