"""What one aspect found, and what a whole comparison says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

State = Literal["drift", "steady", "not measured"]
Verdict = Literal["drift", "steady", "not enough data"]
DRIFT: Final = "drift"
STEADY: Final = "steady"
NOT_MEASURED: Final = "not measured"
NOT_ENOUGH: Final = "not enough data"


class NotMeasuredError(Exception):
    """An aspect cannot be measured on these rows; the message says why."""


@dataclass(frozen=True)
class Cell:
    """One topic, word, label or range: its share of the reference and of the window, and the window's documents."""

    what: str
    before: float
    after: float
    documents: tuple[str, ...] = ()

    @property
    def change(self) -> float:
        """Return by how much the share grew."""
        return self.after - self.before


@dataclass(frozen=True)
class Finding:
    """What an aspect measured: p before the correction, the size of the change, and where it lies."""

    p: float
    effect: float
    cells: tuple[Cell, ...] = ()  # the largest change first


@dataclass(frozen=True)
class AspectResult:
    """One aspect of a comparison; one that was not measured has its reason and no numbers."""

    name: str
    state: State
    about: str
    least_effect: float
    test: str = ""
    measure: str = ""
    reason: str = ""
    p: float | None = None
    p_corrected: float | None = None
    effect: float | None = None
    reference_rows: int = 0
    window_rows: int = 0
    cells: tuple[Cell, ...] = ()

    def told(self) -> str:
        """Return in one line what moved, where it drifted."""
        largest = max((cell for cell in self.cells if cell.change > 0), key=lambda cell: cell.change, default=None)
        where = f": {largest.what} from {largest.before:.0%} to {largest.after:.0%}" if largest else ""
        return f"{self.name} moved{where} ({self.measure} {self.effect:.2f}, corrected p {self.p_corrected:.4f})"


@dataclass(frozen=True)
class DriftReport:
    """A window held against its reference."""

    verdict: Verdict
    why: str
    alpha: float
    reference_rows: int  # different texts
    window_rows: int
    copies: int  # rows of the window that repeat another and were not counted
    left_out: int  # rows of the window above the number that is compared
    aspects: tuple[AspectResult, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values for a JSON file, without the documents: those are rows."""
        plain = asdict(self)
        for aspect in plain["aspects"]:
            for cell in aspect["cells"]:
                del cell["documents"]
        return plain

    def moved(self) -> list[dict[str, Any]]:
        """Return one row per document in a cell that grew, of the aspects that drifted [MOVED]."""
        return [
            {"aspect": aspect.name, "what": cell.what, "document_id": document}
            for aspect in self.aspects
            if aspect.state == DRIFT
            for cell in aspect.cells
            if cell.change > 0
            for document in cell.documents
        ]
