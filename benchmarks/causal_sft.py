"""Learnt tokens per processor second of fine-tuning a decoder on prompts and completions: this project beside trl.

All tune every weight in bfloat16 on one core, on the same 427 instructions of people, at most 512 tokens each, 8 rows
(or packs of up to 512 tokens) in a step; contenders run one after the other in a process each, round by round. Only
tokens that are learnt count: completions with their ends. trl needs an environment of its own: RETUNE_PEERS names its
interpreter.
"""

from __future__ import annotations

import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.machine import shared_data
from benchmarks.page import table

OURS, UNPACKED = "retune", "trl"
CONTENDERS: dict[str, tuple[str, dict[str, Any]]] = {
    OURS: ("our_sft", {}),
    "retune, packed": ("our_sft", {"packing": True}),
    UNPACKED: ("trl_sft", {}),
    "trl, grouped by length": ("trl_sft", {"train_sampling_strategy": "group_by_length"}),
    "trl, grouped, eager": ("trl_sft", {"train_sampling_strategy": "group_by_length", "attention": "eager"}),
    "trl, packed, padding-free": ("trl_sft", {"packing": True, "packing_strategy": "bfd", "padding_free": True}),
}
SECONDS = {"Llama, 260 thousand": 6.0, "Llama, 33 million": 20.0}
ROUNDS = {"Llama, 260 thousand": 2, "Llama, 33 million": 1}


def measure() -> dict[str, Any]:
    """Return the tokens per processor second of every contender in each round, by model, and our lead."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "rows.json").write_text(json.dumps(rows()), encoding="utf-8")
        bases = dict(zip(SECONDS, (shared_data() / "models" / "stories260k-hf", larger(folder / "base")), strict=True))
        found: dict[str, dict[str, list[dict[str, Any]]]] = {
            model: {name: [] for name in CONTENDERS} for model in bases
        }
        for model, base in bases.items():
            for _ in range(ROUNDS[model]):
                for name, kept in found[model].items():
                    kept.append(_run(model, name, base, folder))
    return {"models": found, "ahead": {model: _ahead(by_name) for model, by_name in found.items()}}


def rows() -> list[dict[str, str]]:
    """Return the instructions as prompts, each with the answer of a person."""
    with gzip.open(shared_data() / "instructions" / "self_instruct_human_427.jsonl.gz", "rt", encoding="utf-8") as file:
        read = [json.loads(line) for line in file]
    prompts = ["\n\n".join(part for part in (row["instruction"], row["input"]) if part) for row in read]
    return [
        {"prompt": f"{prompt}\n\n###\n\n", "completion": f" {row['output'].strip()}"}
        for prompt, row in zip(prompts, read, strict=True)
    ]


def larger(folder: Path) -> Path:
    """Write a Llama of 33 million random weights with the vocabulary of GPT-2."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    source = shared_data() / "models" / "gpt2-bpe"
    pairs = [tuple(line.split(" ")) for line in (source / "vocab.bpe").read_text("utf-8").split("\n")[1:] if line]
    vocabulary = json.loads((source / "encoder.json").read_text("utf-8"))
    end = "<|endoftext|>"
    tokenizer: Any = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=ByteLevelBPETokenizer(vocabulary, pairs)._tokenizer,  # noqa: SLF001 - it has no other name
        eos_token=end, bos_token=end, unk_token=end,
    )  # fmt: skip
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=384, intermediate_size=1024, num_hidden_layers=8,
        num_attention_heads=6, num_key_value_heads=6, max_position_embeddings=512, tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _run(model: str, name: str, base: Path, folder: Path) -> dict[str, Any]:
    """Run one contender and return what it measured, or why it could not."""
    program, flags = CONTENDERS[name]
    python = os.environ.get("RETUNE_PEERS", sys.executable) if program == "trl_sft" else sys.executable
    root, answer = Path(__file__).parent.parent, folder / "answer.json"
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    file = str(root / "benchmarks" / "peers" / f"{program}.py")
    command = [python, file, str(base), str(folder / "rows.json"), str(SECONDS[model]), json.dumps(flags), str(answer)]
    ended = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    if ended.returncode != 0:
        print(f"    {model:20} {name:24} not run: {ended.stderr.strip().splitlines()[-1:]}", flush=True)
        return {"not_run": ended.stderr.strip().splitlines()[-1:]}
    row: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    print(f"    {model:20} {name:24} {row['tokens_per_second']:9.0f} tokens/s, {row['steps']} steps", flush=True)
    return row


def _ahead(found: dict[str, list[dict[str, Any]]]) -> dict[str, float]:
    """Return how many times as fast our faster way was as each of trl's, by the medians of the rounds."""
    medians = {name: _median(kept) for name, kept in found.items()}
    own = max((medians[name] or 0.0) for name, (program, _) in CONTENDERS.items() if program == "our_sft")
    peers = {name: medians[name] for name, (program, _) in CONTENDERS.items() if program == "trl_sft"}
    return {name: round(own / pace, 2) for name, pace in peers.items() if pace}


def _median(kept: list[dict[str, Any]]) -> float | None:
    """Return the median pace of the rounds that ran, None where none did."""
    paces = [row["tokens_per_second"] for row in kept if "tokens_per_second" in row]
    return statistics.median(paces) if paces else None


def tell(measured: dict[str, Any]) -> list[str]:
    """Return the result as markdown."""
    lines = []
    for name in CONTENDERS:
        cells = [_cell(measured["models"][model][name], measured["ahead"][model].get(name)) for model in SECONDS]
        lines.append([name, *cells])
    note = "Learnt tokens per processor second, the median of the rounds; in brackets, how many times as fast ours was."
    return [*table(["", *SECONDS], lines), "", note]


def _cell(kept: list[dict[str, Any]], lead: float | None) -> str:
    """Return one contender's pace, and our lead over it."""
    pace = _median(kept)
    told = "not run" if pace is None else f"{pace:,.0f}"
    return told if lead is None else f"{told} ({lead:.1f})"
