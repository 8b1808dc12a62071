"""What every test gets: no telemetry, no network but loopback, and the real data where it lies beside the checkout."""

import os
import socket
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["tests.acceptance_plugin", "tests.mlflow_fixtures", "tests.mlflow_servers"]

# Before any test imports the library that reads it.
os.environ.update(
    DO_NOT_TRACK="1",
    DVC_NO_ANALYTICS="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    ITERATIVE_DO_NOT_TRACK="1",
    MLFLOW_DISABLE_TELEMETRY="true",
    PREFECT_SERVER_ANALYTICS_ENABLED="false",
)
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")

LOOPBACK_HOSTS = ("localhost", "::1", "")
CHECKOUT = Path(__file__).resolve().parent.parent


def find_shared() -> Path | None:
    """Find the folder that holds `data/`: `RETUNE_SHARED`, else `shared` beside the checkout."""
    folder = Path(os.environ.get("RETUNE_SHARED") or CHECKOUT.parent / "shared")
    return folder if (folder / "data").is_dir() else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder that holds `data/`, the real data sets; the test is skipped where there is none."""
    folder = find_shared()
    if folder is None:
        pytest.skip("no real data: neither RETUNE_SHARED nor ../shared holds a folder data/")
    return folder


@pytest.fixture(autouse=True, scope="session")
def only_loopback() -> Iterator[None]:
    """Make every connection beyond this machine fail at once, so that no test depends on the network by accident."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, refuse_strangers(getattr(socket.socket, name)))
        yield


def refuse_strangers(connect: Any) -> Any:
    """Wrap a connect method of a socket: local and loopback addresses pass, others raise."""

    def guarded(self: socket.socket, address: Any) -> Any:
        is_local = self.family not in (socket.AF_INET, socket.AF_INET6)
        if is_local or address[0] in LOOPBACK_HOSTS or str(address[0]).startswith("127."):
            return connect(self, address)
        raise RuntimeError(f"a test tried to connect to {address[0]}:{address[1]}; tests may use loopback only")

    return guarded


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that `make test-all` sets."""
    parser.addoption(
        "--no-shared-skip", action="store_true", help="fail a test that skips although the real data is there"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a `shared` test into a failure where its data is there and the run asked for it."""
    report = yield
    asked = item.config.getoption("--no-shared-skip") and item.get_closest_marker("shared")
    if asked and report.skipped and not hasattr(report, "wasxfail") and find_shared():
        report.outcome = "failed"
        report.longrepr = f"skipped although the real data is in {find_shared()}: {report.longrepr}"
    return report
