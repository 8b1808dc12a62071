"""What a tuned model was taught in: the record that stands beside the rows, and its use at inference."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from retune.core.prepare.affixes import ending, stands_twice
from retune.core.prepare.findings import Transform
from retune.core.prepare.pairs import Checked
from retune.core.prepare.sheet import COMPLETION, CONDITIONAL, OPEN_ENDED, PROMPT

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
