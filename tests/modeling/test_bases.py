import json
import shutil
from fnmatch import fnmatch
from pathlib import Path

import pytest

from retune.core.errors import IntegrityError, UserError
from retune.modeling import bases
from retune.modeling.bases import BaseIdentity
from retune.modeling.families import encoder
from tests.modeling.tiny import tiny


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


def write_card(folder: Path, licence: str) -> None:
    (folder / "README.md").write_text(f"---\nlicense: {licence}\n---\n# A base\n")


def test_the_licence_of_a_base_is_read_from_its_card_else_its_licence_file_else_its_settings(
    tiny_base: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(tiny_base, tmp_path / "copy")
    assert bases.resolve(str(copy)).licence == ""
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "license": "cc-by-nc-4.0"}))
    assert bases.resolve(str(copy)).licence == "cc-by-nc-4.0"
    (copy / "LICENSE.txt").write_text("Apache License\n     Version 2.0, January 2004\n")
    assert bases.resolve(str(copy)).licence == "apache-2.0"
    write_card(copy, "[mit, apache-2.0]")
    assert bases.resolve(str(copy)).licence == "mit, apache-2.0"


def test_a_licence_that_is_not_allowed_or_not_known_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_base, tmp_path / "copy")
    with pytest.raises(UserError, match=r"an unknown licence.*front matter of its README.md"):
        bases.resolve(str(copy), allowed=["apache-2.0"])
    write_card(copy, "llama2")
    with pytest.raises(UserError, match=r"under apache-2\.0 or mit; found .* under llama2\. .*resolve\.licences"):
        bases.resolve(str(copy), allowed=["apache-2.0", "mit"])
    assert bases.resolve(str(copy), allowed=["Llama2"]).licence == "llama2"
    assert bases.resolve("bundled:minilm", allowed=["apache-2.0"]).licence == "apache-2.0"
    with pytest.raises(UserError, match=r"bundled:minilm under apache-2\.0"):
        bases.resolve("bundled:minilm", allowed=["mit"])


def fits(name: str, patterns: list[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a repository from which snapshots take what is asked for, as the hub's client does."""
    source, commit = tiny("qwen3", tmp_path / "source"), "a" * 40
    write_card(source, "llama3")
    (source / "modeling_own.py").write_text("raise SystemExit")

    def snapshot(_: str, *, revision: str | None, allow_patterns: list[str], ignore_patterns: list[str]) -> str:
        assert revision in (None, commit)
        place = tmp_path / "snapshots" / commit
        place.mkdir(parents=True, exist_ok=True)
        named = [path.name for path in source.iterdir()]
        for name in (name for name in named if fits(name, allow_patterns) and not fits(name, ignore_patterns)):
            shutil.copyfile(source / name, place / name)
        return str(place)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    return source


def test_a_hub_base_is_pinned_to_its_commit_with_its_licence_and_chat_template(hub: Path) -> None:
    identity = bases.resolve("owner/name")
    assert (identity.kind, identity.revision, identity.licence) == ("hub", "a" * 40, "llama3")
    assert set(identity.files) >= {"model.safetensors", "tokenizer.json", "chat_template.jinja"}
    assert not (bases.locate(identity) / "modeling_own.py").exists()
    assert hub.is_dir()


def test_a_hub_base_whose_licence_is_not_allowed_is_refused_before_its_weights_are_fetched(
    hub: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="under llama3"):
        bases.resolve("owner/name", allowed=["mit"])
    fetched = {path.name for path in (tmp_path / "snapshots").rglob("*") if path.is_file()}
    assert fetched == {"README.md", "config.json"}
    assert (hub / "model.safetensors").is_file()


def test_weights_in_several_files_are_one_base(tiny_base: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_base, tmp_path / "copy")
    split(copy)
    identity = bases.resolve(str(copy))
    assert sum(name.endswith(".safetensors") for name in identity.files) == 2
    assert identity.weights_sha256 not in identity.files.values()
    body, _ = encoder.load(bases.locate(identity))
    whole, _ = encoder.load(tiny_base)
    assert all(tensor.equal(whole.state_dict()[name]) for name, tensor in body.state_dict().items())
    (copy / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(UserError, match=r"model-00002-of-00002\.safetensors not there"):
        bases.resolve(str(copy))


def split(folder: Path) -> None:
    """Put the weights of a base into two files with an index, as large ones are published."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    names = [f"model-0000{place}-of-00002.safetensors" for place in (1, 2)]
    where = {name: names[place % 2] for place, name in enumerate(sorted(tensors))}
    for file in names:
        chosen = {name: tensors[name] for name in where if where[name] == file}
        save_file(chosen, folder / file, metadata={"format": "pt"})
    index = {"metadata": {"total_size": 1}, "weight_map": where}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "model.safetensors").unlink()
