"""The template doctor names each fault that silently spoils a training on text, and finds none where all is well."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from transformers import AutoTokenizer

from retune.core import parts
from retune.core.errors import UserError
from retune.modeling import sheets, template_doctor
from retune.modeling.dialogue import Example, Scribe
from tests.modeling.tiny import CHATML, tiny

WRITING = {"max_new_tokens": 16, "packing": False}
ANSWERING = {**WRITING, "template": "family", "loss_on": "completion", "truncated_share": 1.0}
FAMILIES = {"qwen3": "qwen", "phi3": "phi", "gemma3_text": "gemma", "gpt2": "gpt2", "t5": "t5", "llama": "llama",
            "mistral": "mistral", "bart": "bart"}  # fmt: skip
TALK = [
    {"role": "user", "content": "Is the gate open?"},
    {"role": "assistant", "content": "Which one?"},
    {"role": "user", "content": "The one of hall 3."},
]
SYSTEM = {"role": "system", "content": "Be brief and kind."}
CHAT_ROWS = pd.DataFrame(
    [
        {"text": json.dumps(TALK), "context": "", "label": "It opens at six."},
        {"text": json.dumps(TALK[:1]), "context": "", "label": "Yes, until nine in the evening, but on Sundays."},
    ]
)
ROWS = {
    "chat": CHAT_ROWS,
    "text_generation": pd.DataFrame(
        [
            {"text": "Name the day.", "context": "Monday", "label": "Tuesday"},
            {"text": "Say yes.", "context": "", "label": "Yes, of course, as often as you like."},
        ]
    ),
    "continued_pretraining": pd.DataFrame([{"text": "The office opens at eight.", "context": "", "label": ""}] * 2),
}

PAIRS = [
    (architecture, task_type)
    for architecture in FAMILIES
    for task_type in ROWS
    if architecture not in ("t5", "bart") or task_type != "continued_pretraining"  # they do not go on with a text
]


@pytest.fixture(scope="module")
def scribe_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Scribe]:
    """Return what makes a scribe of a task type for an architecture; other settings may be given."""
    place = tmp_path_factory.mktemp("tokenizers")

    def made(architecture: str, task_type: str = "chat", chat_template: str | None = None, **changes: Any) -> Scribe:
        folder = place / architecture
        tokenizer = AutoTokenizer.from_pretrained(folder if folder.exists() else tiny(architecture, folder))
        tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
        tokenizer.chat_template = chat_template or tokenizer.chat_template
        part = parts.find("retune.modeling.task_types", task_type)
        given = WRITING if task_type == "continued_pretraining" else {**ANSWERING, **changes}
        family = parts.find("retune.modeling.families", FAMILIES[architecture])
        return Scribe(part, part.Settings.model_validate(given), family, tokenizer, 256)

    return made


def faults(
    scribe: Scribe, rows: pd.DataFrame = CHAT_ROWS, examples: list[list[Example]] | None = None
) -> dict[str, str]:
    found = template_doctor.examine(scribe, rows, examples or scribe.examples(rows))
    return {fault.name: fault.message for fault in found}


@pytest.mark.case("CH-12", "CH-13")
@pytest.mark.parametrize(("architecture", "task_type"), PAIRS)
def test_what_is_learnt_is_the_answer_and_its_end_for_every_family(
    scribe_of: Callable[..., Scribe], architecture: str, task_type: str
) -> None:
    scribe = scribe_of(architecture, task_type)
    found = faults(scribe, ROWS[task_type])
    assert not set(found) & set(template_doctor.SPOILING), found
    for row, label in zip(scribe.examples(ROWS[task_type]), ROWS[task_type]["label"], strict=True):
        (example,) = row
        assert example.learnt_tokens > 0
        (last,) = [ids for learnt, ids in template_doctor.runs(example) if learnt][-1:]
        said = scribe.tokenizer.decode(last, skip_special_tokens=True)
        assert said.strip() == (label or ROWS[task_type]["text"][0])
        assert last[-1] in scribe.end_ids()


@pytest.mark.case("CH-12")
def test_a_template_without_an_end_of_turn_is_named(scribe_of: Callable[..., Scribe]) -> None:
    endless = CHATML.replace("<|im_end|>", "").replace("<|im_start|>", "## ")
    found = faults(scribe_of("qwen3", chat_template=endless))
    assert found["no_end"] == "rows with a stretch that is learnt without its end of turn (2 of 2)"


@pytest.mark.case("CH-12")
def test_an_end_that_also_pads_keeps_its_loss_and_one_that_loses_it_is_named(
    scribe_of: Callable[..., Scribe], monkeypatch: pytest.MonkeyPatch
) -> None:
    scribe = scribe_of("llama")
    scribe.tokenizer.pad_token = scribe.tokenizer.eos_token
    assert "pad_hides_end" not in faults(scribe)
    whole = sheets.decoder_batch

    def masked(examples: Any, pad_id: int) -> Any:
        batch = whole(examples, pad_id)
        kept = batch["targets"] != pad_id  # as collators do that tell padding by its id
        return batch | {name: batch[name][kept] for name in ("targets", "places")}

    monkeypatch.setattr(sheets, "decoder_batch", masked)
    assert faults(scribe)["pad_hides_end"] == "ends of turns without a loss, since </s> also pads (3 of 3)"


@pytest.mark.case("CH-12")
def test_a_text_that_begins_twice_is_named(scribe_of: Callable[..., Scribe]) -> None:
    twice = "{{ bos_token }}{{ bos_token }}" + CHATML
    scribe = scribe_of("mistral", chat_template=twice.replace("<|im_end|>", "{{ eos_token }}"), template="chat")
    assert faults(scribe)["begins_twice"] == "texts that begin with <s> twice (2 of 2)"


@pytest.mark.case("CH-12")
@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}" + CHATML, "accepts no system"),
        (
            "{% set messages = messages | rejectattr('role', 'equalto', 'system') | list %}" + CHATML,
            "leaves out what a system message says",
        ),
    ],
)
def test_a_template_without_a_system_is_named(scribe_of: Callable[..., Scribe], template: str, message: str) -> None:
    scribe = scribe_of("qwen3", chat_template=template)
    assert message in faults(scribe)["no_system"]
    assert "left_out" not in faults(scribe)


@pytest.mark.case("CH-12")
def test_words_that_a_template_leaves_out_are_named(scribe_of: Callable[..., Scribe]) -> None:
    silent = CHATML.replace("{{ message['content'] }}", "{{ message['content'] if message.role != 'system' else '' }}")
    rows = CHAT_ROWS.assign(text=[json.dumps([SYSTEM, *TALK]), json.dumps(TALK)])
    assert "in 1 of 2 conversations" in faults(scribe_of("qwen3", chat_template=silent), rows)["left_out"]


@pytest.mark.case("CH-12")
def test_a_base_without_a_template_of_its_own_is_named(scribe_of: Callable[..., Scribe]) -> None:
    assert "no chat template" in faults(scribe_of("llama"))["no_chat_template"]
    assert "no_chat_template" not in faults(scribe_of("qwen3"))
    raw = scribe_of("llama", "continued_pretraining")
    assert "no_chat_template" not in faults(raw, ROWS["continued_pretraining"])
    assert "no_chat_template" not in faults(scribe_of("llama", template="vicuna"))


@pytest.mark.case("CH-12")
def test_a_role_that_the_template_does_not_know_is_named(scribe_of: Callable[..., Scribe]) -> None:
    rows = CHAT_ROWS.assign(text=json.dumps([*TALK, {"role": "tool", "content": "6 to 21"}]))
    assert faults(scribe_of("llama"), rows)["unknown_role"] == "what tool said is written as the user's words"


@pytest.mark.case("CH-12")
def test_rows_longer_than_the_model_reads_are_named_from_one_in_twenty_on(scribe_of: Callable[..., Scribe]) -> None:
    rows = pd.concat([CHAT_ROWS.head(1)] * 40, ignore_index=True)
    rows.loc[:1, "label"] = "It opens at six. " * 99
    assert "too_long" not in faults(scribe_of("qwen3"), rows)
    rows.loc[:2, "label"] = "It opens at six. " * 99
    assert faults(scribe_of("qwen3"), rows)["too_long"].startswith("8% of the rows are longer than max_length, 256")


@pytest.mark.case("CH-13")
def test_a_training_on_nothing_is_named_and_refused(scribe_of: Callable[..., Scribe]) -> None:
    unlike = CHATML.replace("<|im_start|>assistant\n", "<|im_start|>robot\n")  # no prompt begins as its conversation
    scribe = scribe_of("qwen3", chat_template=unlike)
    found = template_doctor.examine(scribe, CHAT_ROWS, scribe.examples(CHAT_ROWS))
    assert "nothing_learnt" in {fault.name for fault in found}
    with pytest.raises(UserError, match="nothing_learnt: rows without a token that is learnt"):
        template_doctor.refuse(found)


@pytest.mark.case("CH-13")
def test_a_mask_over_the_users_words_is_named(scribe_of: Callable[..., Scribe]) -> None:
    scribe = scribe_of("qwen3")
    inverted = [
        [replace(row[0], learnt=[not learnt for learnt in row[0].learnt])] for row in scribe.examples(CHAT_ROWS)
    ]
    assert faults(scribe, examples=inverted)["other_text"].endswith("that is learnt is not their answer (2 of 2)")


def test_one_strange_row_of_many_is_told_and_stops_nothing(scribe_of: Callable[..., Scribe]) -> None:
    scribe, rows = scribe_of("qwen3"), pd.concat([CHAT_ROWS] * 20, ignore_index=True)
    examples = scribe.examples(rows)
    examples[0] = [replace(examples[0][0], learnt=[False] * len(examples[0][0].ids))]
    found = template_doctor.examine(scribe, rows, examples)
    assert "rows without a token that is learnt (1 of 40)" in {fault.message for fault in found}
    template_doctor.refuse(found)


def test_warnings_alone_stop_nothing(scribe_of: Callable[..., Scribe]) -> None:
    scribe = scribe_of("llama")
    template_doctor.refuse(template_doctor.examine(scribe, CHAT_ROWS, scribe.examples(CHAT_ROWS)))
