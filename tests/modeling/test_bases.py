import json
import shutil
from pathlib import Path

import pytest

from retune.core.errors import IntegrityError, UserError
from retune.modeling import bases
from retune.modeling.bases import BaseIdentity


def test_the_bundled_weights_are_the_published_ones() -> None:
    identity = bases.resolve("bundled:minilm")
    assert identity.weights_sha256 == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert identity.licence == "apache-2.0"
    assert (bases.locate(identity) / "tokenizer.json").is_file()


def test_an_identity_survives_its_json_file(tiny_base: Path) -> None:
    identity = bases.resolve(str(tiny_base))
    assert BaseIdentity.from_dict(json.loads(json.dumps(identity.as_dict()))) == identity
    assert identity.kind == "local"
    assert identity.architecture == "bert"


@pytest.mark.parametrize("spec", ["bundled:maxilm", "no-such-folder", "./no/such/folder", "/no/such"])
def test_a_base_that_is_not_there_says_what_to_do(spec: str) -> None:
    with pytest.raises(UserError, match=r"params\.yaml"):
        bases.resolve(spec)


def test_a_hub_base_without_a_network_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UserError, match="no copy here"):
        bases.resolve("owner/no-such-model")


def test_a_changed_weight_is_found_before_it_is_loaded(tiny_base: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_base, tmp_path / "copy")
    identity = bases.resolve(str(copy))
    content = bytearray((copy / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (copy / "model.safetensors").write_bytes(content)
    with pytest.raises(IntegrityError, match=r"model\.safetensors"):
        bases.locate(identity)
    assert bases.locate(identity, tiny_base) == tiny_base


def test_a_base_that_was_moved_away_is_named_and_found_again_where_retune_bases_says(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(tiny_base, tmp_path / "copy")
    identity = bases.resolve(str(copy))
    copy.rename(tmp_path / "moved")
    with pytest.raises(UserError, match=r"no such folder.*RETUNE_BASES"):
        bases.locate(identity)
    monkeypatch.setenv("RETUNE_BASES", f"{tmp_path}/nowhere:{tmp_path}/moved")
    assert bases.locate(identity) == tmp_path / "moved"


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UserError, match="pickle only"):
        bases.resolve(str(tmp_path))


def test_code_in_a_model_folder_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_base, tmp_path / "copy")
    (copy / "modeling_own.py").write_text("raise SystemExit")
    with pytest.raises(UserError, match=r"modeling_own\.py"):
        bases.resolve(str(copy))


def test_a_config_that_asks_for_code_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_base, tmp_path / "copy")
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "own.Model"}}))
    with pytest.raises(UserError, match=r"config\.json"):
        bases.resolve(str(copy))
