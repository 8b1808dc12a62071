import json
from pathlib import Path

import pytest

from retune.core.errors import UserError
from retune.modeling.dialogue import Example, Scribe
from tests.modeling.heads.texts import DECODERS, TALK, frame, prompts, scribe, talks

LONG = "The meeting of the board moved from Monday to Thursday. " * 12


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bases")


def learnt(of: Scribe, example: Example) -> list[str]:
    """Return the stretches that are learnt, with their special tokens."""
    stretches: list[list[int]] = [[]]
    for token, own in zip(example.ids, example.learnt, strict=True):
        stretches += [[]] * (not own and bool(stretches[-1]))
        if own:
            stretches[-1] = [*stretches[-1], token]
    return [of.tokenizer.decode(stretch).strip() for stretch in stretches if stretch]


def text(of: Scribe, ids: list[int]) -> str:
    return str(of.tokenizer.decode(ids, skip_special_tokens=True))


@pytest.mark.case("CH-13")
@pytest.mark.parametrize("architecture", DECODERS)
@pytest.mark.parametrize("template", ["family", "plain", "alpaca", "vicuna", "chat"])
def test_every_turn_of_the_assistant_is_learnt_with_its_end_and_nothing_else(
    architecture: str, template: str, place: Path
) -> None:
    of = scribe(architecture, place, "chat", template=template)
    ((example,),) = of.examples(talks())
    assert example.learnt_tokens > 0
    found = learnt(of, example)
    ends = {of.tokenizer.convert_ids_to_tokens(end) for end in of.end_ids()}
    assert [next((one.removesuffix(end) for end in ends if one.endswith(end)), None) for one in found] == [
        "Yes, from eight.", "No, not then.",
    ]  # fmt: skip


@pytest.mark.case("CH-13")
@pytest.mark.parametrize("architecture", DECODERS)
def test_a_completion_is_learnt_with_the_end_of_the_text(architecture: str, place: Path) -> None:
    of = scribe(architecture, place)
    rows = prompts()
    for (example,), label in zip(of.examples(rows), rows["label"], strict=True):
        assert example.ids[-1] in of.end_ids()
        assert example.learnt[-1]
        assert text(of, [token for token, own in zip(example.ids, example.learnt, strict=True) if own]).strip() == label


@pytest.mark.parametrize("architecture", ["t5", "bart"])
def test_an_encoder_reads_the_prompt_and_a_decoder_learns_the_completion_with_its_end(
    architecture: str, place: Path
) -> None:
    of = scribe(architecture, place)
    ((example,),) = of.examples(frame(["Say it.\n"], ["It is."]))
    assert text(of, example.source).strip() == "Say it."
    assert text(of, example.ids) == "It is."
    assert all(example.learnt)
    assert example.ids[-1] == example.source[-1] == of.tokenizer.eos_token_id


@pytest.mark.parametrize("architecture", DECODERS)
@pytest.mark.parametrize("template", ["family", "plain", "chat"])
def test_a_text_begins_once(architecture: str, template: str, place: Path) -> None:
    of = scribe(architecture, place, "chat", template=template)
    begin = of.tokenizer.bos_token_id
    ((example,),) = of.examples(talks())
    if begin is not None and begin not in of.end_ids():
        assert example.ids.count(begin) == (1 if of.tokenizer("")["input_ids"] else 0)
    assert example.ids[:2] != [begin, begin]


@pytest.mark.parametrize("architecture", DECODERS)
def test_a_model_is_asked_with_the_very_tokens_that_it_learnt_to_answer(architecture: str, place: Path) -> None:
    for task_type, rows in (("text_generation", prompts()), ("chat", talks())):
        of = scribe(architecture, place, task_type)
        asked = of.prompts(rows["text"].tolist(), rows["context"].tolist())
        for (example,), ids in zip(of.examples(rows), asked, strict=True):
            assert example.ids[: len(ids)] == ids
            assert all(example.learnt[len(ids) :])


def test_what_is_too_long_loses_of_its_prompt_and_the_completion_survives(place: Path) -> None:
    of = scribe("llama", place, max_length=48)
    ((example,),) = of.examples(frame([f"{LONG}What is the word?\n"], ["It is the toner."]))
    assert example.is_cut
    assert len(example) <= 48
    assert learnt(of, example) == ["It is the toner.</s>"]
    assert "What is the word?" in text(of, example.ids), "what parts the prompt from the answer is at its end"


def test_a_completion_that_is_too_long_itself_loses_its_end_and_is_not_taught_to_end_there(place: Path) -> None:
    of = scribe("llama", place, max_length=48)
    ((example,),) = of.examples(frame(["Say it.\n"], [LONG]))
    assert example.is_cut
    assert len(example) == 48
    assert learnt(of, example)[0].startswith("The meeting of the board")
    assert "</s>" not in learnt(of, example)[0]


@pytest.mark.parametrize("instruction", ["", "Summarise:"])
def test_a_document_loses_its_end(instruction: str, place: Path) -> None:
    of = scribe("llama", place, "summarisation", max_length=64, instruction=instruction)
    ((example,),) = of.examples(frame([f"Anna Berg said it. {LONG}"], ["It moved."]))
    assert example.is_cut
    assert text(of, example.ids).startswith(f"{instruction}\n\nAnna Berg said it." if instruction else "Anna Berg")
    assert learnt(of, example) == ["It moved.</s>"]


def test_a_conversation_loses_its_oldest_turns_and_keeps_the_words_of_the_system(place: Path) -> None:
    messages = [{"role": "system", "content": "Be short."}, {"role": "user", "content": LONG}, *TALK[1:]]
    of = scribe("llama", place, "chat", max_length=64)
    ((example,),) = of.examples(frame([json.dumps(messages)], ["No, not then."]))
    assert example.is_cut
    assert len(example) <= 64
    found = text(of, example.ids)
    assert found.startswith("System: Be short.")
    assert "meeting" not in found
    assert learnt(of, example) == ["No, not then.</s>"]


def test_a_prompt_leaves_room_for_its_answer(place: Path) -> None:
    of = scribe("llama", place, max_length=64, max_new_tokens=24)
    (ids,) = of.prompts([LONG], [""])
    assert len(ids) <= 64 - 24


def test_a_raw_text_is_learnt_whole_in_blocks(place: Path) -> None:
    of = scribe("llama", place, "continued_pretraining", max_length=32)
    (blocks,) = of.examples(frame([LONG], [""]))
    assert all(len(block) <= 32 for block in blocks)
    assert not any(block.is_cut for block in blocks)
    assert text(of, [token for block in blocks for token in block.ids]) == LONG
    assert blocks[-1].ids[-1] == of.tokenizer.eos_token_id


def test_an_encoder_decoder_does_not_go_on_with_raw_text(place: Path) -> None:
    with pytest.raises(UserError, match="encoder-decoder"):
        scribe("t5", place, "continued_pretraining").examples(frame([LONG], [""]))


@pytest.mark.parametrize("cell", ["not JSON", "{}", '[{"content": "no role"}]', "[1]", '[{"role": 3}]'])
def test_a_cell_that_holds_no_conversation_is_refused(cell: str, place: Path) -> None:
    with pytest.raises(UserError, match="JSON list of messages"):
        scribe("llama", place, "chat").prompts([cell], [""])
