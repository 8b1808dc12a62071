from pathlib import Path

from retune.modeling import checkpoints


def sealed(folder: Path, step: int) -> Path:
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    for name in ("weights.safetensors", "optimizer.pt"):
        (path / name).write_text(f"{name} at {step}")
    checkpoints.seal(path)
    return path


def test_the_newest_whole_checkpoint_is_taken(tmp_path: Path) -> None:
    sealed(tmp_path, 9)
    newest = sealed(tmp_path, 10)
    assert checkpoints.newest(tmp_path) == newest


def test_a_half_written_checkpoint_is_skipped_for_the_one_before(tmp_path: Path) -> None:
    whole = sealed(tmp_path, 4)
    (tmp_path / "checkpoint-8").mkdir()
    (tmp_path / "checkpoint-8" / "weights.safetensors").write_text("no manifest yet")
    assert checkpoints.newest(tmp_path) == whole
    assert not (tmp_path / "checkpoint-8").exists()


def test_a_missing_or_changed_file_makes_a_checkpoint_invalid(tmp_path: Path) -> None:
    whole = sealed(tmp_path, 4)
    (sealed(tmp_path, 5) / "optimizer.pt").unlink()
    assert checkpoints.newest(tmp_path) == whole
    (sealed(tmp_path, 6) / "optimizer.pt").write_text("cut")
    assert checkpoints.newest(tmp_path) == whole


def test_a_file_in_a_folder_of_its_own_counts_too(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint-1"
    (checkpoint / "optimizer").mkdir(parents=True)
    (checkpoint / "optimizer" / "shard-0").write_text("half of it")
    checkpoints.seal(checkpoint)
    assert checkpoints.is_whole(checkpoint)
    (checkpoint / "optimizer" / "shard-0").write_text("another")
    assert not checkpoints.is_whole(checkpoint)


def test_no_checkpoint_is_no_error(tmp_path: Path) -> None:
    assert checkpoints.newest(tmp_path / "none") is None


def test_two_checkpoints_are_kept(tmp_path: Path) -> None:
    for step in (2, 10, 9):
        sealed(tmp_path, step)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-10", "checkpoint-9"]
