"""The index of lineage: which documents, examples and sides each version had, in one SQLite file of the checkout.

It mirrors what the runs in MLflow hold (see retune/io/lineage_mirror.py), so it may be deleted at any time. It is read
without MLflow, pandas or a network: a question about 100,000 documents takes a few milliseconds.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from retune.core.errors import UserError
from retune.core.lineage import LEARNT, Link, Name, Saw, Training, access_labels, ancestors, by_number, saw

SCHEMA = 1
TABLES = """
CREATE TABLE trainings (id INTEGER PRIMARY KEY, run_id TEXT, links TEXT, model TEXT, version TEXT,
    trained TEXT, parent_model TEXT, parent_version TEXT, datasets TEXT, is_known INTEGER, UNIQUE (run_id, links));
CREATE TABLE documents (id INTEGER PRIMARY KEY, document_id TEXT, source_path TEXT, access_label TEXT,
    UNIQUE (document_id, source_path, access_label));
CREATE INDEX documents_source ON documents (source_path);
CREATE TABLE links (training INTEGER, document INTEGER, example_id TEXT, side TEXT,
    PRIMARY KEY (training, document, example_id)) WITHOUT ROWID;
CREATE INDEX links_document ON links (document);
CREATE INDEX links_example ON links (example_id);
CREATE TABLE summaries (training INTEGER, source_path TEXT, access_label TEXT, side TEXT, documents INTEGER,
    examples INTEGER);
"""
TRAININGS = (
    "SELECT run_id, links, model, version, trained, parent_model, parent_version, datasets, is_known FROM trainings"
)
ADD_TRAINING = (
    "INSERT INTO trainings (run_id, links, model, version, trained, parent_model, parent_version, datasets, is_known)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
REBUILD = "Make it from MLflow: retune lineage --rebuild"
NUMBERS = "SELECT id FROM trainings WHERE "
SUMMARISE = """
INSERT INTO summaries
SELECT l.training, d.source_path, d.access_label, l.side, count(DISTINCT l.document), count(*)
FROM links l JOIN documents d ON d.id = l.document WHERE l.training = ? AND l.side != ''
GROUP BY d.source_path, d.access_label, l.side
"""
LINKS = (
    "SELECT d.document_id, d.source_path, d.access_label, l.example_id, l.side, t.model, t.version FROM links l"
    " JOIN documents d ON d.id = l.document JOIN trainings t ON t.id = l.training WHERE "
)
OWN_LINKS = (
    "SELECT d.document_id, d.source_path, d.access_label, l.example_id, l.side FROM links l"
    " JOIN documents d ON d.id = l.document WHERE l.training = ? AND l.side != '' ORDER BY l.document, l.example_id"
)
ASKED = "CREATE TEMP TABLE IF NOT EXISTS asked (document_id TEXT PRIMARY KEY)"


def index_file(root: Path) -> Path:
    """Return where the index of a checkout lies: below `RETUNE_STATE`, else below `.retune`."""
    return Path(os.environ.get("RETUNE_STATE") or root / ".retune") / "lineage" / "index.sqlite"


@contextmanager
def reading(root: Path) -> Iterator[Index]:
    """Yield the index of a checkout; raises UserError where there is none, or one that cannot be read."""
    file = index_file(root)
    if not file.exists():
        raise UserError(expected=f"the index of lineage in {file}", found="none yet", todo=REBUILD)
    try:
        with closing(sqlite3.connect(file)) as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
                raise UserError(expected="an index of lineage of this release", found="another", todo=REBUILD)
            yield Index(connection)
    except sqlite3.DatabaseError as error:
        raise UserError(
            expected=f"the index of lineage in {file}", found=f"a damaged one ({error})", todo=REBUILD
        ) from error


@contextmanager
def writing(root: Path) -> Iterator[Index]:
    """Yield the index of a checkout to add to; one that is missing, damaged or of another release begins empty."""
    file = index_file(root)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not _is_usable(file):
        for part in (file, file.with_name(f"{file.name}-journal")):
            part.unlink(missing_ok=True)
    with closing(sqlite3.connect(file, timeout=60)) as connection:
        if connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
            connection.executescript(f"BEGIN; {TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;")
            file.chmod(0o600)
        connection.execute("PRAGMA secure_delete = ON")  # else a deleted id stays readable in the file's free pages
        yield Index(connection)


def _is_usable(file: Path) -> bool:
    """Tell whether a file is an index of this release, whole enough to be added to."""
    if not file.exists():
        return False
    try:
        with closing(sqlite3.connect(file, timeout=60)) as connection:
            version: int = connection.execute("PRAGMA user_version").fetchone()[0]
            return version == SCHEMA and connection.execute("PRAGMA quick_check").fetchone()[0] == "ok"
    except sqlite3.DatabaseError:
        return False


class Index:
    """What is known of all versions; each method is one question or one change."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def record(self, training: Training, links: Iterable[Link]) -> None:
        """Add a table of links, whole or not at all."""
        with self.connection as change:
            number = change.execute(ADD_TRAINING, _row(training)).lastrowid
            change.execute("CREATE TEMP TABLE new (document_id, source_path, access_label, example_id, side)")
            change.executemany("INSERT INTO new VALUES (?, ?, ?, ?, ?)", links)
            change.execute(
                "INSERT OR IGNORE INTO documents (document_id, source_path, access_label)"
                " SELECT DISTINCT document_id, source_path, access_label FROM new"
            )
            change.execute(
                "INSERT OR REPLACE INTO links SELECT ?, d.id, n.example_id, n.side FROM new n"
                " JOIN documents d USING (document_id, source_path, access_label)",
                [number],
            )
            change.execute("DROP TABLE new")
            change.execute(SUMMARISE, [number])

    def drop(self, run_id: str) -> None:
        """Remove what is known of a run."""
        with self.connection as change:
            for number in self._numbers("run_id = ?", [run_id]):
                change.execute("DELETE FROM links WHERE training = ?", [number])
                change.execute("DELETE FROM summaries WHERE training = ?", [number])
                change.execute("DELETE FROM trainings WHERE id = ?", [number])

    def forget(self, document_ids: Iterable[str]) -> None:
        """Remove documents and all links to them; who asks must have the list of versions before."""
        which = "FROM links WHERE document IN (SELECT id FROM documents JOIN asked USING (document_id))"
        with self.connection as change:
            self._ask(document_ids)
            touched = change.execute("SELECT DISTINCT training " + which).fetchall()
            change.execute("DELETE " + which)
            change.execute("DELETE FROM documents WHERE document_id IN (SELECT document_id FROM asked)")
            for number in touched:
                change.execute("DELETE FROM summaries WHERE training = ?", number)
                change.execute(SUMMARISE, number)

    def trainings(self) -> list[Training]:
        """Return all trainings that became versions, by model and number."""
        return sorted(
            map(_training, self.connection.execute(TRAININGS)), key=lambda one: (by_number(one.name), one.trained)
        )

    def parents(self) -> dict[Name, Name]:
        """Return the parent of each version that continues another."""
        return {one.name: one.parent for one in self.trainings() if one.parent is not None}

    def unknown(self) -> list[Name]:
        """Return the versions of which neither MLflow nor DVC's cache says any more what they saw."""
        return sorted({one.name for one in self.trainings() if not one.is_known}, key=by_number)

    def versions_of(self, document_ids: Iterable[str]) -> list[Saw]:
        """Return the versions that saw at least one of these documents, and on which sides, by model and number.

        A version that continues one which learnt them is among them. Ask `unknown` as well.
        """
        self._ask(document_ids)
        return self._saw(
            # CROSS JOIN keeps this order: left to itself SQLite reads all links first, 0.2 s of a million.
            "SELECT DISTINCT t.model, t.version, l.side FROM asked a CROSS JOIN documents d USING (document_id)"
            " CROSS JOIN links l ON l.document = d.id JOIN trainings t ON t.id = l.training WHERE l.side != ''"
        )

    def versions_of_example(self, example_id: str) -> list[Saw]:
        """Return the versions that saw an example, as `versions_of` does."""
        return self._saw(
            "SELECT DISTINCT t.model, t.version, l.side FROM links l JOIN trainings t ON t.id = l.training"
            " WHERE l.example_id = ? AND l.side != ''",
            [example_id],
        )

    def documents_below(self, path: str) -> list[str]:
        """Return the ids of the documents that were ever read from a file, or from the files below a folder."""
        folder = path.rstrip("/") + "/"
        found = self.connection.execute(
            "SELECT DISTINCT document_id FROM documents WHERE source_path = ? OR (source_path >= ? AND source_path < ?)"
            " ORDER BY document_id",
            [path.rstrip("/"), folder, f"{folder[:-1]}0"],  # "0" follows "/"
        )
        return [row[0] for row in found]

    def knows(self, document_id: str) -> bool:
        """Tell whether a document was ever in the corpus of a version, learnt from or not."""
        found = self.connection.execute("SELECT 1 FROM documents WHERE document_id = ? LIMIT 1", [document_id])
        return found.fetchone() is not None

    def links_of_document(self, document_id: str) -> list[tuple[Name, Link]]:
        """Return what came of a document in each version."""
        return self._named("d.document_id = ?", [document_id])

    def links_of_example(self, example_id: str) -> list[tuple[Name, Link]]:
        """Return the documents and sides of an example in each version."""
        return self._named("l.example_id = ?", [example_id])

    def links_of_version(self, name: Name) -> list[Link]:
        """Return the examples of a version's own data, by document; those of its parents are not among them."""
        numbers = self._numbers("model = ? AND version = ?", name)
        found = [Link._make(row) for number in numbers for row in self.connection.execute(OWN_LINKS, [number])]
        return found if len(numbers) == 1 else list(dict.fromkeys(found))

    def summary(self, name: Name) -> list[tuple[str, str, int, int]]:
        """Return file, side, number of documents and of examples of a version's own data, as last recorded."""
        numbers = self._numbers("model = ? AND version = ?", name)
        found = self.connection.execute(
            "SELECT source_path, side, sum(documents), sum(examples) FROM summaries WHERE training = ?"
            " GROUP BY source_path, side",
            numbers[-1:] or [0],
        )
        return list(found)

    def access_labels(self, name: Name) -> list[str]:
        """Return the union of the access labels of the documents that a version, or one that it continues, learnt."""
        line = [name, *ancestors(self.parents(), name)]
        return access_labels([], [label for one in line for label in self._labels(one)])

    def _labels(self, name: Name) -> list[str]:
        """Return the access labels of what a version's own data taught it."""
        found = self.connection.execute(
            "SELECT DISTINCT s.access_label FROM summaries s JOIN trainings t ON t.id = s.training"
            " WHERE t.model = ? AND t.version = ? AND s.side IN (?, ?)",
            [*name, *LEARNT],
        )
        return [row[0] for row in found]

    def _numbers(self, where: str, values: Iterable[str]) -> list[int]:
        """Return the numbers of tables of links, the newest last."""
        found = self.connection.execute(NUMBERS + where + " ORDER BY id", list(values))
        return [row[0] for row in found]

    def _named(self, where: str, values: list[str]) -> list[tuple[Name, Link]]:
        """Return links with the version whose data had them, by model and number."""
        found = self.connection.execute(LINKS + where, values)
        rows = {(Name(*row[5:]), Link(*row[:5])) for row in found}
        return sorted(rows, key=lambda row: (by_number(row[0]), row[1]))

    def _saw(self, query: str, values: Iterable[str] = ()) -> list[Saw]:
        """Return the versions that a query finds with their sides, and those that continue them."""
        sides: dict[Name, set[str]] = {}
        for model, version, side in self.connection.execute(query, list(values)):
            sides.setdefault(Name(model, version), set()).add(side)
        return saw(sides, self.parents())

    def _ask(self, document_ids: Iterable[str]) -> None:
        """Put ids into a table: there may be more of them than a query may have parameters."""
        self.connection.execute(ASKED)
        self.connection.execute("DELETE FROM asked")
        self.connection.executemany("INSERT OR IGNORE INTO asked VALUES (?)", ([one] for one in document_ids))


def _row(one: Training) -> list[Any]:
    """Return a training as a row."""
    parent = one.parent or Name("", "")
    datasets = json.dumps(dict(one.datasets), sort_keys=True)
    return [one.run_id, one.links, *one.name, one.trained, *parent, datasets, int(one.is_known)]


def _training(row: tuple[Any, ...]) -> Training:
    """Return a row as a training."""
    run_id, links, model, version, trained, parent_model, parent_version, datasets, is_known = row
    parent = Name(parent_model, parent_version) if parent_version else None
    return Training(run_id, Name(model, version), trained, links, parent, json.loads(datasets), bool(is_known))
