"""What a toy training does in each of its processes, by its order."""

import os
import sys
from pathlib import Path
from typing import Any

from retune.core.errors import GateError
from retune.io.launcher import AGAIN, joined


def work(order: dict[str, Any]) -> None:
    place = Path(order["place"])
    rank, parts = os.environ["RANK"], place / AGAIN
    if order["memory"] and not parts.exists():  # as a training whose memory ends once
        parts.write_text("2")
        raise GateError("memory", ["too little"])
    if rank == order["fails"]:
        raise GateError("toy", ["it was asked to"])
    (place / f"done-{rank}").write_text(os.environ["WORLD_SIZE"])


if __name__ == "__main__":
    sys.exit(joined(Path(sys.argv[1]), work))
