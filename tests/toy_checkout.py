"""A checkout after its stages ran, in small: a real two-layer BERT with a real adapter, and every file that is tracked.

The model answers by its bias alone, so that a test can say what it answers.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from retune.core.evaluation import TaskType, columns, report
from retune.core.frames import DOCUMENTS, LINEAGE, ROWS, TEXT
from retune.io.evaluator import evaluator_sha256
from retune.io.files import md5_file, sha256_file, write_frame, write_json, write_text
from retune.project import read_project
from tests.conftest import CHECKOUT

MODEL = "ticket-router"
LABELS = ["access", "billing"]
KIND = TaskType("label", ["accuracy", "macro_f1"], "accuracy", {"probe": "the probe", "tfidf": "TF-IDF"})
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "printer", "invoice", "badge", "door", "again", "please"]
ROWS_IN_TEST = 24
BILLING = (5, 17)  # the test rows of the rare label: a model that answers `access` alone has 22 right


def make_base(folder: Path) -> Path:
    """Write a BERT of two layers with random weights and its tokenizer."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.manual_seed(5)
    size: dict[str, Any] = {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
    }
    config = BertConfig(vocab_size=len(WORDS), max_position_embeddings=64, **size)
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    words = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    tokenizer: Any = PreTrainedTokenizerFast(tokenizer_object=words, **names)  # type: ignore[no-untyped-call]
    tokenizer.save_pretrained(folder)
    return folder


def make_model(folder: Path, base: Path, *, answers: str, strength: float = 1.0) -> None:
    """Write a model folder as train does; it answers every text with one label."""
    import torch

    from retune.modeling import bases, predictor
    from retune.modeling.families import encoder
    from retune.modeling.folder import REFERENCE, Page, write_linear
    from retune.modeling.linear import HEAD, PROBE
    from retune.modeling.methods import lora

    identity = bases.resolve(str(base))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    torch.manual_seed(7)
    network, _ = encoder.load(base)
    adapted = lora.adapt(network, encoder, lora.Settings(rank=2, alpha=4, dropout=0.0, target="all_linear"))
    for name, tensor in adapted.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(tensor, std=0.5)
    lora.save(adapted, folder, identity.id)
    weight = np.linspace(-0.1, 0.1, 2 * 16, dtype=np.float32).reshape(2, 16)
    bias = np.array([9.0 * strength if label == answers else 0.0 for label in LABELS], dtype=np.float32)
    write_linear(folder / HEAD, weight, bias)
    write_linear(folder / PROBE, weight, bias)
    head = {"labels": LABELS, "pooling": "mean", "probe_strength": 1.0, "temperature": 1.0}
    Page("classification", "encoder", "lora", identity, 32, {}, head).write(folder)
    examples = [{"text": text, "context": ""} for text in ("the printer again", "please the invoice")]
    numbers = predictor.load(folder).reference(examples)
    write_json(folder / REFERENCE, {"examples": examples, "numbers": numbers.tolist()})


def make_checkout(root: Path, base: Path) -> Path:
    """Write the files of a checkout whose stages ran, but for the model's own."""
    root.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(CHECKOUT / "params.yaml", root / "params.yaml")
    write_text(root / "requirements.lock", "torch==2.13.0\n")
    write_text(root / "data.dvc", yaml.safe_dump({"outs": [{"path": "data", "md5": "d" * 32 + ".dir"}]}))
    corpus, model = root / "artifacts" / "corpus", root / "artifacts" / "models" / MODEL
    write_json(corpus / "ingest" / "counts.json", {"rows_out": 61})
    for folder in (corpus, model):
        write_json(folder / "gate" / "verdict.json", {"passed": True, "checks": [{"gate": "toxic", "status": "pass"}]})
        write_text(folder / "gate" / "report.html", "<p>all well</p>")
    write_text(corpus / "validate" / "data_docs" / "index.html", "<p>docs</p>")
    test = pd.DataFrame({"example_id": [f"e{place:02}" for place in range(ROWS_IN_TEST)]})
    test["label"] = ["billing" if place in BILLING else "access" for place in range(ROWS_IN_TEST)]
    test["text"] = ["the invoice again" if label == "billing" else "the printer please" for label in test["label"]]
    test["context"] = ""
    for name in ("train", "validation", "test"):
        write_frame(model / "split" / f"{name}.parquet", test, ROWS)
    _date(corpus, model, test)
    from retune.modeling import bases

    write_json(model / "resolve" / "base.json", bases.resolve(str(base)).as_dict())
    return root


def use_release(root: Path, *, policy: str = "improve", **replace: float) -> None:
    """Change the policy of the release, and what `replace` asks, in a checkout's settings."""
    params = yaml.safe_load((root / "params.yaml").read_text())
    release = params["models"][MODEL]["release"]
    release["policy"], release["replace"] = policy, {**release["replace"], **replace}
    write_text(root / "params.yaml", yaml.safe_dump(params))


def _date(corpus: Path, model: Path, test: pd.DataFrame) -> None:
    """Write which document each test row comes from, and when it was written: the later the row, the later the day."""
    documents = [f"tickets:{place}" for place in range(len(test))]
    lineage = test[["example_id"]].assign(document_id=documents, side="test", slices="{}")
    write_frame(model / "split" / "lineage.parquet", lineage, LINEAGE)
    clean = pd.DataFrame({"document_id": documents}).assign(source_path="tickets/2025.csv", access_label="internal")
    write_frame(corpus / "redact" / "clean.parquet", clean, {name: DOCUMENTS[name] for name in clean.columns})
    accepted = pd.DataFrame({"document_id": documents}).assign(
        created=[f"2025-{1 + place // 2:02}-01" for place in range(len(test))]
    )
    write_frame(corpus / "validate" / "accepted.parquet", accepted, {"document_id": TEXT, "created": TEXT})


def train_toy(
    root: Path, base: Path, *, seed: int, right: int = ROWS_IN_TEST, answers: str = "access", strength: float = 1.0
) -> None:
    """Write what train and evaluate leave: a model, its history, and scores for `right` right answers on the test rows.

    Another seed is another fingerprint; the same answers and strength are the same bytes.
    """
    model = root / "artifacts" / "models" / MODEL
    make_model(model / "train" / "model", base, answers=answers, strength=strength)
    events = [{"event": "metrics", "step": step, "values": {"train_loss": 1 / step}} for step in (1, 2, 3)]
    write_text(model / "train" / "history.jsonl", "".join(json.dumps(event) + "\n" for event in events))
    identity = json.loads((model / "resolve" / "base.json").read_text())
    write_json(model / "train" / "facts.json", {"seed": seed, "train_rows": 9, "base": identity, "findings": {}})
    _evaluate(root, model, right)
    _lock(root, seed)


def _lock(root: Path, seed: int) -> None:
    """Write the seed into the settings, and dvc.lock as DVC leaves it after a training with them."""
    params = yaml.safe_load((root / "params.yaml").read_text())
    params["models"][MODEL]["train"]["seed"] = seed
    write_text(root / "params.yaml", yaml.safe_dump(params))
    files = [f"artifacts/models/{MODEL}/split/{name}.parquet" for name in ("train", "validation", "test")]
    outs = [{"path": path, "md5": md5_file(root / path)} for path in files]
    settings = {"params.yaml": {f"models.{MODEL}.train": params["models"][MODEL]["train"]}}
    stages: dict[str, Any] = {
        f"split@{MODEL}": {"cmd": "split", "outs": outs},
        f"train@{MODEL}": {"cmd": "train", "deps": outs[:2], "params": settings},
        f"evaluate@{MODEL}": {"cmd": "evaluate", "deps": outs},
    }
    write_text(root / "dvc.lock", yaml.safe_dump({"schema": "2.0", "stages": stages}))


def _evaluate(root: Path, model: Path, right: int) -> None:
    """Write predictions with that many right answers, floors that are half right, and the scores of all."""
    test = pd.read_parquet(model / "split" / "test.parquet")
    wrong = {"access": "billing", "billing": "access"}
    places = range(len(test))
    answers = test[["example_id", "label"]].assign(
        prediction=[
            label if place < right else wrong[label] for place, label in zip(places, test["label"], strict=True)
        ],
        confidence=0.9,
        probe="access",
        tfidf="access",
    )
    params = read_project(root).models[MODEL].evaluate
    found = report(answers, test["text"].tolist(), KIND, params, known=LABELS)
    hashes = {
        "test_sha256": sha256_file(model / "split" / "test.parquet"),
        "evaluator_sha256": evaluator_sha256(params),
    }
    asked = {"texts": params.triggers.texts, "asked": params.triggers.texts * params.triggers.tokens}
    shown = {
        "behaviour": {"file_sha256": "b" * 64, "tests": []},
        "leakage": {"leaked_rows": 0, "test_rows": len(test)},
        "triggers": {**asked, "rate": {"value": 0.0}, "worst": []},
    }
    write_json(model / "evaluate" / "metrics.json", {**found, **hashes, **shown})
    write_frame(model / "evaluate" / "predictions.parquet", answers, columns(KIND, answers))
    write_frame(model / "evaluate" / "errors.parquet", test, ROWS)
    write_text(model / "evaluate" / "plots" / "confusion.svg", "<svg/>")
