"""Every count adds up: what came in was accepted, rejected or quarantined."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from retune.core.errors import IntegrityError


@dataclass(frozen=True)
class Counts:
    """What a step did with what came in, in one unit (files, documents, examples)."""

    step: str
    unit: str
    rows_in: int
    rows_out: int
    rejected: int = 0
    quarantined: int = 0
    details: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a count that does not add up: something would have been dropped silently."""
        if self.rows_in != self.rows_out + self.rejected + self.quarantined:
            raise IntegrityError(
                f"{self.step}: {self.rows_in} {self.unit} came in, but {self.rows_out} accepted + {self.rejected} "
                f"rejected + {self.quarantined} quarantined = {self.rows_out + self.rejected + self.quarantined}"
            )

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as plain values for a JSON file."""
        return asdict(self)
