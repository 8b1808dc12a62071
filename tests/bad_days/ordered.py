"""A toy project whose tuned model is promoted within a minute: only tuning learns what its tickets are about.

A ticket names an invoice and a badge, and its queue is the one named first. A bag of words and pairs cannot tell, and
the probe hardly can: adapters on a base of two layers reach 0.99 where TF-IDF has 0.51 and the probe 0.75.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.checkout import checkout, use_documents, use_settings
from tests.bad_days.conftest import CHANGES
from tests.modeling.conftest import TOY_SETTINGS, make_base
from tests.stages import MODEL

TICKETS = 400
QUEUES = {"invoice": "billing", "badge": "access"}
FILLERS = (
    "please the again today with before morning evening crew harbour quay office station timetable window corner floor "
    "colleague shift week notice board north south ferry deck cabin kitchen storm coast"
)
TRAIN = {
    **TOY_SETTINGS,
    "epochs": 10,
    "patience": 10,
    "batch_size": 16,
    "learning_rate": 0.01,
    "weight_decay": 0.0,
    "dropout": 0.0,
    "probe_strengths": [1.0],
    "method_settings": {"rank": 8, "alpha": 16, "dropout": 0.0, "target": "all_linear"},
}
SETTINGS: dict[str, Any] = {**CHANGES, f"models.{MODEL}.train": TRAIN}


def make_given(folder: Path) -> Path:
    """Write the documents and the base into a folder."""
    tickets = folder / "documents" / "tickets"
    tickets.mkdir(parents=True)
    draw = random.Random(0)
    lines = [json.dumps(ticket(draw, number)) for number in range(TICKETS)]
    (tickets / "desk.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    make_base(folder / "tiny-base", " ".join([FILLERS, *QUEUES]))
    return folder


def ticket(draw: random.Random, number: int) -> dict[str, str]:
    """Return a ticket of ten words or more, its two subjects apart from each other."""
    words = draw.sample(FILLERS.split(), draw.randint(8, 11))
    first, second = draw.sample(sorted(QUEUES), 2)
    place, later = sorted(draw.sample(range(1, len(words)), 2))
    words.insert(later, second)
    words.insert(place, first)
    return {"ticket_id": f"t{number}", "created": "", "subject": "", "body": " ".join(words), "queue": QUEUES[first]}


@contextmanager
def ordered_checkout(given: Path, changes: dict[str, Any] | None = None) -> Iterator[Path]:
    """Yield a checkout with these documents, settings and base, in which nothing has run yet."""
    with checkout() as root:
        base = {f"models.{MODEL}.resolve.base": str(given / "tiny-base")}
        use_settings(root, {**SETTINGS, **base, **(changes or {})})
        use_documents(root, given / "documents")
        yield root
