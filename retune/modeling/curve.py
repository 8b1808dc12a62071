"""Probes on parts of the training rows: what more examples would bring, without another training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from retune.modeling import probe
from retune.modeling.folder import writing

FILE = "curve.safetensors"


@dataclass(frozen=True)
class Part:
    """The probe that learnt from a share of the training rows, so many."""

    share: float
    rows: int
    probe: probe.Probe


def fit(
    vectors: probe.Floats, codes: probe.Codes, classes: int, strength: float, shares: Sequence[float], seed: int
) -> list[Part]:
    """Return a probe of that strength for each share of the rows; a larger part holds the smaller ones.

    Each class gives its share, one row at least. A part of one class alone cannot be learnt and is left out.
    """
    chosen = [(share, part_of(codes, share, seed)) for share in shares]
    return [
        Part(share, len(rows), probe.fitted(vectors[rows], codes[rows], classes, strength))
        for share, rows in chosen
        if len(np.unique(codes[rows])) > 1
    ]


def part_of(codes: probe.Codes, share: float, seed: int) -> probe.Codes:
    """Return the positions of a share of each class's rows, drawn by the seed."""
    shuffled = np.random.default_rng(seed).permutation(len(codes))
    drawn = [shuffled[codes[shuffled] == code] for code in np.unique(codes)]
    return np.sort(np.concatenate([rows[: int(np.ceil(share * len(rows)))] for rows in drawn]))


def write(path: Path, parts: Sequence[Part]) -> None:
    """Write the parts as safetensors; none of them is a file too."""
    from safetensors.numpy import save_file

    tensors = {}
    for part in parts:
        tensors[f"{part.share}.weight"], tensors[f"{part.share}.bias"] = part.probe.weight, part.probe.bias
        tensors[f"{part.share}.rows"] = np.array([part.rows], dtype=np.int64)
        tensors[f"{part.share}.strength"] = np.array([part.probe.strength], dtype=np.float64)
    with writing(path):
        save_file(tensors, path)


def read(path: Path) -> list[Part]:
    """Return the parts that `write` wrote, the smallest first."""
    from safetensors.numpy import load_file

    tensors = load_file(path)
    shares = sorted({name.rpartition(".")[0] for name in tensors}, key=float)
    return [
        Part(
            float(share),
            int(tensors[f"{share}.rows"][0]),
            probe.Probe(tensors[f"{share}.weight"], tensors[f"{share}.bias"], float(tensors[f"{share}.strength"][0])),
        )
        for share in shares
    ]
