"""Low-rank corrections beside a frozen base, written as peft writes them: what LoRA and its variants share."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from retune.core.errors import IntegrityError, UserError
from retune.core.params import base as settings_base

if TYPE_CHECKING:
    from types import ModuleType

    from torch import Tensor, nn

    Tensors = dict[str, Tensor]

FOLDER, WEIGHTS, CONFIG = "adapter", "adapter_model.safetensors", "adapter_config.json"
# What makes the tensors: the rest of peft's settings is at its default.
MADE_OF = (
    "r", "lora_alpha", "lora_dropout", "target_modules", "task_type", "use_dora", "use_rslora", "fan_in_fan_out",
)  # fmt: skip
# Names of published architectures: `attention.self.query`, `self_attn.q_proj`, `SelfAttention.q`, `attn.c_attn`.
ATTENTION = re.compile(r"(^|\.)[^.]*(attn|attention)[^.]*\.", re.IGNORECASE)
QUERY_VALUE = re.compile(r"(^|\.)((q|v|query|value)(_proj|_lin)?|c_attn|qkv_proj|query_key_value|in_proj|Wqkv)$")


class Settings(settings_base.Settings):
    """The size of the correction, and where it is."""

    rank: int = Field(ge=1)
    """Rank of the correction of each layer."""

    alpha: int = Field(gt=0)
    """Scale of the correction: it is multiplied by alpha / rank (of rslora, by alpha / the square root of rank)."""

    dropout: float = Field(ge=0, lt=1)
    """Dropout before the correction."""

    target: Literal["all_linear", "attention", "query_value"]
    """Which layers have one: every linear layer of the blocks (never the head that writes text), those of attention
    alone, or those that make its queries and values, as the first recipes did."""


def adapt(
    body: nn.Module, family: ModuleType, settings: Settings, *, use_dora: bool = False, use_rslora: bool = False
) -> nn.Module:
    """Return the body with a trainable correction, zero at first, on each targeted layer; all else is frozen."""
    from peft import LoraConfig
    from transformers.pytorch_utils import Conv1D

    names = targets(body, family, settings)
    config = LoraConfig(
        r=settings.rank, lora_alpha=settings.alpha, lora_dropout=settings.dropout, target_modules=names,
        task_type=_purpose(body), fan_in_fan_out=isinstance(body.get_submodule(names[0]), Conv1D),
        use_dora=use_dora, use_rslora=use_rslora,
    )  # fmt: skip
    return _adapted(body, config)


def targets(body: nn.Module, family: ModuleType, settings: Settings) -> list[str]:
    """Return the names of the layers that have a correction; UserError where the base has none of them."""
    names: list[str] = family.linear_names(body)
    if settings.target != "all_linear":
        names = [name for name in names if ATTENTION.search(name)]
    if settings.target == "query_value":
        names = [name for name in names if QUERY_VALUE.search(name)]
    if not names:
        found, todo = f"no layer named like {settings.target}", "Set target: all_linear in train.method_settings."
        raise UserError(expected="a base with layers to correct", found=found, todo=todo)
    return names


def trainable_parameters(body: nn.Module, family: ModuleType, settings: Settings, *, use_dora: bool = False) -> int:
    """Return how many parameters `adapt` makes trainable: rank x (inputs + outputs) per layer, of DoRA + outputs."""
    shapes = [_shape(body.get_submodule(name)) for name in targets(body, family, settings)]
    return sum(settings.rank * (inputs + outputs) + use_dora * outputs for inputs, outputs in shapes)


def interpolate(start: Tensors, tuned: Tensors, share: float) -> Tensors:
    """Return the tensors at a share of the way: a correction is a product, so one of its factors goes it alone."""
    return {
        name: tensor.clone() if ".lora_A." in name else start[name].lerp(tensor, share)
        for name, tensor in tuned.items()
    }


def save(body: Any, folder: Path, base: str) -> None:
    """Write `adapter/` in peft's format; `base` is named by its id, since a path would differ between machines."""
    from safetensors.torch import save_file

    adapter = folder / FOLDER
    adapter.mkdir()
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in _tensors(body).items()}
    save_file(tensors, adapter / WEIGHTS, metadata={"format": "pt"})
    config = {**body.peft_config["default"].to_dict(), "base_model_name_or_path": base, "inference_mode": True}
    # Sets come out in another order in every process; `megatron_core` names a module to import, which no folder may.
    config = {
        key: sorted(value) if isinstance(value, set) else value
        for key, value in config.items() if not key.startswith("megatron")
    }  # fmt: skip
    (adapter / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True, default=str) + "\n", encoding="utf-8")


def load(body: nn.Module, folder: Path) -> nn.Module:
    """Return the body with the correction that `save` wrote; a tensor too many or too few raises IntegrityError."""
    from peft import LoraConfig
    from safetensors.torch import load_file

    config = json.loads((folder / FOLDER / CONFIG).read_text(encoding="utf-8"))
    tensors = load_file(folder / FOLDER / WEIGHTS)
    return over(body, LoraConfig(**{name: config[name] for name in MADE_OF}), tensors)


def over(body: nn.Module, config: Any, tensors: Tensors) -> nn.Module:
    """Return the body with a correction of these tensors; others than the config's raise IntegrityError."""
    from peft import set_peft_model_state_dict

    adapted = _adapted(body, config)
    if set(tensors) != set(_tensors(adapted)):
        raise IntegrityError("the adapter does not fit its base: the tensors have other names")
    set_peft_model_state_dict(adapted, tensors)
    return adapted


def taken(body: Any) -> tuple[Any, Tensors]:
    """Return the config of a body's correction and a copy of its tensors."""
    return body.peft_config["default"], {name: tensor.detach().clone() for name, tensor in _tensors(body).items()}


def merge(body: Any) -> nn.Module:
    """Return the base with the correction added to its weights; the body that is given is used up."""
    merged: nn.Module = body.merge_and_unload(safe_merge=True)
    return merged


def _tensors(body: Any) -> Tensors:
    """Return the correction's tensors by their names in peft's format; no table of token vectors is looked for."""
    from peft import get_peft_model_state_dict

    tensors: Tensors = get_peft_model_state_dict(body, save_embedding_layers=False)
    return tensors


def _shape(layer: Any) -> tuple[int, int]:
    """Return how many numbers a linear layer takes and gives; Conv1D's weight has them in this order."""
    inputs, outputs = (
        (layer.in_features, layer.out_features) if hasattr(layer, "in_features") else layer.weight.shape
    )  # fmt: skip
    return int(inputs), int(outputs)


def _purpose(body: Any) -> str:
    """Return peft's name of what the body is for: to write text, or to give hidden states."""
    if body.get_output_embeddings() is None:
        return "FEATURE_EXTRACTION"
    return "SEQ_2_SEQ_LM" if body.config.is_encoder_decoder else "CAUSAL_LM"


def _adapted(body: nn.Module, config: Any) -> nn.Module:
    """Return the body under peft, which asks transformers 5 for an attribute by its name of version 4."""
    from peft import get_peft_model

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        adapted: nn.Module = get_peft_model(body, config)
    return adapted
