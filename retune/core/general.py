"""A fixed sample of general text, made up: what a model unlearns of ordinary language shows in what it costs.

Scores on the task alone do not show what was forgotten beside it (huggingface/peft#2925).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from retune.core.frames import ROWS

SAMPLE = """The ferry leaves at seven.
By then the fog has usually lifted from the bay, and the gulls come down to the pier to wait for the
fishermen. Children on their way to school lean over the railing and count the boats.

Bread needs time more than it needs flour.
A dough that has rested overnight in a cool room tastes of more than one that was hurried, and its crust
cracks when it comes out of the oven.

A heap of sand shows how order can fail.
Grain after grain is added and nothing happens, until one more grain, which is like all others, sends half of
a slope down to the table.

My grandmother kept her letters in a tin that had once held biscuits.
She read them on Sundays, in the order in which they had come, and if one was missing she knew from whom it
had been.

The bridge was closed in March.
Engineers had found that two of its cables carried more than they were made to bear, and until they are
replaced the trams will turn at the market square.

Most of the light from a candle is not seen.
It warms the air and the hand that is held above it, and only a small part has the colours that an eye can
tell apart.

When the river rose, the mill stopped first.
Its wheel stood under water for nine days, and the miller, who had never had so much time, learned to play the
accordion, though not well.

To find the middle of a circle, draw two lines across it.
Halve each of them with a third line that stands upright on it, and where these two meet is the point that you
were looking for.

The committee met four times and agreed on little.
Its members wanted a library that is open in the evening, but none of them could say who should pay for the
light and the heating.

Snow keeps the ground warm.
Under a thick cover the soil seldom freezes, mice dig their tunnels there all winter long, and in spring the
first green stands where the drifts were deepest.

He had sold the shop before anyone asked him to.
What he missed afterwards was not the money, he said, but the bell over the door and the question with which
people came in.

A good map leaves things out.
Whoever walks needs the path, the stream and the steep places; the names of fields and the age of the houses
would only hide them.
"""  # of each passage the first line is its beginning

PASSAGES = [(first, " ".join(rest)) for first, *rest in (one.split("\n") for one in SAMPLE.strip().split("\n\n"))]


def rows(target: str, example: dict[str, str]) -> pd.DataFrame:
    """Return the sample as rows [ROWS]: whole passages where text alone is learnt, else how each of them goes on.

    The beginning stands as a task type's own `example` does: as a conversation where that is one.
    """
    if target == "nothing":
        made = [(f"general-{place}", " ".join(passage), "", "") for place, passage in enumerate(PASSAGES)]
    else:
        asked = _as_turn if _is_conversation(example["text"]) else str
        made = [(f"general-{place}", asked(first), "", rest) for place, (first, rest) in enumerate(PASSAGES)]
    return pd.DataFrame(made, columns=list(ROWS), dtype="str")


def report(
    before: tuple[Sequence[float], Sequence[float]], after: tuple[Sequence[float], Sequence[float]]
) -> dict[str, Any]:
    """Return what a token of the sample costs on average, in nats; each side has losses and tokens of the passages."""
    costs = {name: float(np.sum(side[0]) / np.sum(side[1])) for name, side in (("before", before), ("after", after))}
    return {**costs, "passages": len(PASSAGES)}


def _is_conversation(text: str) -> bool:
    """Tell whether the text of a row is a list of messages."""
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False


def _as_turn(text: str) -> str:
    """Return a text as the only message of a conversation."""
    return json.dumps([{"role": "user", "content": text}])
