"""Where a traffic log lies: a folder outside every checkout, or an object store; a file is there whole or not."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from retune.core.errors import UnavailableError, UserError
from retune.io.files import whole_file

if TYPE_CHECKING:
    import pyarrow as pa

Found = TypeVar("Found")
OBJECT_STORES = ("s3", "gs", "gcs", "abfs", "abfss")
TRACKED_BY = (".git", ".dvc")
MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
DAY = re.compile(r"day=(\d{4}-\d\d-\d\d)")
PARTIAL = re.compile(r"\.[^/]+\.parquet\.partial")
UNFINISHED_SECONDS = 600  # a writer needs milliseconds: what is older was left by one that died
THREADS = 8
CONNECT_SECONDS, REQUEST_SECONDS = 3.0, 10.0


@dataclass(frozen=True)
class File:
    """A file below a model's folder; `reason` says why it is none of the log's."""

    path: str
    name: str  # below the model's folder
    reason: str
    is_ours: bool


@dataclass(frozen=True)
class Store:
    """The folder of one model in one log."""

    files: Any  # pyarrow.fs.FileSystem
    folder: str
    shown: str  # the address without anything secret
    is_local: bool

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """Return what a store raises that does not take a file."""
        import pyarrow as pa

        return (OSError, pa.ArrowException)

    def put(self, moment: datetime, name: str, table: pa.Table) -> None:
        """Write one file of a day."""
        self._write(f"{self.folder}/day={moment:%Y-%m-%d}/{name}.parquet", table)

    def listing(self, first: date, last: date) -> list[File]:
        """Return the files of the days from first to last, and what belongs to no day; sorted by name."""
        with self._answering():
            entries = self._entries(self.folder)
            days = {info.path: day for info in entries if not info.is_file and (day := _day(info.base_name))}
            inside = [path for path, day in days.items() if first <= day <= last]
            found = [info for path in inside for info in self._entries(path, recursive=True) if info.is_file]
        strange = [info for info in entries if info.path not in days]
        files = [file for info in [*found, *strange] if (file := self._file(info)) is not None]
        return sorted(files, key=lambda file: file.name)

    def each(self, paths: Sequence[str], use: Callable[[pa.Table], Found]) -> list[tuple[str, Found | str]]:
        """Return what `use` makes of each file's table, or why it is no Parquet; files that are gone are left out."""
        with ThreadPoolExecutor(THREADS) as pool, self._answering():
            found = list(pool.map(lambda path: self._used(path, use), paths))
        return [(path, result) for path, result in zip(paths, found, strict=True) if result is not None]

    def days_before(self, oldest: date) -> list[date]:
        """Return the days in the log that are older than a day."""
        with self._answering():
            entries = self._entries(self.folder)
        days = [_day(info.base_name) for info in entries if not info.is_file]
        return sorted(day for day in days if day is not None and day < oldest)

    def change(self, path: str, change: Callable[[pa.Table], pa.Table]) -> int:
        """Replace one file by what `change` leaves of it, delete it where no row is left; return how many rows went."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        with self._answering():
            with self.files.open_input_file(path) as stream:
                before = pq.ParquetFile(pa.BufferReader(stream.read())).read()
            after = change(before)
            if not len(after):
                self.files.delete_file(path)
            elif len(after) < len(before):
                self._write(path, after)
        return len(before) - len(after)

    def _write(self, path: str, table: pa.Table) -> None:
        """Write one file: under a temporary name first in a folder, with one request in an object store."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self.is_local:
            with whole_file(Path(path)) as partial:
                pq.write_table(table, partial, compression="zstd")
            return
        buffer = pa.BufferOutputStream()
        pq.write_table(table, buffer, compression="zstd")
        with self.files.open_output_stream(path) as stream:
            stream.write(buffer.getvalue())

    def delete(self, day: date) -> None:
        """Delete all files of a day; another clean-up may do so at the same time."""
        with self._answering():
            try:
                self.files.delete_dir(f"{self.folder}/day={day}")
            except FileNotFoundError:
                return

    def name_of(self, path: str) -> str:
        """Return a file's name below the model's folder."""
        return path.removeprefix(f"{self.folder}/")

    def _entries(self, folder: str, *, recursive: bool = False) -> list[Any]:
        """Return what is in a folder, nothing where it is not there."""
        import pyarrow.fs

        selector = pyarrow.fs.FileSelector(folder, recursive=recursive, allow_not_found=True)
        return list(self.files.get_file_info(selector))

    def _file(self, info: Any) -> File | None:
        """Return one file, None for one that a writer is busy with."""
        name = self.name_of(info.path)
        day, _, base = name.rpartition("/")
        if PARTIAL.fullmatch(base):
            age = datetime.now().timestamp() - (info.mtime_ns or 0) / 1e9  # noqa: DTZ005 - a difference of instants
            return File(info.path, name, "a writer died over it", False) if age > UNFINISHED_SECONDS else None
        is_ours = "/" not in day and _day(day) is not None and base.endswith(".parquet") and not base.startswith(".")
        return File(info.path, name, "" if is_ours else "it is no file of the log", is_ours)

    def _used(self, path: str, use: Callable[[pa.Table], Found]) -> Found | str | None:
        """Return what becomes of one file: not to be had is the store's trouble, not to be read is its own."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with self.files.open_input_file(path) as stream:
                content = stream.read()
        except FileNotFoundError:
            return None
        except PermissionError:
            return "it may not be read"
        try:
            table = pq.ParquetFile(pa.BufferReader(content)).read()
        except (OSError, pa.ArrowException):
            return "it cannot be read as Parquet"
        return use(table)

    def _answering(self) -> _Answering:
        """Return what turns the store's errors into an UnavailableError."""
        return _Answering(self.shown)


class _Answering:
    """Turns what a store raises when it does not answer into an UnavailableError that says what to do."""

    def __init__(self, shown: str) -> None:
        self.shown = shown

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Name the store and the error."""
        if isinstance(error, OSError):
            why = error.strerror or " ".join(str(error).split())[:200]
            raise UnavailableError(
                f"the traffic log {self.shown} did not do what was asked: {why}. Nothing is lost: check `traffic.uri` "
                "in params.yaml and the right to it, then run again"
            ) from error


@cache
def opened(uri: str, model: str) -> Store:
    """Return a model's folder in the log at a URI.

    Raises UserError for a relative path, a folder that git or DVC tracks, an address that holds a password, or another
    kind of store.
    """
    check(uri)
    if not MODEL_NAME.fullmatch(model):
        todo = "Give the name that the model has in params.yaml."
        raise UserError(expected="a model's name", found=repr(model), todo=todo)
    import pyarrow.fs

    parts = urlsplit(uri)
    if parts.scheme in ("", "file"):
        folder = _local(uri)
        return Store(pyarrow.fs.LocalFileSystem(), f"{folder}/{model}", str(folder), is_local=True)
    shown = f"{parts.scheme}://{parts.netloc}{parts.path}"
    with _Answering(shown):
        files = _s3(parts.query) if parts.scheme == "s3" else pyarrow.fs.FileSystem.from_uri(uri)[0]
    return Store(files, f"{parts.netloc}{parts.path}".rstrip("/") + f"/{model}", shown, is_local=False)


def check(uri: str) -> None:
    """Raise UserError for an address that cannot hold a log."""
    parts = urlsplit(uri)
    if parts.scheme in ("", "file"):
        _check_folder(_local(uri))
        return
    todo = "Correct `traffic.uri` in params.yaml; docs/traffic.md has examples."
    if parts.scheme not in OBJECT_STORES or not parts.netloc:
        raise UserError(expected="a folder, or s3://bucket/folder", found=f"{parts.scheme}://...", todo=todo)
    if parts.username is not None or "key" in parts.query.lower():
        todo = "Leave it out: the store takes AWS_ACCESS_KEY_ID and its like from the environment."
        raise UserError(expected="an address without credentials", found="some in it", todo=todo)


def _local(uri: str) -> Path:
    """Return the folder of a local address, with links followed."""
    path = Path(urlsplit(uri).path if uri.startswith("file:") else uri).expanduser()
    if not path.is_absolute():
        todo = "Servers may run anywhere: write it from the root on, as /srv/retune/traffic."
        raise UserError(expected="an absolute path as `traffic.uri`", found=repr(uri), todo=todo)
    return Path(os.path.realpath(path))


def _check_folder(folder: Path) -> None:
    """Refuse a folder inside a checkout: what people asked would end in git or in DVC's remote."""
    places = [folder, *folder.parents]
    inside = [place for place in places if any((place / mark).exists() for mark in TRACKED_BY)]
    if inside:
        raise UserError(
            expected="a folder for the traffic log outside every checkout",
            found=f"{folder}, inside {inside[0]}, which git or DVC tracks",
            todo="Name another as `traffic.uri` in params.yaml, such as /srv/retune/traffic.",
        )


def _s3(query: str) -> Any:
    """Return S3 with short patience: by itself it would hold up an answer for minutes."""
    import pyarrow.fs

    allowed = ("region", "scheme", "endpoint_override")
    options = {name: values[0] for name, values in parse_qs(query).items() if name in allowed}
    retries = pyarrow.fs.AwsStandardS3RetryStrategy(max_attempts=2)
    patience = {"connect_timeout": CONNECT_SECONDS, "request_timeout": REQUEST_SECONDS}
    # Delayed: a small file is one request, and there is nothing to be seen of one that was not sent whole.
    return pyarrow.fs.S3FileSystem(retry_strategy=retries, allow_delayed_open=True, **patience, **options)


def _day(name: str) -> date | None:
    """Return the day of a file or folder by its first name, None where it has none."""
    found = DAY.fullmatch(name.partition("/")[0])
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None
