"""What a worker calls in the tests of ingest."""

import sys
from pathlib import Path

from retune.core.ingest_formats import parse
from tests.core.formats.samples import settings


def parse_and_list_modules(path: str) -> list[str]:
    parse(Path(path).read_bytes(), Path(path).name, settings())
    return sorted(sys.modules)
