"""Tokens written per processor second by a Llama of 260 thousand weights: this project beside transformers' own ways.

All write 48 tokens greedily after each of the same instructions of people, in float32 on one core, in turns in one
process. One by one is how `pipeline()` answers a list unless it is told otherwise.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.causal_sft import rows
from benchmarks.machine import shared_data
from benchmarks.page import table

ROUNDS, NEW, FEW, MANY, BATCH, LONGEST = 3, 48, 24, 240, 32, 256
OURS, ALONE = "retune", "generate(), one by one"
Write = Callable[[list[list[int]]], list[list[int]]]


def measure() -> dict[str, Any]:
    """Return tokens per processor second of each way in several rounds, and whether all wrote the same."""
    import torch

    torch.set_num_threads(1)
    prompts, contenders = _contenders(shared_data() / "models" / "stories260k-hf")
    found: dict[str, list[float]] = {name: [] for name in contenders}
    said: dict[str, list[list[int]]] = {}
    for _ in range(ROUNDS):
        for name, write in contenders.items():
            asked = prompts[:FEW] if "one by one" in name else prompts[:MANY]
            start = time.process_time()
            said[name] = write(asked)
            found[name].append(round(sum(map(len, said[name])) / (time.process_time() - start), 1))
            print(f"    {name:28} {found[name][-1]:9.0f} tokens/s", flush=True)
    pairs = list(zip(found[OURS], found[ALONE], strict=True))
    return {
        "tokens_per_second": found,
        "times_faster_than_one_by_one": [round(own / peer, 1) for own, peer in pairs],
        "same_as_one_by_one": sum(own == alone for own, alone in zip(said[OURS], said[ALONE], strict=False)) / FEW,
    }


def _contenders(base: Path) -> tuple[list[list[int]], dict[str, Write]]:
    """Return prompts as tokens, and the ways to go on from them."""
    from transformers import pipeline

    from retune.modeling.families import llama
    from retune.modeling.generation import Greedy
    from retune.modeling.writer import Writer

    body, tokenizer = llama.load(base, with_lm_head=True)
    plain: Any = llama.load(base, with_lm_head=True)[0]
    encoded = tokenizer([row["prompt"] for row in rows()])["input_ids"]
    prompts = [list(ids[:LONGEST]) for ids in encoded]
    greedy = Greedy(Writer(body, has_encoder=False).eval(), tokenizer.pad_token_id, [], NEW)
    settings = {"max_new_tokens": NEW, "min_new_tokens": NEW, "do_sample": False}
    piped: Any = pipeline("text-generation", model=plain, tokenizer=tokenizer)

    def ours(asked: list[list[int]]) -> list[list[int]]:
        return [answer.ids for answer in greedy.answers(asked)]

    def generated(asked: list[list[int]], size: int) -> list[list[int]]:
        order = sorted(range(len(asked)), key=lambda place: len(asked[place]))
        said: dict[int, list[int]] = {}
        for start in range(0, len(order), size):
            places = order[start : start + size]
            batch = tokenizer.pad({"input_ids": [asked[place] for place in places]}, return_tensors="pt")
            written = plain.generate(**batch, **settings, use_cache=True)[:, batch["input_ids"].shape[1] :]
            said |= dict(zip(places, written.tolist(), strict=True))
        return [said[place] for place in range(len(asked))]

    def by_pipeline(asked: list[list[int]], size: int) -> list[list[int]]:
        texts = [tokenizer.decode(ids, skip_special_tokens=True) for ids in asked]
        answers = piped(texts, batch_size=size, return_tensors=True, use_cache=True, **settings)
        return [answer[0]["generated_token_ids"][-NEW:] for answer in answers]

    return prompts, {
        OURS: ours,
        ALONE: lambda asked: generated(asked, 1),
        f"generate(), sorted, {BATCH} at once": lambda asked: generated(asked, BATCH),
        "pipeline(), one by one": lambda asked: by_pipeline(asked, 1),
        f"pipeline(), {BATCH} at once": lambda asked: by_pipeline(asked, BATCH),
    }


def tell(measured: dict[str, Any]) -> list[str]:
    """Return the result as markdown."""
    paces = measured["tokens_per_second"]
    lines = [
        [name, f"{statistics.median(found):,.0f}", f"{statistics.median(paces[OURS]) / statistics.median(found):.1f}"]
        for name, found in paces.items()
    ]
    same = f"{measured['same_as_one_by_one']:.0%} of its answers are those of `generate()` one by one, token by token."
    return [*table(["", "tokens per processor second", "times as fast is Retune"], lines), "", same]
