"""A checkpoint with a damaged file: does a training fall back to the one before, beside transformers' Trainer.

Each file of the newest checkpoint is missing, empty, cut in half, or has one flipped bit; an older one is whole. The
training goes on, and its weights are held against those of a run that nothing disturbed, bit by bit.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks.page import table
from retune.modeling import checkpoints, rhythm
from retune.modeling.train import fit
from tests.modeling.conftest import SUBJECTS, make_base, make_plan, toy_rows

METHODS = ("full", "lora")
STEPS, OLDER, NEWEST = 12, 4, 8  # of transformers
FELL_BACK, REFUSED, SILENT = "fell back", "stopped with an error", "ended silently in other weights"
OUTCOMES = (FELL_BACK, "the damage changed nothing", REFUSED, SILENT)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


DAMAGE: dict[str, Callable[[Path], None]] = {
    "missing": Path.unlink, "empty": emptied, "half": halved, "one bit": flipped,
}  # fmt: skip


def measure() -> dict[str, Any]:
    """Damage each file of each contender's checkpoint in each way."""
    found: dict[str, dict[str, dict[str, str]]] = {"retune": {}, "transformers": {}}
    with tempfile.TemporaryDirectory(prefix="retune-benchmark-") as folder:
        base = make_base(Path(folder) / "base")
        for method in METHODS:
            found["retune"][method] = ours(base, Path(folder) / "ours" / method, method)
            found["transformers"][method] = theirs(base, Path(folder) / "theirs" / method, method)
    return {"outcomes": found, "counts": {who: counted(of) for who, of in found.items()}}


def counted(by_method: dict[str, dict[str, str]]) -> dict[str, int]:
    """Return how often each outcome was."""
    return dict(Counter(outcome for cases in by_method.values() for outcome in cases.values()))


def damaged(kept: Path, newest: str, outcome: Callable[[Path], str]) -> dict[str, str]:
    """Return the outcome of each damage to each file of the newest checkpoint of a folder."""
    found = {}
    for name in sorted(path.name for path in (kept / newest).iterdir()):
        for way, damage in DAMAGE.items():
            place = kept.with_name("damaged")
            shutil.copytree(kept, place)
            damage(place / newest / name)
            found[f"{name}, {way}"] = outcome(place)
            shutil.rmtree(place)
    return found


class Stop(Exception):  # noqa: N818 # no error: a training that is stopped in the middle
    """Ends a training in the middle."""


def ours(base: Path, place: Path, method: str) -> dict[str, str]:
    """Return the outcomes of our training: which checkpoint it takes, whose weights were compared once."""
    undisturbed = trained(base, place / "undisturbed", method)
    ended = rhythm.Rhythm.on_step_end

    def stop(self: rhythm.Rhythm, args: Any, state: Any, control: Any, **more: Any) -> None:
        if state.global_step == NEWEST + 1:
            raise Stop
        ended(self, args, state, control, **more)

    rhythm.Rhythm.on_step_end = stop  # type: ignore[method-assign]
    try:
        trained(base, place / "stopped", method)
    except Stop:
        rhythm.Rhythm.on_step_end = ended  # type: ignore[method-assign]
    kept = place / "stopped" / "work" / "checkpoints"
    before = f"{checkpoints.PREFIX}{NEWEST - 1}"

    def outcome(folder: Path) -> str:
        found = checkpoints.newest(folder)
        return FELL_BACK if found is not None and found.name == before else SILENT

    found = damaged(kept, f"{checkpoints.PREFIX}{NEWEST}", outcome)
    shutil.rmtree(kept / f"{checkpoints.PREFIX}{NEWEST}")
    if trained(base, place / "stopped", method) != undisturbed:
        raise SystemExit(f"{method}: from the checkpoint before, the training ends in other weights")
    return found


def trained(base: Path, place: Path, method: str) -> str:
    """Train, or go on; return the hash of what was learnt."""
    work = place / "work"
    work.mkdir(parents=True, exist_ok=True)
    plan = make_plan(base, method, select_by="loss")
    fit(plan, toy_rows(12), toy_rows(6, seed=1), work=work, out=place / "model", say=lambda _: None)
    files = sorted((place / "model").rglob("*.safetensors"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def theirs(base: Path, place: Path, method: str) -> dict[str, str]:
    """Return the outcomes of transformers' Trainer, which resumes from what it takes for its last checkpoint."""
    undisturbed = resumed(base, place / "kept", method, None)
    shutil.rmtree(place / "kept" / f"checkpoint-{STEPS}")
    older = place / "older"
    shutil.copytree(place / "kept" / f"checkpoint-{OLDER}", older / f"checkpoint-{OLDER}")
    if resumed(base, older, method, True) != undisturbed:
        raise SystemExit(f"{method}: transformers does not resume from a whole checkpoint")

    def outcome(folder: Path) -> str:
        try:
            same = resumed(base, folder, method, True) == undisturbed
        except Exception:  # noqa: BLE001 # whatever it raises: it has not gone on
            return REFUSED
        return OUTCOMES[1] if same else SILENT

    return damaged(place / "kept", f"checkpoint-{NEWEST}", outcome)


def resumed(base: Path, folder: Path, method: str, resume: bool | None) -> str:
    """Train a classifier by transformers' Trainer with a checkpoint each four steps; return the hash of its weights."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments, set_seed

    set_seed(5)
    model: Any = AutoModelForSequenceClassification.from_pretrained(base, num_labels=len(SUBJECTS))
    if method == "lora":
        from peft import LoraConfig, TaskType, get_peft_model

        model = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, task_type=TaskType.SEQ_CLS))
    tokenizer = AutoTokenizer.from_pretrained(base)
    labels = list(SUBJECTS)
    rows = [{**tokenizer(row["text"]), "labels": labels.index(row["label"])} for row in toy_rows(12).to_dict("records")]
    arguments = TrainingArguments(
        output_dir=str(folder), max_steps=STEPS, save_steps=OLDER, per_device_train_batch_size=8, learning_rate=0.005,
        use_cpu=True, report_to="none", disable_tqdm=True, seed=5, logging_strategy="no", save_total_limit=None,
        log_level="error", dataloader_pin_memory=False,
    )  # fmt: skip
    trainer = Trainer(model=model, args=arguments, train_dataset=rows, processing_class=tokenizer)
    trainer.train(resume_from_checkpoint=resume)
    digest = hashlib.sha256()
    for tensor in model.state_dict().values():
        digest.update(tensor.contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def tell(measured: dict[str, Any]) -> list[str]:
    """Return the result as markdown."""
    names = {"retune": "ours", "transformers": "transformers' Trainer"}
    counts = measured["counts"]
    rows = [[names[who], sum(of.values()), *(of.get(outcome, 0) for outcome in OUTCOMES)] for who, of in counts.items()]
    silent = [
        f"{case} ({method})"
        for method, cases in measured["outcomes"]["transformers"].items()
        for case, outcome in cases.items()
        if outcome == SILENT
    ]
    return [
        *table(["training", "cases", *OUTCOMES], rows),
        "",
        f"Silently, transformers' Trainer went on to other weights where these were damaged: {'; '.join(silent)}.",
    ]
