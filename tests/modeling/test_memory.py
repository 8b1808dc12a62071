from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from retune.core.errors import UserError
from retune.modeling import machine
from retune.modeling.heads.pooled import PooledLearner
from tests.modeling.test_train import bytes_of, losses, run

CPU = "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate"
ERRORS = [torch.OutOfMemoryError("CUDA out of memory"), MemoryError(), RuntimeError(CPU)]


@pytest.fixture
def most_rows(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Plant an end of memory: a batch of more rows than `most` fails, once `after` of them have been made."""

    def plant(most: int, after: int = 0, error: BaseException = ERRORS[0]) -> list[int]:
        made: list[int] = []
        collate = PooledLearner.collate

        def collated(self: PooledLearner, items: Any) -> Any:
            made.append(len(items))
            if len(made) > after and len(items) > most:
                raise error
            return collate(self, items)

        monkeypatch.setattr(PooledLearner, "collate", collated)
        return made

    return plant


@pytest.mark.case("TR-8")
@pytest.mark.parametrize("error", ERRORS, ids=["gpu", "python", "processor"])
def test_a_run_that_memory_ends_goes_on_as_one_that_began_with_the_small_batch(
    error: BaseException, tiny_base: Path, tmp_path: Path, most_rows: Callable[..., list[int]]
) -> None:
    asked: dict[str, Any] = {"epochs": 1, "dropout": 0.1, "select_by": "loss"}
    small, model = run(tiny_base, tmp_path / "small", gradient_accumulation=4, **asked)
    made = most_rows(2, error=error)
    halved, again = run(tiny_base, tmp_path / "halved", gradient_accumulation=1, **asked)
    assert made[:4] == [8, 4, 2, 2], "the longest step was tried first, in halves"
    assert losses(halved) == losses(small)
    assert bytes_of(again)["head.safetensors"] == bytes_of(model)["head.safetensors"]
    assert halved.facts["gradient_accumulation"] == 4
    assert "in 4 parts" in halved.facts["findings"]["out_of_memory"]


@pytest.mark.case("TR-8")
def test_memory_that_ends_later_changes_no_sum(
    tiny_base: Path, tmp_path: Path, most_rows: Callable[..., list[int]]
) -> None:
    asked: dict[str, Any] = {"epochs": 2, "dropout": 0.0, "method": "full"}
    whole, _ = run(tiny_base, tmp_path / "whole", **asked)
    made = most_rows(4, after=4)
    halved, _ = run(tiny_base, tmp_path / "halved", **asked)
    assert (made[3:7], halved.facts["gradient_accumulation"]) == ([8, 8, 4, 4], 2)
    assert losses(halved) == pytest.approx(losses(whole), rel=1e-4)
    assert losses(halved) != losses(whole), "nothing was computed in parts"


@pytest.mark.case("TR-8")
def test_parts_of_unlike_size_count_by_their_rows(tiny_base: Path, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"epochs": 1, "dropout": 0.0, "method": "full", "batch_size": 5}
    whole, _ = run(tiny_base, tmp_path / "whole", **asked)
    parted, _ = run(tiny_base, tmp_path / "parted", gradient_accumulation=2, **asked)
    assert losses(parted) == pytest.approx(losses(whole), rel=1e-4)


def test_a_row_that_does_not_fit_alone_ends_the_run_with_what_to_do(
    tiny_base: Path, tmp_path: Path, most_rows: Callable[..., list[int]]
) -> None:
    most_rows(0)
    with pytest.raises(UserError, match=r"train\.gradient_checkpointing"):
        run(tiny_base, tmp_path)


def test_other_errors_are_not_taken_for_an_end_of_memory(
    tiny_base: Path, tmp_path: Path, most_rows: Callable[..., list[int]]
) -> None:
    most_rows(0, error=RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError, match="shapes"):
        run(tiny_base, tmp_path)


def test_torch_itself_says_on_a_processor_what_is_recognised() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**58, dtype=torch.uint8)
    assert machine.is_out_of_memory(caught.value)
