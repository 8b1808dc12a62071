"""Linear heads in folders: a probe that is kept for an attempt after a kill, and the head of a parent."""

from __future__ import annotations

from pathlib import Path

import torch

from retune.modeling import checkpoints, folder, probe

HEAD, PROBE, STRENGTH = "head.safetensors", "probe.safetensors", "strength"


def write_head(out: Path, head: torch.nn.Linear) -> None:
    """Write a head into a model folder."""
    folder.write_linear(out / HEAD, head.weight.detach().cpu().numpy(), head.bias.detach().cpu().numpy())


def state(path: Path, places: list[int] | None = None) -> dict[str, torch.Tensor]:
    """Return the state of a linear layer in a file, or of some of its rows."""
    weight, bias = folder.read_linear(path)
    chosen = slice(None) if places is None else places
    return {"weight": torch.from_numpy(weight[chosen]), "bias": torch.from_numpy(bias[chosen])}


def head_of(parent: Path, key: str, names: list[str]) -> dict[str, torch.Tensor] | None:
    """Return a parent's head for these names, which its page has under `key`; None where it does not know one of them.

    A head of which some rows are the parent's and some are fitted answers the fitted ones alone: their scales differ.
    """
    known = folder.read_page(parent).head[key]
    return None if set(names) - set(known) else state(parent / HEAD, [known.index(name) for name in names])


def read_probe(place: Path, strength: float) -> probe.Probe:
    """Return the probe of a model folder."""
    return probe.Probe(*folder.read_linear(place / PROBE), strength)


def keep(place: Path, found: probe.Probe) -> None:
    """Keep a probe for an attempt after a kill; `checkpoints.seal` is to follow."""
    place.mkdir(parents=True, exist_ok=True)
    with folder.writing(place):
        folder.write_linear(place / PROBE, found.weight, found.bias)
    (place / STRENGTH).write_text(str(found.strength), encoding="utf-8")


def kept(place: Path) -> probe.Probe | None:
    """Return the probe that was kept, None where it was not kept whole."""
    if not checkpoints.is_whole(place):
        return None
    return read_probe(place, float((place / STRENGTH).read_text(encoding="utf-8")))
