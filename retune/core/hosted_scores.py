"""What a model that lies with a service can show: it gives neither losses of given answers nor vectors."""

from __future__ import annotations

from collections.abc import Sequence

from retune.core import scoring

Names = tuple[str, ...]


def shown(metrics: Sequence[str], floors: Sequence[str]) -> tuple[Names, Names]:
    """Return the metrics and floors of a task type that are left.

    In the place of the probe on the base's vectors stands the model before it was tuned.
    """
    measured = tuple(name for name in metrics if scoring.metric(name).KIND != scoring.LOSS)
    return measured, tuple(dict.fromkeys("untuned" if name == "probe" else name for name in floors))
