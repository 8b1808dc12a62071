from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from retune.modeling import sheets, writer
from retune.modeling.costs import laid_out
from retune.modeling.dialogue import Example
from retune.modeling.writer import Writer
from tests.modeling.heads.texts import DECODERS, FAMILIES, prompts, writer_and_scribe

CLOSE = 1e-5


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bases")


def ready(architecture: str, place: Path) -> tuple[Writer, list[Example], int]:
    of, scribe = writer_and_scribe(architecture, place)
    return of, [example for row in scribe.examples(prompts()) for example in row], scribe.tokenizer.pad_token_id


def plain_loss(of: Writer, examples: Sequence[Example], pad_id: int) -> torch.Tensor:
    """Return the loss as transformers has it, with padding, masks and all logits."""
    longest = max(len(example.ids) for example in examples)
    gaps = [longest - len(example.ids) for example in examples]
    aims = [
        [token if own else -100 for token, own in zip(example.ids, example.learnt, strict=True)] + [-100] * gap
        for example, gap in zip(examples, gaps, strict=True)
    ]
    inputs: dict[str, Any] = {"labels": torch.tensor(aims)}
    if of.has_encoder:
        given = sheets.encoder_batch(examples, pad_id, of.base.config.decoder_start_token_id)
        inputs |= {"input_ids": given["source_ids"], "attention_mask": given["source_mask"]}
    else:
        ids = [example.ids + [pad_id] * gap for example, gap in zip(examples, gaps, strict=True)]
        mask = [[1] * len(example.ids) + [0] * gap for example, gap in zip(examples, gaps, strict=True)]
        inputs |= {"input_ids": torch.tensor(ids), "attention_mask": torch.tensor(mask)}
    of.base.set_attn_implementation("eager")
    loss: torch.Tensor = of.base(**inputs).loss
    return loss


def gradients(of: Writer, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    of.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    return {name: tensor.grad.clone() for name, tensor in of.named_parameters() if tensor.grad is not None}


@pytest.mark.parametrize("architecture", FAMILIES)
def test_the_loss_and_its_gradients_are_those_of_transformers(architecture: str, place: Path) -> None:
    of, examples, pad_id = ready(architecture, place)
    loss = of(**laid_out(examples, pad_id, of))["loss"]
    own = gradients(of, loss)
    expected = plain_loss(of, examples, pad_id)
    assert loss.item() == pytest.approx(expected.item(), abs=CLOSE)
    others = gradients(of, expected)
    assert set(own) == set(others)
    for name, gradient in own.items():
        torch.testing.assert_close(gradient, others[name], atol=CLOSE, rtol=1e-3)


@pytest.mark.parametrize("architecture", ["t5", "bart"])
def test_what_a_base_does_to_its_logits_is_done(architecture: str, place: Path) -> None:
    of, examples, pad_id = ready(architecture, place)
    if architecture == "t5":
        of.base.config.scale_decoder_outputs = True
    else:
        of.base.final_logits_bias.normal_()
    loss = of(**laid_out(examples, pad_id, of))["loss"].item()
    assert loss == pytest.approx(plain_loss(of, examples, pad_id).item(), abs=CLOSE)


@pytest.mark.parametrize(("architecture", "is_flat"), [("gemma2", False), ("gemma3_text", True), ("phi3", True)])
def test_windows_and_bent_scores_give_the_loss_of_transformers(architecture: str, is_flat: bool) -> None:
    torch.manual_seed(1)
    bent = {"final_logit_softcapping": 0.1} if architecture.startswith("gemma") else {}
    config = AutoConfig.for_model(
        architecture, vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        intermediate_size=64, head_dim=16, sliding_window=8, pad_token_id=0,
        layer_types=["sliding_attention", "full_attention"], initializer_range=0.2, **bent,
    )  # fmt: skip
    body = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    of = Writer(body, has_encoder=False)
    assert of.is_flat == is_flat
    lengths = (30, 21, 20, 5)
    ids = [torch.randint(1, 64, (length,)).tolist() for length in lengths]
    examples = [Example(one, [place > 2 for place in range(len(one))], []) for one in ids]
    loss = of(**laid_out(examples, 0, of))["loss"].item()
    assert loss == pytest.approx(plain_loss(of, examples, 0).item(), abs=CLOSE)


@pytest.mark.parametrize("architecture", DECODERS)
def test_examples_side_by_side_cost_what_each_costs_alone(architecture: str, place: Path) -> None:
    of, examples, pad_id = ready(architecture, place)
    assert of.is_flat
    with torch.no_grad():
        together = of.losses(**sheets.flat_batch(examples))
        order = sheets.falling(examples)
        padded = of.losses(**sheets.decoder_batch([examples[place] for place in order], pad_id))
        alone = torch.cat([of.losses(**sheets.flat_batch([examples[place]])) for place in order])
    torch.testing.assert_close(together, alone, atol=CLOSE, rtol=0)
    torch.testing.assert_close(together, padded, atol=CLOSE, rtol=0)


def test_logits_in_parts_give_the_same_loss_and_gradients(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of, examples, pad_id = ready("llama", place)
    seen: list[int] = []
    of.base.get_output_embeddings().register_forward_hook(lambda _, given, __: seen.append(len(given[0])))
    whole = of(**laid_out(examples, pad_id, of))["loss"]
    expected = gradients(of, whole)
    seen.clear()
    monkeypatch.setattr(writer, "LOGITS", 3 * 512)
    parts = of(**laid_out(examples, pad_id, of))["loss"]
    assert max(seen) <= 3
    assert sum(seen) - 1 == sum(example.learnt_tokens for example in examples), (
        "logits where there is a loss, no others"
    )
    torch.testing.assert_close(parts, whole, atol=CLOSE, rtol=0)
    for name, gradient in gradients(of, parts).items():
        torch.testing.assert_close(gradient, expected[name], atol=CLOSE, rtol=1e-3)


def test_smoothing_spreads_the_target_in_training_and_leaves_the_measured_loss(place: Path) -> None:
    of, examples, pad_id = ready("llama", place)
    batch = laid_out(examples, pad_id, of)
    plain, measured = of(**batch)["loss"], of.losses(**batch)
    of.smoothing = 0.2
    assert of(**batch)["loss"].item() != plain.item()
    torch.testing.assert_close(of.losses(**batch), measured)
