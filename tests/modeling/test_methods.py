"""Methods over every body: what learns, what stays bit for bit, and what others' tools make of what was saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from peft import PeftModel
from torch import Tensor, nn

from retune.core import parts
from retune.core.errors import UserError
from retune.modeling import adapters, needs, unsafe
from tests.modeling.conftest import LORA, METHOD_SETTINGS
from tests.modeling.tiny import ARCHITECTURES, tiny

TEXTS = ["print paper", "pay slip bank wage month again please", "door"]
ADAPTERS = ("lora", "dora", "rslora")
# Every way to be built: shared layers, fused projections, Conv1D, tied and untied heads, two stacks.
WRITING = ("t5", "bart", "gpt2", "llama", "qwen2")
READING = ("bert", "albert", "distilbert", "deberta-v2", "t5", "gpt2", "llama")
BODIES = [(name, False) for name in READING] + [(name, True) for name in WRITING]
CLOSE = 1e-5


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("bases")
    return {name: tiny(name, place / name) for name in {name for name, _ in BODIES}}


def family_of(architecture: str) -> Any:
    found = parts.load_all("retune.modeling.families").values()
    return next(part for part in found if architecture in part.ARCHITECTURES)


def method(name: str) -> tuple[Any, Any]:
    part = parts.find("retune.modeling.methods", name)
    return part, part.Settings.model_validate(METHOD_SETTINGS[name])


def loaded(bases: dict[str, Path], architecture: str, writes: bool) -> tuple[Any, dict[str, Tensor]]:
    """Return a body and a batch for it."""
    body, tokenizer = family_of(architecture).load(bases[architecture], with_lm_head=writes)
    batch = dict(tokenizer(TEXTS, padding=True, return_tensors="pt"))
    return body, {**batch, "labels": batch["input_ids"]} if writes else batch


def answer(body: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    found = body.eval()(**batch)
    result: Tensor = found.logits if "labels" in batch else found.last_hidden_state
    return result


def learn(body: nn.Module, batch: dict[str, Tensor]) -> None:
    """Take two steps down a gradient: LoRA's first matrix has one only once the second is not zero."""
    torch.manual_seed(4)
    optimizer = torch.optim.SGD([one for one in body.parameters() if one.requires_grad], lr=0.5)
    for _ in range(2):
        found = answer(body, batch)
        (found * torch.randn_like(found)).mean().backward()  # type: ignore[no-untyped-call]
        for parameter in body.parameters():
            if parameter.requires_grad:
                assert parameter.grad is not None, "what should learn is not reached"
                parameter.grad /= parameter.grad.norm() + 1e-12
        optimizer.step()
        optimizer.zero_grad()


@pytest.mark.case("TR-2", "TR-3")
@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize(("architecture", "writes"), BODIES)
def test_a_correction_learns_beside_any_base_and_plain_peft_reads_it(
    bases: dict[str, Path], tmp_path: Path, architecture: str, writes: bool, name: str
) -> None:
    part, settings = method(name)
    body, batch = loaded(bases, architecture, writes)
    before = {key: tensor.clone() for key, tensor in body.state_dict().items()}
    count = part.trainable_parameters(body, family_of(architecture), settings)
    adapted = part.adapt(body, family_of(architecture), settings)
    learns = {key: one for key, one in adapted.named_parameters() if one.requires_grad}
    assert sum(one.numel() for one in learns.values()) == count
    assert not any("lm_head" in key or "embed" in key for key in learns)
    learn(adapted, batch)
    assert all(torch.equal(tensor, before[key]) for key, tensor in frozen(adapted).items())
    part.save(adapted, tmp_path, "a-base")
    unsafe.refuse(tmp_path)  # as a parent it is looked through: peft's own files name a module to import
    expected = answer(adapted, batch).detach()
    plain = getattr(transformers, auto_class(family_of(architecture), writes)).from_pretrained(bases[architecture])
    plain = plain.get_encoder() if architecture == "t5" and not writes else plain
    again = PeftModel.from_pretrained(plain, str(tmp_path / "adapter"))
    torch.testing.assert_close(answer(again, batch).detach(), expected, atol=CLOSE, rtol=0)
    check_merged(part.merge(adapted), batch, expected, tmp_path / "merged", architecture == "t5" and not writes)


def check_merged(merged: Any, batch: dict[str, Tensor], expected: Tensor, place: Path, is_half: bool) -> None:
    """Hold a merged body to the same answers, and to being read by transformers alone; ties stay."""
    torch.testing.assert_close(answer(merged, batch).detach(), expected, atol=CLOSE, rtol=0)
    if is_half:
        return  # transformers has no Auto class for half of a base
    merged.save_pretrained(place)
    again, info = type(merged).from_pretrained(place, output_loading_info=True)
    assert not info["missing_keys"] or all("pooler" in key for key in info["missing_keys"])
    torch.testing.assert_close(answer(again, batch).detach(), expected, atol=CLOSE, rtol=0)
    if "labels" in batch and merged.config.tie_word_embeddings:
        assert merged.get_output_embeddings().weight is merged.get_input_embeddings().weight


def frozen(adapted: Any) -> dict[str, Tensor]:
    """Return the base's own tensors by their names in the base."""
    state = adapted.get_base_model().state_dict()
    return {key.replace(".base_layer", ""): tensor for key, tensor in state.items() if ".lora_" not in key}


def auto_class(family: Any, writes: bool) -> str:
    if not writes:
        return "AutoModel"
    return "AutoModelForCausalLM" if family.KIND == "causal" else "AutoModelForSeq2SeqLM"


@pytest.mark.case("TR-3")
@pytest.mark.parametrize("architecture", sorted(set(WRITING)))
def test_all_linear_is_what_peft_calls_so(bases: dict[str, Path], architecture: str) -> None:
    from peft import LoraConfig, get_peft_model

    part, settings = method("lora")
    ours = part.adapt(loaded(bases, architecture, True)[0], family_of(architecture), settings)
    config = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM" if architecture != "t5" else None)
    theirs = get_peft_model(loaded(bases, architecture, True)[0], config)
    corrected = [{name for name, _ in body.named_parameters() if ".lora_A." in name} for body in (ours, theirs)]
    assert corrected[0] == corrected[1] != set()


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_attention_is_found_in_every_architecture(architecture: str, tmp_path: Path) -> None:
    part, family = parts.find("retune.modeling.methods", "lora"), family_of(architecture)
    body, _ = family.load(tiny(architecture, tmp_path / "base"))
    found = {
        target: adapters.targets(body, family, part.Settings.model_validate({**LORA, "target": target}))
        for target in ("all_linear", "attention", "query_value")
    }
    assert set(found["query_value"]) < set(found["attention"]) < set(found["all_linear"])
    blocks, fused = len(family.blocks(body)), architecture in ("gpt2", "deberta", "modernbert", "phi3")
    assert len(found["query_value"]) == blocks * (1 if fused else 2)
    if architecture != "deberta-v2":  # its attention has projections of positions besides
        assert len(found["attention"]) == blocks * (2 if fused else 4)


@pytest.mark.case("TR-2")
def test_layers_that_share_their_weights_freeze_together(bases: dict[str, Path]) -> None:
    part, family = parts.find("retune.modeling.methods", "full"), family_of("albert")
    body, _ = loaded(bases, "albert", False)
    settings = part.Settings(freeze_embeddings=False, freeze_layers=1)
    adapted = part.adapt(body, family, settings)
    assert not any(one.requires_grad for name, one in adapted.named_parameters() if "albert_layer" in name)
    with pytest.raises(UserError, match="at most the 1 layers"):
        part.adapt(body, family, part.Settings(freeze_embeddings=False, freeze_layers=2))


def test_a_head_that_shares_the_table_of_token_vectors_stays_with_it(bases: dict[str, Path]) -> None:
    part = parts.find("retune.modeling.methods", "full")
    for architecture, tied in (("qwen2", True), ("llama", False)):
        body, batch = loaded(bases, architecture, True)
        head = body.get_output_embeddings().weight
        before = head.clone()
        settings = part.Settings(freeze_embeddings=True, freeze_layers=0)
        count = part.trainable_parameters(body, family_of(architecture), settings)
        adapted = part.adapt(body, family_of(architecture), settings)
        assert sum(one.numel() for one in adapted.parameters() if one.requires_grad) == count
        learn(adapted, batch)
        assert torch.equal(head, before) is tied


def test_settings_that_freeze_the_whole_base_name_the_method_that_means_it(bases: dict[str, Path]) -> None:
    part = parts.find("retune.modeling.methods", "full")
    with pytest.raises(UserError, match="method: head"):
        part.adapt(
            loaded(bases, "bert", False)[0], family_of("bert"), part.Settings(freeze_embeddings=True, freeze_layers=2)
        )


def test_a_base_that_writes_has_no_head_to_train_alone(bases: dict[str, Path]) -> None:
    part, settings = method("head")
    with pytest.raises(UserError, match="a base that writes text"):
        part.adapt(loaded(bases, "llama", True)[0], family_of("llama"), settings)


def test_a_machine_without_a_gpu_says_so_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match=r"found no gpu.*method: lora") as refused:
        needs.check(("gpu", "json"))
    assert "pip install" not in str(refused.value)
    with pytest.raises(UserError, match="pip install nothing-of-this-name"):
        needs.check(("nothing-of-this-name",))
    assert parts.find("retune.modeling.methods", "qlora").NEEDS == ("gpu", "bitsandbytes")


@pytest.mark.parametrize(("architecture", "writes"), [("bert", False), ("llama", True), ("t5", True)])
def test_a_base_in_4_bits_reloads_and_merges_to_what_it_was(
    bases: dict[str, Path], tmp_path: Path, architecture: str, writes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    bitsandbytes = pytest.importorskip("bitsandbytes", reason="the extra qlora is not installed")
    monkeypatch.setattr("bitsandbytes.nn.modules.has_avx512bf16", lambda: False)  # packs for wider layers than these
    part, settings = method("qlora")
    family = family_of(architecture)
    body, batch = loaded(bases, architecture, writes)
    whole = answer(body, batch).detach()
    adapted = part.adapt(body, family, settings)
    assert any(isinstance(module, bitsandbytes.nn.Linear4bit) for module in adapted.modules())
    assert float((answer(adapted, batch).detach() - whole).abs().max()) > 1e-4
    count = part.trainable_parameters(loaded(bases, architecture, writes)[0], family, settings)
    assert sum(one.numel() for one in adapted.parameters() if one.requires_grad) == count
    learn(adapted, batch)
    expected = answer(adapted, batch).detach()
    part.save(adapted, tmp_path, "a-base")
    again = part.load(loaded(bases, architecture, writes)[0], tmp_path)
    torch.testing.assert_close(answer(again, batch).detach(), expected, atol=CLOSE, rtol=0)
    merged = part.merge(again)
    assert not any(isinstance(module, bitsandbytes.nn.Linear4bit) for module in merged.modules())
    torch.testing.assert_close(answer(merged, batch).detach(), expected, atol=0.02, rtol=0)  # in bfloat16, these
