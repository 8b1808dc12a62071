"""Real sets of every task type become documents from which the builders make examples without a fault."""

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.task_types import projects
from benchmarks.task_types.sets import SETS
from retune.core import parts
from retune.core.ingest import Draft
from retune.core.ingest_formats import parse
from retune.core.params.ingest import ParsingParams

ROWS = 60


def documents(name: str, folder: Path) -> pd.DataFrame:
    """Return the documents of a set, as ingest reads them."""
    tables = projects.corpus([name])["corpus.ingest.parsing.tables"]
    params = ParsingParams.model_validate({"tables": tables, "max_text_characters": 5_000_000, "max_unpacked_mb": 20})
    found = []
    for path in sorted(folder.rglob("*.*")):
        for part in parse(path.read_bytes(), path.relative_to(folder).as_posix(), params).parts:
            assert isinstance(part, Draft), part
            found.append({"document_id": part.explicit_id or path.name, "kind": part.kind, "text": part.text,
                          "metadata": json.dumps(part.metadata)})  # fmt: skip
    return pd.DataFrame(found)


@pytest.mark.shared
@pytest.mark.parametrize("name", SETS)
def test_every_record_of_a_real_set_becomes_an_example(name: str, shared_data: Path, tmp_path: Path) -> None:
    assert shared_data.is_dir()
    one = SETS[name]
    written = projects.write(name, tmp_path / "documents", rows=ROWS)
    found = documents(name, tmp_path / "documents")
    builder = parts.find("retune.core.builders", one.builder)
    options = {**({"tables": [name]} if one.text else {}), **one.columns}
    rows = builder.build(found, builder.Options.model_validate(options))
    assert len(rows) >= written > ROWS / 2
    assert "fault" not in rows or not rows["fault"].any()
    assert rows["text"].str.strip().all()
