"""What a tuned model was taught in: the record that stands beside the rows, and its use at inference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from retune.core.prepare.affixes import ending, stands_twice
from retune.core.prepare.findings import Transform
from retune.core.prepare.pair_checks import leading_space, prompt_ending
from retune.core.prepare.pairs import Checked
from retune.core.prepare.sheet import COLUMNS, COMPLETION, CONDITIONAL, OPEN_ENDED, PROMPT, Measure, Row, Sheet, kind_of

VERSION = 1


@dataclass(frozen=True)
class Taught:
    """How a prompt is to be written, and how an answer is to be read."""

    prompt: tuple[Transform, ...] = ()
    completion: tuple[Transform, ...] = ()
    stop: tuple[str, ...] = ()  # where generation ends
    start: str = ""  # what every completion begins with

    def prompt_for(self, text: str) -> str:
        """Return a prompt as the model has learnt to read it."""
        for transform in self.prompt:
            text = transform.of(text)
        return text

    def completion_for(self, text: str) -> str:
        """Return a completion as the model learns to write it."""
        for transform in self.completion:
            text = transform.of(text)
        return text

    def answer_of(self, generated: str) -> str:
        """Return what a model said, without what marks its beginning and its end."""
        cuts = [generated.find(mark) for mark in self.stop if mark in generated]
        return (generated[: min(cuts)] if cuts else generated).removeprefix(self.start)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values for a JSON file."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Taught:
        """Return what `as_dict` wrote; other keys of the record are not needed here."""
        columns = {name: tuple(Transform(**one) for one in value[name]) for name in (PROMPT, COMPLETION)}
        return cls(**columns, stop=tuple(value["stop"]), start=value["start"])


def teach(prompts: Sequence[str], completions: Sequence[str]) -> Taught:
    """Return how rows of plain text are put to a model that reads on from prompt to completion without a break.

    What all prompts end with parts them from their completions; where they share nothing a separator is added, and a
    space before completions without one. Prompts without any capital are asked for without capitals.
    """
    pairs = zip(prompts, completions, strict=True)
    rows = tuple(Row(number, dict(zip(COLUMNS, pair, strict=True))) for number, pair in enumerate(pairs))
    sheet = Sheet(rows, Measure("characters", 0, len))
    done = Checked(replace(sheet, kind=kind_of(sheet)))
    for part in (prompt_ending, leading_space):
        for repair in (finding.repair for finding in part.look(done.sheet)):
            if isinstance(repair, Transform):
                done = replace(done, sheet=done.sheet.repaired(repair), transforms=(*done.transforms, repair))
    found = taught(done)
    lower = any(map(str.islower, prompts)) and all(prompt == prompt.lower() for prompt in prompts)
    return replace(found, prompt=(Transform(PROMPT, "lower"), *found.prompt)) if lower else found


def taught(done: Checked) -> Taught:
    """Return what the rows teach: all changes that were made, and the endings that all rows share."""
    prompts, completions = done.sheet.texts(PROMPT), done.sheet.texts(COMPLETION)
    of = {name: tuple(one for one in done.transforms if one.column == name) for name in (PROMPT, COMPLETION)}
    shared = ending(prompts) if done.sheet.kind != OPEN_ENDED else ""
    if shared and not any(one.do == "end_with" for one in of[PROMPT]):
        of[PROMPT] += (Transform(PROMPT, "end_with", shared),)
    stop = ending(completions) if done.sheet.kind == CONDITIONAL else ""  # classes share letters by chance
    stop = "" if stop and stands_twice(stop, completions) else stop
    start = " " if all(text.startswith(" ") for text in completions) else ""
    return Taught(of[PROMPT], of[COMPLETION], (stop,) if stop else (), start)
