from pathlib import Path

import pytest
import torch

from retune.modeling import generation
from retune.modeling.generation import Answer, Greedy
from retune.modeling.writer import Writer
from tests.modeling.heads.texts import FAMILIES, prompts, writer_and_scribe

NEW = 20


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bases")


def ready(architecture: str, place: Path) -> tuple[Writer, list[list[int]], int]:
    """Return a tiny base whose weights are far enough from each other that it says something, and prompts."""
    of, scribe = writer_and_scribe(architecture, place)
    torch.manual_seed(2)
    with torch.no_grad():
        for parameter in of.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    rows = prompts(12)
    return of.eval(), scribe.prompts(rows["text"].tolist(), rows["context"].tolist()), scribe.tokenizer.pad_token_id


def various(answers: list[Answer]) -> int:
    """Return the token by which answers end at the most different steps."""
    said = {token for answer in answers for token in answer.ids}
    return max(sorted(said), key=lambda token: len({(*answer.ids, token).index(token) for answer in answers}))


def by_transformers(of: Writer, prompt: list[int], ends: list[int]) -> list[int]:
    given = torch.tensor([prompt])
    of.base.generation_config.forced_eos_token_id = None
    with torch.no_grad():
        found = of.base.generate(
            given, attention_mask=torch.ones_like(given), max_new_tokens=NEW, do_sample=False, eos_token_id=ends
        )[0].tolist()
    return list(found[1:] if of.has_encoder else found[len(prompt) :])


@pytest.mark.parametrize("architecture", FAMILIES)
def test_many_rows_at_once_are_written_as_transformers_writes_each_alone(architecture: str, place: Path) -> None:
    of, asked, pad_id = ready(architecture, place)
    ends = [various(Greedy(of, pad_id, [], NEW).answers(asked))]
    answers = Greedy(of, pad_id, ends, NEW).answers(asked)
    assert len({len(answer.ids) for answer in answers}) > 1
    assert [answer.ids for answer in answers] == [by_transformers(of, prompt, ends) for prompt in asked]
    assert all(0 < share <= 1 for answer in answers for share in answer.probabilities)


def test_rows_that_have_ended_are_not_computed_any_more(place: Path) -> None:
    of, asked, pad_id = ready("llama", place)
    end = Greedy(of, pad_id, [], NEW).answers(asked)[0].ids[1]
    seen: list[int] = []
    of.base.base_model.register_forward_hook(
        lambda _, __, given, ___: seen.append(given["input_ids"].shape[0]), with_kwargs=True
    )
    answers = Greedy(of, pad_id, [end], NEW).answers(asked)
    assert sum(seen) == sum(len(answer.ids) for answer in answers)


def test_batches_are_cut_by_rows_and_by_tokens(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of, asked, pad_id = ready("llama", place)
    expected = Greedy(of, pad_id, [], NEW).answers(asked)
    for name, limit in (("BATCH_ROWS", 5), ("BATCH_TOKENS", 100)):
        monkeypatch.setattr(generation, name, limit)
        assert [answer.ids for answer in Greedy(of, pad_id, [], NEW).answers(asked)] == [one.ids for one in expected]


def test_writing_stops_soon_after_what_says_so(place: Path) -> None:
    of, asked, pad_id = ready("llama", place)
    answers = Greedy(of, pad_id, [], 40, lambda ids: len(ids) >= 3).answers(asked)
    assert {len(answer.ids) for answer in answers} == {generation.LOOKED_EVERY}


def test_confidence_is_the_mean_probability_of_the_tokens() -> None:
    assert Answer([1, 2], [0.5, 1.0]).confidence == 0.75
    assert Answer().confidence != Answer().confidence, "NaN: nothing was said"
