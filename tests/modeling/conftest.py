"""A tiny base with random weights, made here, so that training is tested whole without a network."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from retune.core import parts
from retune.core.params.train import TrainParams
from retune.modeling import bases
from retune.modeling.bench import Plan

SUBJECTS = {
    "printer": "print paper toner tray jam",
    "salary": "pay slip bank wage month",
    "badge": "door card lock gate entry",
}
FILLERS = "please my the again today is not help with a"
VOCABULARY = " ".join([*SUBJECTS.values(), FILLERS])


def make_base(folder: Path, vocabulary: str = VOCABULARY) -> Path:
    """Write a BERT of two layers, 32 wide, that knows these words and no others."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *sorted(set(vocabulary.split()))]
    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=64,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def toy_rows(per_label: int, seed: int = 0) -> pd.DataFrame:
    """Return rows whose text has two words of its label's subject among words that say nothing."""
    import random

    draw = random.Random(seed)
    rows = []
    for label, words in SUBJECTS.items():
        for number in range(per_label):
            chosen = draw.sample(words.split(), 2) + draw.sample(FILLERS.split(), draw.randint(1, 7))
            draw.shuffle(chosen)
            rows.append({"example_id": f"{label}-{number}", "text": " ".join(chosen), "context": "", "label": label})
    return pd.DataFrame(rows)


def make_plan(
    base: Path, method: str = "lora", method_settings: dict[str, Any] | None = None, *,
    task_type: str = "classification", family: str = "encoder", **changes: Any,
) -> Plan:  # fmt: skip
    """Return a plan for the tiny base; `changes` are settings of the step."""
    settings = METHOD_SETTINGS[method] if method_settings is None else method_settings
    params = TrainParams.model_validate({**TOY_SETTINGS, "method_settings": settings, **changes})
    module = parts.find("retune.modeling.methods", method)
    asked = parts.find("retune.modeling.task_types", task_type)
    return Plan(
        task_type=asked, family=parts.find("retune.modeling.families", family),
        method=module, base=bases.resolve(str(base)), params=params,
        method_settings=module.Settings.model_validate(settings),
        task_settings=asked.Settings.model_validate(params.task_settings),
    )  # fmt: skip


LORA = {"rank": 4, "alpha": 8, "dropout": 0.0, "target": "all_linear"}
METHOD_SETTINGS: dict[str, dict[str, Any]] = {
    "lora": LORA, "dora": LORA, "rslora": LORA, "qlora": {**LORA, "double_quantisation": True},
    "full": {"freeze_embeddings": True, "freeze_layers": 0}, "head": {},
}  # fmt: skip
TOY_SETTINGS = json.loads(
    """{"seed": 5, "threads": 1, "processes": 1, "sharding": "none", "precision": "float32", "max_length": 32,
    "epochs": 3, "batch_size": 8, "gradient_accumulation": 1, "gradient_checkpointing": false, "max_grad_norm": 1.0,
    "learning_rate": 0.005, "warmup_share": 0.1, "weight_decay": 0.01, "label_smoothing": 0.0, "dropout": 0.1,
    "evaluations_per_epoch": 1, "patience": 3, "select_by": "macro_f1", "tuned_shares": [0.5, 1.0],
    "replay_share": 0.2, "probe_strengths": [0.01, 1.0], "learning_curve": [0.25, 0.5], "checkpoint_seconds": 0,
    "time_budget_seconds": 0, "task_settings": {}}"""
)


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the tiny base."""
    return make_base(tmp_path_factory.mktemp("base") / "tiny")
