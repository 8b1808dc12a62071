"""What each kind of check promises; a new file is held to it by being there."""

import copy
import subprocess
import sys
from typing import Any

import pytest

from retune.core.prepare import chat, pairs
from retune.core.prepare.conversations import conversation
from retune.core.prepare.findings import LEVELS, NECESSARY, RECOMMENDED
from retune.core.prepare.sheet import Row, Sheet, kind_of
from tests.core.prepare.toys import CHARACTERS, clean, labelled

ODD = [
    [{"prompt": "a", "completion": "b"}],
    [{"prompt": "", "completion": " x" * 9000}] * 4,
    [{"prompt": "SAME " * 50, "completion": "NO"}] * 9,
    [{"prompt": "\n\n###\n\n", "completion": " \n.*** END"}, {"prompt": "b ->", "completion": "\n"}],
    labelled(40, (" Yes", " yes")),
]
GARBAGE: list[Any] = [None, 5, "a", [], {}, {"messages": None}, {"messages": [None, 5, [], {}]},
                      {"messages": [{"role": [], "content": {}, "tool_calls": [None, {"id": []}], "weight": "a"}]},
                      {"messages": [{"role": "tool", "tool_call_id": []}, {"role": {}, "tool_calls": 5}]},
                      {"messages": [{"role": "user", "content": [None, {"type": []}, {"type": "text"}]}]},
                      {"input": 5, "preferred_output": {}, "non_preferred_output": None}]  # fmt: skip


def sheet_of(rows: list[dict[str, str]]) -> Sheet:
    sheet = Sheet(tuple(Row(number, row) for number, row in enumerate(rows)), CHARACTERS)
    return Sheet(sheet.rows, CHARACTERS, kind_of(sheet))


@pytest.mark.parametrize("name", pairs.checks())
@pytest.mark.parametrize("rows", ODD)
def test_a_check_of_pairs_changes_nothing_itself_and_its_repair_leaves_nothing_to_repair(
    name: str, rows: list[dict[str, str]]
) -> None:
    part, sheet = pairs.checks()[name], sheet_of(rows)
    before = copy.deepcopy(sheet.rows)
    found = part.look(sheet)
    assert found == part.look(sheet)
    assert sheet.rows == before
    for finding in found:
        assert finding.level in LEVELS
        assert finding.message
        assert set(finding.rows) <= set(range(len(rows)))
        assert (finding.repair is not None) == (finding.level in (NECESSARY, RECOMMENDED))
        if finding.repair is not None:
            after = sheet.repaired(finding.repair)
            assert finding.repair not in [one.repair for one in part.look(after)] if after.rows else True


@pytest.mark.parametrize("name", pairs.checks())
def test_a_check_of_pairs_has_an_order_of_its_own_and_mends_nothing_that_is_well(name: str) -> None:
    parts = pairs.checks()
    assert [part.ORDER for part in parts.values()].count(parts[name].ORDER) == 1
    assert [one for one in parts[name].look(sheet_of(clean())) if one.repair] == []
    assert (parts[name].__doc__ or "").endswith(".")


@pytest.mark.parametrize("name", chat.checks())
def test_a_check_of_conversations_counts_faults_in_anything_and_none_in_a_good_one(name: str) -> None:
    part = chat.checks()[name]
    assert part.LEVEL in ("error", "warning")
    assert part.MEANING
    for row in GARBAGE:
        assert part.faults(conversation(row)) >= 0
    good = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    assert part.faults(conversation(good)) == 0


@pytest.mark.parametrize("row", GARBAGE)
def test_every_piece_of_garbage_is_an_error(row: Any) -> None:
    assert chat.check_chat([row], CHARACTERS, lambda *_: True, drop_invalid=False).error


def test_no_check_and_no_format_imports_a_heavy_library() -> None:
    code = (
        "import sys\nfrom retune.core.parts import load_all\n"
        "for kind in ('formats', 'pair_checks', 'chat_checks'): load_all('retune.core.prepare.' + kind)\n"
        "print([name for name in ('openpyxl', 'pandas', 'torch', 'tokenizers', 'numpy') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ended.stdout.strip() == "[]"
