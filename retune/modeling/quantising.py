"""Linear layers in 4 bits, NormalFloat by bitsandbytes, in place: any base, loaded in float32, and the same again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retune.core.errors import UserError

if TYPE_CHECKING:
    from torch import nn

FILE = "quantisation.json"


def quantise(body: Any, names: Sequence[str], *, double: bool) -> nn.Module:
    """Put the named layers into 4 bits on this machine's device; `double` puts their scales into 8.

    One after the other, so that the device never holds the whole base in float32.
    """
    from torch import nn

    from retune.modeling import machine

    unfit = [name for name in names if not isinstance(body.get_submodule(name), nn.Linear)]
    if unfit:
        found = f"{type(body.get_submodule(unfit[0])).__name__} in {type(body).__name__}"
        raise UserError(expected="a base of linear layers", found=found, todo="Choose `method: lora`.")
    for name in names:
        if not _kept(body, name):
            body.set_submodule(name, _in_4_bits(body.get_submodule(name), double=double).to(machine.device()))
    body.is_loaded_in_4bit = True  # by which peft chooses its layers
    return body  # type: ignore[no-any-return]


def dequantise(body: Any) -> nn.Module:
    """Put all layers that are in 4 bits back into float32: what they stand for, not what they once were."""
    from bitsandbytes.functional import dequantize_4bit
    from torch import nn

    for name, layer in _layers(body).items():
        has_bias, device = layer.bias is not None, layer.weight.device
        whole = nn.Linear(layer.in_features, layer.out_features, bias=has_bias, device=device)
        whole.weight.data = dequantize_4bit(layer.weight.data, layer.weight.quant_state).float()
        if has_bias:
            whole.bias.data = layer.bias.data.float()  # bitsandbytes has put it into bfloat16
        body.set_submodule(name, whole)
    body.is_loaded_in_4bit = False
    return body  # type: ignore[no-any-return]


def write(body: Any, folder: Path) -> None:
    """Write which layers of a body under peft are in 4 bits."""
    layers = _layers(body.get_base_model())
    state = {
        "layers": [name.removesuffix(".base_layer") for name in layers],
        "double": next(iter(layers.values())).weight.compress_statistics,
    }
    (folder / FILE).write_text(json.dumps(state, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def read(body: nn.Module, folder: Path) -> nn.Module:
    """Put the layers into 4 bits that `write` named."""
    state = json.loads((folder / FILE).read_text(encoding="utf-8"))
    return quantise(body, state["layers"], double=state["double"])


def _in_4_bits(layer: Any, *, double: bool) -> Any:
    """Return a linear layer of which each block of 64 weights becomes 4-bit numbers once it is on a device."""
    from bitsandbytes.nn import Linear4bit, Params4bit
    from torch import bfloat16

    made = Linear4bit(
        layer.in_features, layer.out_features, bias=layer.bias is not None, compute_dtype=bfloat16, device="meta"
    )
    made.weight = Params4bit(
        layer.weight.data, requires_grad=False, compress_statistics=double, quant_type="nf4", module=made
    )
    made.bias = layer.bias
    return made


def _layers(body: nn.Module) -> dict[str, Any]:
    """Return the layers in 4 bits by name."""
    from bitsandbytes.nn import Linear4bit

    return {name: module for name, module in body.named_modules() if isinstance(module, Linear4bit)}


def _kept(body: Any, name: str) -> bool:
    """Tell whether a layer must stay as it is: T5 reads the type of its weights to choose that of its inputs."""
    return name.rsplit(".", 1)[-1] in (getattr(body, "_keep_in_fp32_modules", None) or ())
