"""LoRA: the base stays as it is, and every linear layer learns a low-rank correction (Hu et al., arXiv 2106.09685)."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from retune.core.errors import IntegrityError
from retune.core.params import base as settings_base

if TYPE_CHECKING:
    from types import ModuleType

    from torch import Tensor, nn

    Tensors = dict[str, Tensor]


class Settings(settings_base.Settings):
    """The size of the correction."""

    rank: int = Field(ge=1)
    """Rank of the correction of each layer."""

    alpha: int = Field(gt=0)
    """Scale of the correction: it is multiplied by alpha / rank."""

    dropout: float = Field(ge=0, lt=1)
    """Dropout before the correction."""


def adapt(encoder: nn.Module, family: ModuleType, settings: Settings) -> nn.Module:
    """Return the encoder with a trainable correction, zero at first, on each linear layer; all else is frozen."""
    from peft import LoraConfig, TaskType

    config = LoraConfig(
        r=settings.rank, lora_alpha=settings.alpha, lora_dropout=settings.dropout,
        target_modules=family.linear_names(encoder), task_type=TaskType.FEATURE_EXTRACTION,
    )  # fmt: skip
    return _adapted(encoder, config)


def trainable_parameters(encoder: nn.Module, family: ModuleType, settings: Settings) -> int:
    """Return how many parameters `adapt` makes trainable: rank x (inputs + outputs) per linear layer."""
    layers: list[Any] = [encoder.get_submodule(name) for name in family.linear_names(encoder)]
    return sum(settings.rank * (layer.in_features + layer.out_features) for layer in layers)


def interpolate(start: Tensors, tuned: Tensors, share: float) -> Tensors:
    """Return the tensors at a share of the way: a correction is a product, so one of its factors goes it alone."""
    return {
        name: tensor.clone() if ".lora_A." in name else start[name].lerp(tensor, share)
        for name, tensor in tuned.items()
    }


def save(encoder: Any, folder: Path, base: str) -> None:
    """Write `adapter/` in peft's format; `base` is named by its id, since a path would differ between machines."""
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    adapter = folder / "adapter"
    adapter.mkdir()
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in get_peft_model_state_dict(encoder).items()}
    save_file(tensors, adapter / "adapter_model.safetensors", metadata={"format": "pt"})
    config = {**encoder.peft_config["default"].to_dict(), "base_model_name_or_path": base, "inference_mode": True}
    # Sets come out in another order in every process.
    config = {key: sorted(value) if isinstance(value, set) else value for key, value in config.items()}
    (adapter / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True, default=str) + "\n")


def load(encoder: nn.Module, folder: Path) -> nn.Module:
    """Return the encoder with the correction that `save` wrote; a tensor too many or too few raises IntegrityError."""
    from peft import LoraConfig, get_peft_model_state_dict, set_peft_model_state_dict
    from safetensors.torch import load_file

    config = json.loads((folder / "adapter" / "adapter_config.json").read_text(encoding="utf-8"))
    names = ("r", "lora_alpha", "lora_dropout", "task_type", "target_modules")
    adapted = _adapted(encoder, LoraConfig(**{name: config[name] for name in names}))
    tensors = load_file(folder / "adapter" / "adapter_model.safetensors")
    if set(tensors) != set(get_peft_model_state_dict(adapted)):
        raise IntegrityError(f"the adapter in {folder.name} does not fit its base: the tensors have other names")
    set_peft_model_state_dict(adapted, tensors)
    return adapted


def _adapted(encoder: nn.Module, config: Any) -> nn.Module:
    """Return the encoder under peft, which asks transformers 5 for an attribute by its name of version 4."""
    from peft import get_peft_model

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        adapted: nn.Module = get_peft_model(encoder, config)
    return adapted
