"""The zoo of model folders that could run code (S1): each is the tiny base with one thing wrong."""

import json
import os
import pickle
import shutil
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from retune.core import parts
from retune.core.errors import UserError
from retune.modeling import bases, unsafe
from retune.modeling.families import encoder
from tests.core.part_contracts import example_of
from tests.modeling.tiny import ARCHITECTURES, tiny

Spoil = Callable[[Path, Path], object]
ESCAPE = "{{{{ ''.__class__.__mro__[1].__subclasses__() | map('attr', '{0}') }}}}{{{{ cycler.open('{0}') }}}}"


class Bomb:
    """An object whose pickle writes a file when it is loaded."""

    def __init__(self, sentinel: Path) -> None:
        self.sentinel = sentinel

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.sentinel}",)


def add_pickle(name: str) -> Spoil:
    return lambda folder, sentinel: (folder / name).write_bytes(pickle.dumps(Bomb(sentinel)))


def add_code(name: str) -> Spoil:
    def spoil(folder: Path, sentinel: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"open({str(sentinel)!r}, 'w').close()\n")

    return spoil


def add(name: str, content: bytes) -> Spoil:
    return lambda folder, _: (folder / name).write_bytes(content)


def change(name: str, **values: Any) -> Spoil:
    """Change the settings in a JSON file, beside code that they could ask for."""

    def spoil(folder: Path, sentinel: Path) -> None:
        old = json.loads((folder / name).read_text()) if (folder / name).is_file() else {}
        (folder / name).write_text(json.dumps({**old, **values}).replace("SENTINEL", str(sentinel)))

    return spoil


def only_pickle(folder: Path, sentinel: Path) -> None:
    (folder / "model.safetensors").unlink()
    add_pickle("pytorch_model.bin")(folder, sentinel)


def torch_archive(folder: Path, sentinel: Path) -> None:
    import torch

    torch.save(Bomb(sentinel), folder / "weights.txt")


def link_out(name: str) -> Spoil:
    def spoil(folder: Path, sentinel: Path) -> None:
        elsewhere = sentinel.with_name("elsewhere")
        elsewhere.mkdir()
        if (folder / name).is_file():
            (folder / name).rename(elsewhere / name)
            (folder / name).symlink_to(elsewhere / name)
        else:
            (folder / name).symlink_to(elsewhere)

    return spoil


def header(content: bytes, length: int | None = None) -> Spoil:
    """Put another header before the weights; `length` is what it claims to have."""
    start = struct.pack("<Q", len(content) if length is None else length)
    return lambda folder, _: (folder / "model.safetensors").write_bytes(start + content + bytes(16))


def duplicate_key(folder: Path, _: Path) -> None:
    text = (folder / "config.json").read_text()
    (folder / "config.json").write_text(text.replace("{", '{"model_type": "own",', 1))


def template(folder: Path, sentinel: Path) -> None:
    (folder / "chat_template.jinja").write_text(ESCAPE.format(sentinel))


def pipe(folder: Path, _: Path) -> None:
    os.mkfifo(folder / "vocab.txt")


OVERLAP = json.dumps(
    {name: {"dtype": "F32", "shape": [3], "data_offsets": place} for name, place in (("a", [0, 12]), ("b", [4, 16]))}
).encode()
TWICE = b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'
ADAPTER = "adapter_config.json"
ZOO: dict[str, tuple[Spoil, str]] = {
    "weights as a pickle": (only_pickle, r"pytorch_model\.bin: it is a pickle"),
    "a pickle beside the weights": (add_pickle("optimizer.pt"), r"optimizer\.pt: it is a pickle"),
    "a pickle named as weights": (add_pickle("model.safetensors"), r"model\.safetensors: its header"),
    "a pickle named as a vocabulary": (add_pickle("spiece.model"), r"spiece\.model: it is a pickle"),
    "what torch.save writes named as a text": (torch_archive, r"weights\.txt: it is a zip"),
    "an old pickle": (add("weights.pkl", b"cos\nsystem\n(S'true'\ntR."), r"weights\.pkl: a file of the kind \.pkl"),
    "auto_map": (change("config.json", auto_map={"AutoModel": "own.Model"}), r"config\.json: auto_map asks for code"),
    "auto_map of a tokenizer": (
        change("tokenizer_config.json", auto_map={"AutoTokenizer": ["own.T", None]}),
        "auto_map",
    ),
    "auto_map deep in another model": (change("config.json", a={"b": [{"auto_map": {}}]}), r"a\.b\.auto_map asks"),
    "a nested flag, as in LightGlue": (
        change("config.json", detector={"trust_remote_code": True}),
        "trust_remote_code",
    ),
    "an attention of its own": (change("config.json", _attn_implementation_internal="owner/kernel"), "asks for code"),
    "an attention from the hub": (change("config.json", attn_implementation="owner/kernel"), "a kernel of its own"),
    "a nested import": (
        change("config.json", loss={"function": "os.system"}),
        r"loss\.function names something to import",
    ),
    "pipelines of its own": (change("config.json", custom_pipelines={"x": {"impl": "own.P"}}), "custom_pipelines"),
    "code": (add_code("modeling_own.py"), r"modeling_own\.py: a file of the kind \.py"),
    "code in a folder": (add_code("custom_generate/generate.PY"), r"custom_generate/generate\.PY"),
    "a library": (add("libown.so", b"\x7fELF\x02\x01"), r"libown\.so: it is a program"),
    "weights that lie elsewhere": (link_out("model.safetensors"), "a link out of the folder"),
    "a folder that lies elsewhere": (link_out("1_Pooling"), "a link out of the folder"),
    "no file": (pipe, r"vocab\.txt: it is no file"),
    "a header larger than the file": (header(b"{}", 10**9), r"header would be 1,000,000,000 bytes"),
    "a header of negative length": (header(b"{}", 2**64 - 1), "header would be"),
    "tensors over each other": (header(OVERLAP), "lie over each other"),
    "a tensor that stands twice": (header(TWICE), "the key a stands twice"),
    "a key that stands twice": (duplicate_key, "the key model_type stands twice"),
    "an adapter of an address": (change(ADAPTER, base_model_name_or_path="https://example.org/m"), "is an address"),
    "an adapter of another folder": (change(ADAPTER, base_model_name_or_path="/another/base"), "would be loaded"),
    "a template that leaves its sandbox": (template, r"chat_template\.jinja: it reaches for __class__"),
    "the same in a tokenizer's settings": (
        change("tokenizer_config.json", chat_template=ESCAPE.format("SENTINEL")),
        r"tokenizer_config\.json: chat_template: it reaches for",
    ),
    "a tokenizer of its own": (change("tokenizer_config.json", tokenizer_class="own.Tokenizer"), "names code"),
    "a tokenizer that lies elsewhere": (change("tokenizer_config.json", tokenizer_file="/tmp/t.json"), "elsewhere"),
    "weights of another folder": (
        change("model.safetensors.index.json", weight_map={"a": "../b/model.safetensors"}),
        "no file of safetensors beside it",
    ),
    "JSON without end": (add("generation_config.json", b"[" * 100_000), "nested too deeply"),
}


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return a list to which every socket that is opened from now on is added."""
    opened: list[Any] = []

    class Counted(socket.socket):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            opened.append(arguments)
            super().__init__(*arguments, **named)

    monkeypatch.setattr(socket, "socket", Counted)
    return opened


@pytest.fixture
def no_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test fail where anything is unpickled, rendered or given to transformers."""
    import jinja2
    import torch
    import transformers

    def fail(*_: Any, **__: Any) -> None:
        pytest.fail("something was loaded")

    for place, name in (
        (pickle, "load"), (pickle, "loads"), (torch, "load"), (jinja2.Template, "render"),
        (transformers.AutoConfig, "from_pretrained"), (transformers.AutoModel, "from_pretrained"),
        (transformers.AutoTokenizer, "from_pretrained"),
    ):  # fmt: skip
        monkeypatch.setattr(place, name, fail)


@pytest.mark.case("S1")
@pytest.mark.parametrize("name", ZOO)
def test_a_folder_that_could_run_code_is_refused_before_anything_is_loaded(
    name: str, tiny_base: Path, tmp_path: Path, no_sockets: list[Any], no_loading: None
) -> None:
    folder, sentinel = shutil.copytree(tiny_base, tmp_path / "base"), tmp_path / "sentinel"
    spoil, words = ZOO[name]
    spoil(folder, sentinel)
    with pytest.raises(UserError, match=words):
        bases.resolve(str(folder))
    assert not sentinel.exists()
    assert no_sockets == []


def test_the_zoo_has_all_of_the_case() -> None:
    assert len(ZOO) >= 25


def test_the_bombs_of_the_zoo_go_off_where_they_are_loaded(tmp_path: Path) -> None:
    sentinel = tmp_path / "sentinel"
    add_pickle("weights.pkl")(tmp_path, sentinel)
    pickle.loads((tmp_path / "weights.pkl").read_bytes())  # noqa: S301 - that it goes off is what is shown
    assert sentinel.exists()
    sentinel.unlink()
    add_code("own.py")(tmp_path, sentinel)
    exec((tmp_path / "own.py").read_text())  # noqa: S102 - that it would run is what is shown
    assert sentinel.exists()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_what_transformers_writes_passes(architecture: str, tmp_path: Path) -> None:
    unsafe.refuse(tiny(architecture, tmp_path / architecture))


def test_the_bundled_base_passes() -> None:
    assert bases.locate(bases.resolve("bundled:minilm")).is_dir()


@pytest.mark.parametrize("name", ["lora", "dora", "rslora", "full", "head"])
def test_what_a_method_saves_passes(name: str, tiny_base: Path, tmp_path: Path) -> None:
    method = parts.find("retune.modeling.methods", name)
    adapted = method.adapt(encoder.load(tiny_base)[0], encoder, example_of(method.Settings))
    (tmp_path / "model").mkdir()
    method.save(adapted, tmp_path / "model", "/a/base/on/another/machine")
    shutil.copyfile(tiny_base / "model.safetensors", tmp_path / "model" / "head.safetensors")
    unsafe.refuse(tmp_path / "model")


@pytest.mark.shared
def test_a_real_llama_passes(shared_data: Path) -> None:
    identity = bases.resolve(str(shared_data / "data" / "models" / "stories260k-hf"))
    assert identity.architecture == "llama"


def test_a_snapshot_of_the_hubs_cache_passes_whose_files_are_links_into_it(tiny_base: Path, tmp_path: Path) -> None:
    repository = tmp_path / "models--owner--name"
    snapshot = repository / "snapshots" / ("0" * 40)
    shutil.copytree(tiny_base, repository / "blobs")
    snapshot.mkdir(parents=True)
    for path in (repository / "blobs").iterdir():
        (snapshot / path.name).symlink_to(Path("../../blobs") / path.name)
    unsafe.refuse(snapshot)


def test_what_surrounds_a_published_base_passes(tiny_base: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_base, tmp_path / "base")
    (folder / ".git" / "hooks").mkdir(parents=True)
    (folder / ".git" / "hooks" / "pre-commit.py").write_text("1")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    (folder / "LICENSE").write_text("MIT")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    unsafe.refuse(folder)


def test_a_header_whose_length_begins_as_a_pickle_does_passes(tmp_path: Path) -> None:
    content = b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'.ljust(0x280)
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", 0x280) + content + b"x")
    unsafe.refuse(tmp_path)


def test_all_that_is_wrong_is_said_at_once(tiny_base: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_base, tmp_path / "base")
    for place in range(9):
        (folder / f"own{place}.py").write_text("1")
    with pytest.raises(UserError, match=r"own0\.py.*own5\.py.*and 3 more.*save_pretrained"):
        unsafe.refuse(folder)
