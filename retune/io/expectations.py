"""Great Expectations as the library means it: a context, suites as code, checkpoints, rows by id, Data Docs.

It is given ids and the columns that the gates derive, never a text. And since it would otherwise repeat in results and
Data Docs whatever cell it found (great_expectations issue 8780), values are excluded from its results: rows come by id.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from retune.core.errors import UnavailableError
from retune.core.frames import REJECTED
from retune.core.gating import Measurement, about, gates
from retune.core.params.validate import RowRules
from retune.io.files import whole_folder

ROW = "row_number"  # ids may repeat, since examples are identified by their content; row numbers do not
SITE = "data_docs"
NO_CLOCK = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_LOGGED_ERROR = re.compile(r'^\s*(\w+: "[^"\n]*")', re.MULTILINE)
_TIME = re.compile(r"\d{8}T\d{6}\.\d{6}Z")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_REMOTE_LOGO = re.compile(r"https://great-expectations-web-assets[^\"']*")

Result = dict[str, Any]  # of one expectation, as Great Expectations gives it


@dataclass(frozen=True)
class Table:
    """A table to measure: its kind says which gates speak about it, its rules what they look for."""

    kind: str  # files | documents | examples
    frame: pd.DataFrame
    id_column: str
    rules: RowRules
    of_labels: Collection[str] | None = None  # the gates on labels that apply; None: all

    @property
    def gates(self) -> dict[str, ModuleType]:
        """Return the gates that speak about this table."""
        return gates(self.kind, self.of_labels)


@dataclass(frozen=True)
class Measured:
    """What the gates found in one table."""

    accepted: pd.DataFrame  # the rows that no gate rejected, with the columns and the index they came with
    rejected: pd.DataFrame  # REJECTED: one line per row and reason
    measurements: list[Measurement]


def measure(
    frame: pd.DataFrame,
    *,
    id_column: str,
    kind: str,
    settings: RowRules,
    docs: Path,
    of_labels: Collection[str] | None = None,
) -> Measured:
    """Measure one table with the gates on its kind, and write Data Docs into the folder `docs`."""
    return measure_tables([Table(kind, frame, id_column, settings, of_labels)], docs=docs)[0]


def measure_tables(tables: Sequence[Table], *, docs: Path) -> list[Measured]:
    """Measure several tables, and write Data Docs into the folder `docs`; the same tables give the same bytes."""
    with whole_folder(docs) as folder:
        context = _context(folder)
        with _nothing_swallowed(docs):
            measured = [_measured(context, table) for table in tables]
        _tidied(folder)
    return measured


@contextmanager
def _nothing_swallowed(docs: Path) -> Iterator[None]:
    """Raise UnavailableError for a page that could not be written: the site's builder only logs it, with traceback."""
    lost: list[str] = []

    def keep(record: logging.LogRecord) -> bool:
        if record.levelno < logging.ERROR:
            return True
        lost.extend(_LOGGED_ERROR.findall(record.getMessage())[:1] or ["an unknown error"])
        return False

    logger = logging.getLogger("great_expectations.render.renderer.site_builder")
    logger.addFilter(keep)
    try:
        yield
    finally:
        logger.removeFilter(keep)
    if lost:
        raise UnavailableError(
            f"Great Expectations could not write its Data Docs into {docs} ({lost[0]}). Free some space on this disk, "
            "or raise the limit on file sizes (ulimit -f), then run again: nothing half-written was kept."
        )


def _context(folder: Path) -> Any:
    """Return a context that lives in memory and writes one site of Data Docs."""
    import great_expectations as gx

    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    for site in context.get_site_names():
        context.delete_data_docs_site(site)
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder.resolve())}
    index = {"class_name": "DefaultSiteIndexBuilder"}
    config = {
        "class_name": "SiteBuilder",
        "store_backend": store,
        "site_index_builder": index,
        "show_how_to_buttons": False,
    }
    context.add_data_docs_site(SITE, config)
    return context


def _validated(context: Any, table: Table, seen: pd.DataFrame) -> dict[str, Result]:
    """Run a checkpoint over what may be seen of one table; return gate -> result."""
    import great_expectations as gx
    from great_expectations.checkpoint.actions import UpdateDataDocsAction
    from great_expectations.core.run_identifier import RunIdentifier

    source = context.data_sources.add_pandas(table.kind)
    batch = source.add_dataframe_asset(table.kind).add_batch_definition_whole_dataframe("all")
    suite = context.suites.add(_suite(table))
    definition = gx.ValidationDefinition(name=table.kind, data=batch, suite=suite)
    result_format = {
        "result_format": "COMPLETE",
        "unexpected_index_column_names": [table.id_column, ROW],
        "exclude_unexpected_values": True,
    }
    checkpoint = gx.Checkpoint(
        name=table.kind,
        validation_definitions=[context.validation_definitions.add(definition)],
        actions=[UpdateDataDocsAction(name=SITE, site_names=[SITE])],
        result_format=result_format,
    )
    run_id = RunIdentifier(run_name=table.kind, run_time=NO_CLOCK)
    outcome = context.checkpoints.add(checkpoint).run({"dataframe": seen}, run_id=run_id)
    results = [result for run in outcome.run_results.values() for result in run.results]
    return {result.expectation_config.meta["gate"]: result.to_json_dict() for result in results}


def _suite(table: Table) -> Any:
    """Return the suite of a kind of table: the expectation of every gate that speaks about it."""
    import great_expectations as gx
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    suite = gx.ExpectationSuite(name=table.kind)
    for name, gate in table.gates.items():
        expected = gate.expectation(table.rules.of(name))
        place = {"column": name} if hasattr(gate, "column") else {}
        configuration = ExpectationConfiguration(
            type=expected.type, kwargs={**place, **expected.kwargs}, meta={"gate": name}, notes=about(name)
        )
        suite.add_expectation(configuration.to_domain_obj())
    return suite


def visible(table: Table) -> pd.DataFrame:
    """Return what Great Expectations may see: ids, row numbers, and a column per gate whose inputs are there."""
    frame = table.frame.reset_index(drop=True)
    columns = {table.id_column: frame[table.id_column], ROW: pd.Series(range(len(frame)), dtype="int64")}
    for name, gate in table.gates.items():
        if hasattr(gate, "column") and not _missing(gate, frame):
            columns[name] = gate.column(frame, table.rules.of(name))
    return pd.DataFrame(columns)


def _missing(gate: ModuleType, frame: pd.DataFrame) -> list[str]:
    """Return the columns that a gate needs and the table lacks."""
    return [name for name in gate.REQUIRES if name not in frame.columns]


def _measured(context: Any, table: Table) -> Measured:
    """Turn the results into measurements, and the rows that fell into rejects with reasons."""
    seen = visible(table)
    results = _validated(context, table, seen)
    measurements, rejected, fallen = [], [], set()
    for name, gate in table.gates.items():
        measurements.append(_measurement(name, gate, results[name], table.frame))
        if gate.expectation(table.rules.of(name)).row_level and measurements[-1].status == "measured":
            rows = _failed_rows(results[name])
            rejected += [_reject(table, seen, name, gate, row) for row in rows]
            fallen |= set(rows)
    accepted = table.frame.iloc[[row for row in range(len(seen)) if row not in fallen]]
    return Measured(accepted, pd.DataFrame(rejected, columns=list(REJECTED)), measurements)


def _reject(table: Table, seen: pd.DataFrame, name: str, gate: ModuleType, row: int) -> dict[str, str]:
    """Return the line that says why a row fell."""
    detail = gate.detail(seen[name].iloc[row], table.rules.of(name))
    return {"row_id": str(seen[table.id_column].iloc[row]), "reason": name, "detail": detail, "gate": name}


def _failed_rows(result: Result) -> list[int]:
    """Return the numbers of the rows that an expectation names, in order."""
    return sorted(row for group in result["result"].get("unexpected_index_list") or [] for row in group[ROW])


def _measurement(name: str, gate: ModuleType, result: Result, frame: pd.DataFrame) -> Measurement:
    """Return what one gate measured; its value is None where the check could not run or had nothing to look at."""
    outcome, rows, missing = result["result"], len(frame), _missing(gate, frame)
    if _raised(result):
        cause = f"the column {', '.join(missing)} is missing" if missing else "the check itself failed"
        return Measurement(name, None, gate.UNIT, rows, 0, "error", cause)
    if "unexpected_count" not in outcome:
        value = outcome.get("observed_value")
        if value is None:
            return Measurement(name, None, gate.UNIT, rows, 0, "error", "there was nothing to look at")
        return Measurement(name, float(value), gate.UNIT, rows, 0, "measured")
    if rows == 0:
        return Measurement(name, None, gate.UNIT, 0, 0, "error", "there were no rows to look at")
    failed = int(outcome["unexpected_count"])
    value = failed / rows if gate.UNIT == "share" else float(failed)
    return Measurement(name, value, gate.UNIT, rows, failed, "measured")


def _raised(result: Result) -> bool:
    """Say whether a check raised; a metric that failed is keyed by its name, an expectation that did is not."""
    info = result.get("exception_info") or {}
    return not result["result"] or bool(info.get("raised_exception", bool(info)))


def _tidied(folder: Path) -> None:
    """Take times and random ids out of the pages, and the remote logo, which would tell its server who reads them."""
    for page in sorted(folder.rglob("*.html")):
        numbers: dict[str, str] = {}
        text = _TIME.sub(NO_CLOCK.strftime("%Y%m%dT%H%M%S.%fZ"), page.read_text(encoding="utf-8"))
        text = _REMOTE_LOGO.sub("data:,", text)
        text = _UUID.sub(lambda match: numbers.setdefault(match[0], f"id-{len(numbers) + 1}"), text)  # noqa: B023
        page.write_text(text, encoding="utf-8")
    for picture in folder.rglob("*.gif"):  # 3.3 MB of instructions to which no page links
        picture.unlink()
