"""What is exported is loaded and asked by the code on its card alone, and answers as the model that was trained."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from retune.core.usage import ADAPTER, BODY, WHOLE, Usage, code
from retune.modeling import exporting, predictor
from tests.modeling.whole_ways import Tuned, Way, tuned

WAYS = [  # with the form of the merged model, and the class of transformers that loads it
    (Way("classification", "encoder", "lora"), BODY, "AutoModel"),
    (Way("classification", "llama", "dora"), BODY, "AutoModel"),
    (Way("classification", "bart", "full"), BODY, "AutoModel"),
    (Way("classification", "encoder", "head"), BODY, "AutoModel"),
    (Way("entity_recognition", "encoder", "lora"), WHOLE, "AutoModelForTokenClassification"),
    (Way("entity_recognition", "albert", "full"), WHOLE, "AutoModelForTokenClassification"),
    (Way("entity_recognition", "t5", "lora"), BODY, "AutoModel"),
    (Way("question_answering", "encoder", "rslora"), WHOLE, "AutoModelForQuestionAnswering"),
    (Way("question_answering", "bart", "lora"), BODY, "AutoModel"),
    (Way("text_generation", "alpaca", "lora"), WHOLE, "AutoModelForCausalLM"),
    (Way("chat", "qwen", "full"), WHOLE, "AutoModelForCausalLM"),
    (Way("text_generation", "gpt2", "rslora"), WHOLE, "AutoModelForCausalLM"),
    (Way("translation", "t5", "dora"), WHOLE, "AutoModelForSeq2SeqLM"),
    (Way("summarisation", "bart", "lora"), WHOLE, "AutoModelForSeq2SeqLM"),
]
IDS = [str(way) for way, _, _ in WAYS]


def asked(usage: Usage, out: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run the code of the card in the exported folder and return what it computed."""
    (out.parent / "usage.py").write_text(code(usage))
    monkeypatch.chdir(out)
    return runpy.run_path(str(out.parent / "usage.py"))


def check(model: Tuned, usage: Usage, found: dict[str, Any]) -> None:
    """Hold what the card's code computed for the first made-up row to what the model answers in memory."""
    loaded = predictor.load(model.out)
    example = model.examples[0]
    if usage.kind == "text":
        expected = loaded.predict([example["text"]], [example["context"]])["prediction"][0]
        ids = loaded.scribe.tokenizer(usage.prompt, add_special_tokens=usage.adds_special_tokens)["input_ids"]
        assert ids == loaded.scribe.prompts([example["text"]], [example["context"]])[0]
        assert found["answer"].strip() == expected
        return
    logits = found["logits"][0]
    if usage.kind == "span":
        places = loaded.passages.read([example["text"]], [example["context"]])[0].places
        logits = torch.log_softmax(logits[places], dim=0)
    if usage.kind == "token":
        logits = logits[[places[0] for places in loaded.reader.read([example["text"]]).items[0].pieces]]
    assert torch.allclose(logits.flatten(), torch.tensor(model.numbers[0][: logits.numel()]), atol=1e-4)


@pytest.mark.case("TR-3")
@pytest.mark.parametrize(("way", "form", "loader"), WAYS, ids=IDS)
def test_a_merged_model_is_loaded_by_transformers_alone(
    way: Way, form: str, loader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, out = tuned(way, tmp_path), tmp_path / "exported"
    out.mkdir()
    usage = exporting.write(model.out, out, merged=True)
    assert (usage.form, usage.loader) == (form, loader)
    assert "peft" not in code(usage)
    assert not list(out.rglob("adapter*"))
    check(model, usage, asked(usage, out, monkeypatch))
    named = {"token": "classifier", "span": "qa_outputs", "pooled": "score" if way.family == "llama" else "classifier"}
    names = {name for path in out.glob("*.safetensors") for name in load_file(path)}
    assert usage.kind == "text" or f"{named[usage.kind]}.weight" in names


@pytest.mark.case("TR-3")
@pytest.mark.parametrize("way", [way for way, _, _ in WAYS if "lora" in way.method], ids=str)
def test_an_adapter_is_loaded_by_peft_over_its_base(way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, out = tuned(way, tmp_path), tmp_path / "exported"
    out.mkdir()
    usage = exporting.write(model.out, out, merged=False)
    assert usage.form == ADAPTER
    assert json.loads((out / "adapter_config.json").read_text())["base_model_name_or_path"] == usage.base["id"]
    check(model, usage, asked(usage, out, monkeypatch))
