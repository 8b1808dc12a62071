import gzip
import json
import math
from pathlib import Path
from types import ModuleType

import pytest

from retune.core.metrics import (
    bleu,
    brier,
    chrf,
    entity_f1,
    exact_match,
    expected_calibration_error,
    perplexity,
    rouge1,
    rouge2,
    rougeL,
    span_f1,
)
from tests.core.metrics import toys

ROUGE = {"rouge1": rouge1, "rouge2": rouge2, "rougeL": rougeL}


@pytest.mark.case("EV-1")
@pytest.mark.parametrize(
    ("answer", "score"),
    [
        (["B-PER", "I-PER", "O", "B-ORG"], 1.0),
        (["B-PER", "O", "O", "B-ORG"], 0.5),  # half of a name is not the name
        (["B-PER", "I-PER", "I-PER", "B-ORG"], 0.5),  # nor is a name and more
        (["B-ORG", "I-ORG", "O", "B-ORG"], 0.5),
        (["I-PER", "I-PER", "O", "B-ORG"], 2 / 3),  # without a beginning there is no entity: 1 of 2 found, 1 predicted
        (["B-PER", "I-ORG", "O", "B-ORG"], 0.5),
        (["O", "O", "O", "O"], 0.0),
        ([], 0.0),
    ],
)
def test_only_whole_entities_count(answer: list[str], score: float) -> None:
    assert entity_f1.score([["B-PER", "I-PER", "O", "B-ORG"]], [answer]) == pytest.approx(score)


@pytest.mark.case("EV-1")
def test_entity_f1_is_that_of_seqeval() -> None:
    toy = toys.tags(400, 0.8, 3)
    assert entity_f1.score(toy.truth, toy.answers) == pytest.approx(0.8183060109289618)  # 1.2.2, mode strict, IOB2


def test_tags_that_are_not_those_of_the_tokens_are_refused() -> None:
    with pytest.raises(ValueError, match="row 1 has 2 tokens and 1 predicted"):
        entity_f1.score([["O"], ["O", "O"]], [["O"], ["O"]])


@pytest.mark.case("EV-1")
@pytest.mark.parametrize(
    ("reference", "answer", "match", "overlap"),
    [
        ("The Eiffel Tower", "eiffel tower!", 1, 1),
        ("in the north of France", "northern France", 0, 1 / 3),  # one word of four and of two
        ("1,200", "1200", 1, 1),
        ("a", "the", 1, 1),
        ("no", "", 0, 0),
        ("", "", 1, 1),
        ("«Élysée»", "e\u0301lysée", 1, 1),
        ("北京大学。", "北京 大学", 1, 1),
        ("北京大学", "北京", 0, 2 / 3),
    ],
)
def test_short_answers_are_compared_as_in_squad(reference: str, answer: str, match: float, overlap: float) -> None:
    assert exact_match.score([[reference]], [answer]) == match
    assert span_f1.score([[reference]], [answer]) == pytest.approx(overlap)
    assert span_f1.score([["something else", reference]], [answer]) == pytest.approx(overlap)


@pytest.mark.case("EV-1")
def test_rouge_by_hand() -> None:
    reference = [["police killed the gunman"]]  # Lin (2004), section 3.1
    assert rougeL.score(reference, ["police kill the gunman"]) == pytest.approx(3 / 4)
    assert rougeL.score(reference, ["the gunman kill police"]) == pytest.approx(2 / 4)
    assert rouge1.score(reference, ["the gunman kill police"]) == pytest.approx(3 / 4)
    assert rouge2.score(reference, ["the gunman kill police"]) == pytest.approx(1 / 3)


@pytest.mark.case("EV-1")
def test_rouge_is_that_of_rouge_score_on_ascii() -> None:
    toy = toys.text(400, 0.5, 3)
    first = [row[:1] for row in toy.truth]
    found = {name: metric.score(first, toy.answers) for name, metric in ROUGE.items()}
    known = {"rouge1": 0.9029375901875903, "rouge2": 0.8138570526695527, "rougeL": 0.899522546897547}  # 0.1.2
    assert found == pytest.approx(known)


@pytest.mark.case("EV-1")
@pytest.mark.shared
def test_rouge_is_that_of_rouge_score_on_real_answers(shared_data: Path) -> None:
    file = shared_data / "data" / "instructions" / "self_instruct_model_outputs.jsonl.gz"
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    rows = [row for row in rows if row["reference"].isascii() and row["prediction"].isascii()]
    found = {
        name: metric.score([[row["reference"]] for row in rows], [row["prediction"] for row in rows])
        for name, metric in ROUGE.items()
    }
    known = {"rouge1": 0.29262183545828735, "rouge2": 0.1409304764671194, "rougeL": 0.26411931975927894}
    assert found == pytest.approx(known)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Съешь ещё этих мягких булок", "Съешь ещё тех чёрствых булок"),
        ("अपनी यात्रा का हिसाब दें", "अपनी बैठक का हिसाब दें"),
        ("تقرير السفر قبل الاثنين", "تقرير العمل قبل الاثنين"),
        ("出張の報告は月曜日までに", "会議の報告は金曜日までに"),
        ("รายงานการเดินทางก่อนวันจันทร์", "รายงานการประชุมก่อนวันศุกร์"),
        ("Größe café naïve", "Größe thé naïve"),
    ],
)
def test_a_text_of_any_script_is_like_itself_and_less_like_another(text: str, other: str) -> None:
    for metric in (rouge1, rouge2, rougeL, chrf, span_f1):
        assert metric.score([[text]], [text]) == 1.0
    for metric in (rouge1, rougeL, chrf, span_f1):
        assert 0 < metric.score([[text]], [other]) < 1


def test_two_spellings_of_one_letter_are_one() -> None:
    assert rougeL.score([["caf\u00e9 au lait"]], ["cafe\u0301 au lait"]) == 1.0


@pytest.mark.case("EV-1")
def test_bleu_by_hand() -> None:
    # 5 of 6 words, 3 of 5 pairs, 1 of 4 triples, none of 3 runs of four, which counts as half of one; equal lengths
    found = bleu.score([["the cat is on the mat"]], ["the cat sat on the mat"])
    assert found == pytest.approx((5 / 6 * 3 / 5 * 1 / 4 * 1 / 6) ** 0.25)
    # twice as long a reference: exp(1 - 8 / 4)
    assert bleu.score([["a b c d e f g h"]], ["a b c d"]) == pytest.approx(math.exp(-1))


@pytest.mark.case("EV-1")
def test_chrf_by_hand() -> None:
    # 2 of 3 letters, 1 of 2 pairs, 0 of 1 triple, on both sides
    assert chrf.score([["abc"]], ["abd"]) == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)


@pytest.mark.case("EV-1")
def test_bleu_and_chrf_are_what_sacrebleu_prints() -> None:
    from sacrebleu import corpus_bleu, corpus_chrf

    toy = toys.text(60, 0.5, 3)
    # two rows in three have a second reference, and it is the better one
    uneven = [
        [row[0], answer] if place % 3 else row[:1]
        for place, (row, answer) in enumerate(zip(toy.truth, toy.answers, strict=True))
    ]
    by_place = [[row[0] for row in uneven], [row[1] if len(row) > 1 else None for row in uneven]]
    assert 100 * bleu.score(uneven, toy.answers) == pytest.approx(corpus_bleu(toy.answers, by_place).score)
    assert 100 * chrf.score(uneven, toy.answers) == pytest.approx(corpus_chrf(toy.answers, by_place).score)


@pytest.mark.parametrize("metric", [bleu, chrf, rougeL, exact_match])
def test_a_row_without_a_list_of_references_is_refused(metric: ModuleType) -> None:
    for references in ([["a"], []], [["a"], "a"]):
        with pytest.raises(ValueError, match="row 1 has no list of references"):
            metric.score(references, ["a", "a"])


@pytest.mark.case("EV-1")
def test_perplexity_by_hand() -> None:
    assert perplexity.score([2, 2], [2 * math.log(4), 0.0]) == pytest.approx(2)  # four choices, then none
    assert perplexity.score([3, 1], [3 * math.log(8), math.log(8)]) == pytest.approx(8)
    assert perplexity.score([0], [0.0]) == math.inf


@pytest.mark.case("EV-1")
def test_calibration_by_hand() -> None:
    right, confidences = [True, False, True, True], [0.9, 0.9, 0.6, 0.6]
    # the pair at 0.9 is right half of the time, that at 0.6 always
    assert expected_calibration_error.score(right, confidences) == pytest.approx((0.4 + 0.4) / 2)
    assert brier.score(right, confidences) == pytest.approx((0.01 + 0.81 + 0.16 + 0.16) / 4)


@pytest.mark.case("EV-1")
def test_brier_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import brier_score_loss

    toy = toys.confidence(300, 0.8, 5)
    assert brier.score(toy.truth, toy.answers) == pytest.approx(brier_score_loss(toy.truth, toy.answers))


@pytest.mark.parametrize("too_sure", [0.0, 0.1])
def test_the_interval_of_the_calibration_error_covers_the_true_one(too_sure: float) -> None:
    covered = 0
    for seed in range(100):
        confidences = toys.uniform(0.6, 1.0, 400, seed)
        draws = toys.uniform(0, 1, 400, seed + 1000)
        right = [draw < value - too_sure for draw, value in zip(draws, confidences, strict=True)]
        low, high = expected_calibration_error.bounds(right, confidences, 7)
        covered += low <= too_sure <= high
    assert covered >= 89
