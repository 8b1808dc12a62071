"""What became of a file, for a person and for a program."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from retune.core.errors import EXIT_FAILURE, EXIT_GATE, EXIT_SUCCESS
from retune.core.prepare.billing import classification_seconds
from retune.core.prepare.findings import NECESSARY, NOTE, RECOMMENDED, WARNING, Finding, counted, shown
from retune.core.prepare.pairs import Checked, Said
from retune.core.prepare.reading import Read
from retune.core.prepare.sheet import CLASSIFICATION, COMPLETION, CONDITIONAL, Row, labels
from retune.core.prepare.transforms import taught

FIT, PREPARED, WOULD_CHANGE, REFUSED, UNFIT = ("fit", "prepared", "would_change", "refused", "unfit")
EXIT_CODES = {FIT: EXIT_SUCCESS, PREPARED: EXIT_SUCCESS, WOULD_CHANGE: EXIT_GATE, REFUSED: EXIT_GATE,
              UNFIT: EXIT_FAILURE}  # fmt: skip
TWO = 2  # classes: one of them is the positive one
SPLIT = "split"


@dataclass(frozen=True)
class Report:
    """All that was found in a file, and what was written."""

    file: str
    outcome: str
    shape: str = ""  # pairs | chat
    data_type: str = ""
    rows_read: int = 0
    removed: dict[str, tuple[int, ...]] = field(default_factory=dict)
    said: tuple[Said, ...] = ()
    error: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    written: tuple[str, ...] = ()
    record: str = ""

    @property
    def exit_code(self) -> int:
        """Return 0 for a file that is fit or was prepared, 1 for one that is not, 3 where a wish or a check says no."""
        return EXIT_CODES[self.outcome]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        gone = {reason: list(rows) for reason, rows in self.removed.items()}
        number = sum(map(len, gone.values()))
        kept = self.rows_read - number if self.outcome != UNFIT else 0
        return {
            "file": self.file, "shape": self.shape, "data_type": self.data_type, "outcome": self.outcome,
            "exit_code": self.exit_code, "error": self.error or None, "written": list(self.written),
            "rows": {"read": self.rows_read, "kept": kept, "removed": gone},
            "findings": [one.as_dict() for one in self.said], "record": self.record or None, **self.facts,
        }  # fmt: skip


def unread(file: str, why: str) -> Report:
    """Return the report on a file that cannot be read as rows."""
    return Report(file, UNFIT, error=why)


def said_of(read: Read) -> tuple[Said, ...]:
    """Return what reading a file found: another format is always rewritten."""
    notes = tuple(Said("file", Finding(NECESSARY, note), applied=True) for note in read.notes)
    return (*notes, *(Said("file", Finding(WARNING, warning)) for warning in read.warnings))


def outcome_of(said: tuple[Said, ...], error: str, fail_on: tuple[str, ...], *, only_check: bool) -> str:
    """Return what becomes of a file, given what was found in it and which findings may not be."""
    if error:
        return UNFIT
    if any(one.check in fail_on and one.finding.level != NOTE for one in said):
        return REFUSED
    if not any(one.applied for one in said if not (only_check and one.check == SPLIT)):
        return FIT
    return WOULD_CHANGE if only_check else PREPARED


def facts_of(done: Checked) -> dict[str, Any]:
    """Return what a person needs to train on prompts and completions: what is taught, classes, seconds."""
    facts: dict[str, Any] = {"transforms": taught(done).as_dict(), "unit": done.sheet.measure.unit}
    if done.sheet.kind == CLASSIFICATION:
        rows = Counter(labels(done.sheet))
        most = min(rows, key=lambda label: (-rows[label], label))
        facts["classes"] = len(rows)
        facts["positive_class"] = most if len(rows) == TWO else None
        facts["hosted_seconds"] = classification_seconds(len(done.sheet.rows))
    return facts


def split_offer(train: list[Row], validation: list[Row]) -> Finding:
    """Return the recommendation to hold rows out, with the classes that would be on one side alone."""
    sides = [{row.text(COMPLETION).strip() for row in side} for side in (train, validation)]
    lonely = sorted(sides[0] ^ sides[1])
    named = f"; on one side alone: {', '.join(map(shown, lonely))}" if lonely else ""
    parts = f"{counted(len(train), 'row')} to train on and {len(validation)} to validate with"
    facts = {"train": len(train), "validation": len(validation), "on_one_side": lonely}
    return Finding(RECOMMENDED, f"split into {parts}, no prompt on both sides{named}", facts=facts)


def with_files(report: Report, written: list[str], record: str) -> Report:
    """Return the report with the files that were written."""
    return replace(report, written=tuple(written), record=record)


def lines(report: Report) -> list[str]:
    """Return the report as a person reads it."""
    kind = f", {report.data_type}" if report.data_type else ""
    found = [f"{report.file}: {counted(report.rows_read, 'row')}{kind}"] if report.rows_read else []
    for one in report.said:
        mark = {True: "done", False: ""}[one.applied and report.outcome == PREPARED]
        found.append(f"  {one.finding.level:12}{mark:6}{one.finding.message}")
    return [*found, *_figures(report.facts), *_ending(report)]


def _figures(facts: dict[str, Any]) -> list[str]:
    """Return the figures of conversations, and what classes ask of an evaluation."""
    if "messages" in facts:
        unit = facts["unit"]
        rows = [_spread("messages", facts["messages"]), _spread(unit, facts["length"])]
        rows.append(_spread(f"{unit} of the assistant", facts["assistant_length"]))
        billed = facts["billed_tokens"]
        cost = (
            f"{billed} tokens billed" if billed is not None else "name a tokenizer with --base to know what is billed"
        )
        without = f"  {facts['without_system']} without a system message, {facts['without_user']} without a user's"
        return [without, *rows, f"  a hosted service trains {facts['epochs']} epochs by default: {cost}"]
    if "classes" not in facts:
        return []
    positive = facts["positive_class"]
    asked = f"the positive class is {shown(positive)}" if positive is not None else f"{facts['classes']} classes"
    return [f"  for an evaluation: {asked}; OpenAI's tool estimated {facts['hosted_seconds']} s of training there"]


def _spread(name: str, spread: dict[str, float]) -> str:
    """Return a distribution in one line."""
    return f"  {name}: " + ", ".join(f"{key} {spread[key]:g}" for key in ("min", "p5", "median", "mean", "p95", "max"))


def _ending(report: Report) -> list[str]:
    """Return what became of the file, and what to do next."""
    told = {
        FIT: "Nothing to mend: the file can be used as it is.",
        WOULD_CHANGE: "Nothing was written. Without --check this would be mended into a new file.",
        REFUSED: "Nothing was written: --fail-on names something that the file has.",
        UNFIT: "Nothing was written.",
        PREPARED: "\n".join(f"Written: {name}" for name in (*report.written, report.record) if name),
    }
    ends = [told[report.outcome]]
    if report.outcome in (FIT, PREPARED):
        ends += _next(report)
    return ends


def _next(report: Report) -> list[str]:
    """Return the next command, and how prompts end and answers stop."""
    transforms = report.facts.get("transforms", {})
    ends = [one["text"] for one in transforms.get("prompt", ()) if one["do"] == "end_with"]
    says = [f"At inference every prompt has to end with {shown(ends[-1])}."] if ends else []
    says += [f"Stop sequence: {shown(mark)}" for mark in transforms.get("stop", ())]
    if report.data_type == CONDITIONAL and not transforms["stop"]:
        says.append("Stop sequence: none, the completions share no ending that stands at their end alone.")
    return [*says, f"Next: {report.facts['next_command']}"] if "next_command" in report.facts else says
