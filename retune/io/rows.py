"""What keeps text in MLflow: the tables in the folder `rows/` of runs, looked through, and rid of single rows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retune.io.mlflow_store import answering
from retune.io.tracking import Tracking

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = "rows"
RUNS_PER_PAGE = 1000
Change = Callable[["pa.Table"], "pa.Table"]


def erase_rows(tracking: Tracking, change: Change, *, erase: bool) -> dict[str, int]:
    """Return how many rows of how many files of how many runs `change` leaves out, and with `erase` take them out.

    A table that a kill left torn is deleted whole.
    """
    counts = {"runs": 0, "files": 0, "rows": 0}
    for run in _runs(tracking):
        lost = [rows for path in _files(tracking, run, FOLDER) if (rows := _change(tracking, run, path, change, erase))]
        counts["runs"] += bool(lost)
        counts["files"] += len(lost)
        counts["rows"] += sum(lost)
    return counts


def _change(tracking: Tracking, run: str, path: str, change: Change, erase: bool) -> int:
    """Take rows out of one table, and return how many."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with tempfile.TemporaryDirectory(prefix="retune-rows-") as scratch, answering(tracking.uri):
        place = Path(tracking.client.download_artifacts(run, path, scratch))
        try:
            before = pq.read_table(place)
        except pa.ArrowException:
            return _delete(tracking, run, path) if erase else 1
        after = change(before)
        if erase and len(after) < len(before):
            pq.write_table(after, place, compression="zstd")
            tracking.client.log_artifact(run, str(place), path.rpartition("/")[0])
    return len(before) - len(after)


def _delete(tracking: Tracking, run: str, path: str) -> int:
    """Delete one file of a run."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    files = get_artifact_repository(tracking.client.get_run(run).info.artifact_uri, tracking_uri=tracking.uri)
    files.delete_artifacts(path)  # type: ignore[no-untyped-call]
    return 1


def _files(tracking: Tracking, run: str, folder: str) -> Iterator[str]:
    """Yield the tables in a run's folder."""
    with answering(tracking.uri):
        entries = tracking.client.list_artifacts(run, folder)
    for entry in entries:
        if entry.is_dir:
            yield from _files(tracking, run, entry.path)
        elif entry.path.endswith(".parquet"):
            yield entry.path


def _runs(tracking: Tracking) -> Iterator[str]:
    """Yield the ids of all runs, deleted ones too: their files stay until somebody collects the garbage."""
    from mlflow.entities import ViewType

    token: Any = None
    while True:
        with answering(tracking.uri):
            page = tracking.client.search_runs(
                [tracking.experiment], run_view_type=ViewType.ALL, max_results=RUNS_PER_PAGE, page_token=token
            )
        yield from (run.info.run_id for run in page)
        token = page.token
        if not token:
            return
