import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForMaskedLM

from retune.core import parts
from retune.core.errors import UserError
from retune.modeling import stacks
from tests.modeling.tiny import tiny

FAMILIES = "retune.modeling.families"
SENTENCE = "The meeting of the board moved from Monday to Thursday."


def family(name: str) -> Any:
    return parts.find(FAMILIES, name)


def change_config(folder: Path, **values: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **values}))


def test_a_base_published_with_the_head_of_its_first_training_loads_without_it(tmp_path: Path) -> None:
    base = tiny("bert", tmp_path / "bert")
    AutoModelForMaskedLM.from_config(AutoConfig.from_pretrained(base)).save_pretrained(base)  # type: ignore[no-untyped-call]
    body, _ = family("encoder").load(base)
    assert not any(name.startswith(("cls", "pooler")) for name, _ in body.named_parameters())


def test_a_head_that_is_not_tied_must_be_there(tmp_path: Path) -> None:
    base = tiny("qwen3", tmp_path / "qwen3")
    family("qwen").load(base, with_lm_head=True)
    change_config(base, tie_word_embeddings=False)
    with pytest.raises(UserError, match=r"lm_head\.weight"):
        family("qwen").load(base, with_lm_head=True)


def test_an_architecture_that_the_family_does_not_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"one of the architectures bert, .*found llama.* Set `family`"):
        family("encoder").load(tiny("llama", tmp_path / "llama"))


def test_an_encoder_is_not_asked_to_write(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="a family that writes text"):
        family("encoder").load(tiny("bert", tmp_path / "bert"), with_lm_head=True)


@pytest.mark.parametrize("change", [{"hidden_size": 48}, {"model_type": "no-such"}, {"num_hidden_layers": "two"}])
def test_a_config_that_does_not_fit_its_weights_says_so(tmp_path: Path, change: dict[str, Any]) -> None:
    base = tiny("bert", tmp_path / "bert")
    change_config(base, **change)
    with pytest.raises(UserError, match="files fit together"):
        family("encoder").load(base)


def test_a_tokenizer_that_knows_more_tokens_than_the_base_is_refused(tmp_path: Path) -> None:
    base = tiny("bert", tmp_path / "bert")
    shutil.copyfile(tiny("gemma", tmp_path / "gemma") / "tokenizer.json", base / "tokenizer.json")
    config = json.loads((base / "tokenizer_config.json").read_text())
    (base / "tokenizer_config.json").write_text(json.dumps({**config, "extra_special_tokens": ["<new>"]}))
    with pytest.raises(UserError, match="a tokenizer of 5"):
        family("encoder").load(base)


@pytest.mark.parametrize(("name", "pad"), [("llama", "<unk>"), ("gpt2", "<|endoftext|>"), ("qwen", "<|endoftext|>")])
def test_padding_never_hides_the_end_that_is_learnt(tmp_path: Path, name: str, pad: str) -> None:
    _, tokenizer = family(name).load(tiny({"qwen": "qwen3"}.get(name, name), tmp_path / name), with_lm_head=True)
    assert tokenizer.pad_token == pad
    batch = tokenizer([SENTENCE + tokenizer.eos_token, "door" + tokenizer.eos_token], padding=True)
    for ids, mask in zip(batch["input_ids"], batch["attention_mask"], strict=True):
        assert (ids[-1], mask[-1]) == (tokenizer.eos_token_id, 1)
    assert not all(batch["attention_mask"][1])


@pytest.mark.parametrize(
    ("name", "architecture", "segments"),
    [("encoder", "bert", True), ("encoder", "distilbert", False), ("encoder", "roberta", False), ("t5", "t5", False)],
)
def test_a_tokenizer_gives_what_the_base_takes(tmp_path: Path, name: str, architecture: str, segments: bool) -> None:
    body, tokenizer = family(name).load(tiny(architecture, tmp_path / architecture))
    batch = tokenizer(["Who?"], ["Anna."], return_tensors="pt")
    assert ("token_type_ids" in batch) == segments
    assert torch.isfinite(body(**batch).last_hidden_state).all()


def test_layers_that_share_weights_are_one_block(tmp_path: Path) -> None:
    base = tiny("albert", tmp_path / "albert")
    body, _ = family("albert").load(base)
    assert (body.config.num_hidden_layers, len(family("albert").blocks(body))) == (2, 1)
    full = parts.find("retune.modeling.methods", "full")
    frozen = full.adapt(body, family("albert"), full.Settings(freeze_embeddings=True, freeze_layers=1))
    learns = [name for name, tensor in frozen.named_parameters() if tensor.requires_grad]
    assert learns == ["encoder.embedding_hidden_mapping_in.weight", "encoder.embedding_hidden_mapping_in.bias"]


@pytest.mark.parametrize("name", ["gpt2", "t5", "bart"])
def test_a_correction_that_is_merged_gives_what_it_gave_beside_the_weights(tmp_path: Path, name: str) -> None:
    from peft import LoraConfig, get_peft_model

    body, tokenizer = family(name).load(tiny(name, tmp_path / name), with_lm_head=True)
    batch = {**tokenizer(SENTENCE, return_tensors="pt")}
    batch["labels"] = batch["input_ids"]
    before = body(**batch).logits.detach()
    targets = family(name).linear_names(body)
    transposed = name == "gpt2"
    adapted: Any = get_peft_model(body, LoraConfig(r=2, target_modules=targets, fan_in_fan_out=transposed))
    torch.manual_seed(1)
    for parameter in (tensor for tensor in adapted.parameters() if tensor.requires_grad):
        torch.nn.init.normal_(parameter, std=0.3)
    beside = adapted(**batch).logits.detach()
    assert not torch.allclose(beside, before, atol=1e-3)
    torch.testing.assert_close(adapted.merge_and_unload()(**batch).logits, beside, atol=1e-4, rtol=1e-3)


def test_the_blocks_of_an_encoder_and_a_decoder_are_in_the_order_of_the_way(tmp_path: Path) -> None:
    body, _ = family("bart").load(tiny("bart", tmp_path / "bart"), with_lm_head=True)
    kinds = [type(block).__name__ for block in stacks.blocks(body)]
    assert kinds == ["BartEncoderLayer"] * 2 + ["BartDecoderLayer"] * 2


@pytest.mark.shared
def test_the_real_llama_tells_its_story(shared_data: Path) -> None:
    body, tokenizer = family("llama").load(shared_data / "data" / "models" / "stories260k-hf", with_lm_head=True)
    batch = tokenizer("Once upon a time", return_tensors="pt")
    ids = body.generate(**batch, max_new_tokens=24, do_sample=False)
    assert "there was a little girl named Lily" in tokenizer.decode(ids[0], skip_special_tokens=True)
