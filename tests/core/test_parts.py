from __future__ import annotations

from pathlib import Path

import pytest

from retune.core import parts
from retune.core.counts import Counts
from retune.core.errors import IntegrityError, UserError


def test_an_unknown_part_lists_the_known_ones_and_the_nearest() -> None:
    with pytest.raises(UserError, match=r"iban.*Did you mean iban\?"):
        parts.find("retune.core.recognizers", "ibam")


def test_a_part_is_found_by_its_path() -> None:
    assert parts.at(Path("retune/core/recognizers/iban.py")).__name__ == "retune.core.recognizers.iban"


def test_a_count_that_does_not_add_up_is_refused() -> None:
    Counts("ingest", "files", rows_in=5, rows_out=3, rejected=1, quarantined=1)
    with pytest.raises(IntegrityError, match="5 files came in"):
        Counts("ingest", "files", rows_in=5, rows_out=3, rejected=1)
