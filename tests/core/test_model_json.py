import json
from typing import Any

import pytest

from retune.core import model_json

CODE: list[tuple[str, Any]] = [
    ("config.json", {"auto_map": {"AutoModel": "own.Model"}}),
    ("config.json", {"text_config": {"deep": [{"auto_map": {}}]}}),
    ("preprocessor_config.json", {"auto_map": {"AutoProcessor": "own.Processor"}}),
    ("config.json", {"keypoint_detector_config": {"trust_remote_code": True}}),
    ("config.json", {"trust_remote_code": "true"}),
    ("config.json", {"_attn_implementation_internal": "owner/kernel"}),
    ("config.json", {"attn_implementation": "owner/kernel"}),
    ("config.json", {"_attn_implementation": {"text_config": "owner/kernel@main:fn"}}),
    ("config.json", {"experts_implementation": "owner/kernel"}),
    ("config.json", {"custom_pipelines": {"x": {"impl": "own.Pipeline"}}}),
    ("config.json", {"loss": {"function": "os.system"}}),
    ("config.json", {"hooks": ["subprocess.Popen"]}),
    ("config.json", {"encoder": "owner/name--own.Model"}),
    ("tokenizer_config.json", {"tokenizer_class": "own.OwnTokenizer"}),
    ("tokenizer_config.json", {"tokenizer_class": "../own"}),
    ("tokenizer_config.json", {"tokenizer_file": "/etc/passwd"}),
    ("tokenizer_config.json", {"vocab_file": "../../vocab.txt"}),
    ("adapter_config.json", {"base_model_name_or_path": "https://example.org/model"}),
    ("adapter_config.json", {"base_model_name_or_path": "/another/path"}),
    ("adapter_config.json", {"base_model_name_or_path": "owner/name"}),
    ("adapter/adapter_config.json", {"base_model_name_or_path": "https://example.org/model"}),
    ("adapter/adapter_config.json", {"auto_mapping": {"parent_library": "os.path"}}),
    ("adapter/adapter_config.json", {"megatron_core": "own.core"}),
    ("modules.json", [{"type": "own_modules.Pooling"}]),
    ("model.safetensors.index.json", {"weight_map": {"a": "../other/model.safetensors"}}),
    ("model.safetensors.index.json", {"weight_map": {"a": "pytorch_model.bin"}}),
    ("model.safetensors.index.json", {"weight_map": {}}),
    ("retune_model.json", {"head": {"auto_map": "x"}}),
]
HARMLESS: list[tuple[str, Any]] = [
    ("config.json", {"architectures": ["BertModel"], "transformers_version": "5.23.0", "dtype": "torch.bfloat16"}),
    ("config.json", {"_name_or_path": "owner/name", "attn_implementation": "sdpa", "trust_remote_code": False}),
    ("config.json", {"quantization_config": {"modules_to_not_convert": ["model.embed_tokens", "lm_head"]}}),
    ("config.json", {"license_link": "https://example.org/licence"}),
    (
        "tokenizer_config.json",
        {"special_tokens_map_file": "/root/of/another/machine.json", "tokenizer_class": "T5Tokenizer"},
    ),
    ("tokenizer_config.json", {"tokenizer_class": None, "tokenizer_file": "tokenizer.json"}),
    ("tokenizer.json", {"model": {"vocab": {"auto_map": 1, "os.system": 2}}}),
    ("vocab.json", {"trust_remote_code": 5}),
    ("modules.json", [{"type": "sentence_transformers.models.Transformer"}]),
    (
        "adapter/adapter_config.json",
        {"target_modules": ["h.0.attn.c_attn"], "base_model_name_or_path": "bundled:minilm"},
    ),
    ("adapter/adapter_config.json", {"megatron_config": None, "megatron_core": "megatron.core"}),
    ("model.safetensors.index.json", {"weight_map": {"a": "model-00001-of-00002.safetensors"}}),
    ("retune_model.json", {"head": {"labels": ["it.support", "hr.pay"]}}),
]


@pytest.mark.parametrize(("name", "value"), CODE)
def test_what_could_run_fetch_or_read_elsewhere_is_named(name: str, value: Any) -> None:
    assert model_json.faults(name, value)


@pytest.mark.parametrize(("name", "value"), HARMLESS)
def test_what_published_bases_say_passes(name: str, value: Any) -> None:
    assert model_json.faults(name, value) == []


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', '{"a": {"b": 1, "b": 1}}', "[" * 100_000, "{", "﻿{}"])
def test_json_that_two_readers_may_read_otherwise_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        model_json.read(text)


def test_the_key_that_stands_twice_is_named() -> None:
    with pytest.raises(model_json.DuplicateKeyError, match="hidden_size"):
        model_json.read('{"hidden_size": 8, "x": 1, "hidden_size": 9}')


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"chat_template": "a"}, ["a"]),
        ({"chat_template": [{"name": "default", "template": "a"}, {"name": "tools", "template": "b"}]}, ["a", "b"]),
        ({"chat_template": {"default": "a"}}, ["a"]),
        ({}, []),
        ([], []),
    ],
)
def test_chat_templates_are_found_in_every_form(value: Any, expected: list[str]) -> None:
    assert list(model_json.templates(value).values()) == expected
    assert model_json.read(json.dumps(value)) == value
