import pytest

from retune.core.prepare.billing import billed_tokens, classification_seconds, default_epochs

EPOCHS = [(1, 25), (3, 25), (5, 20), (10, 10), (34, 3), (100, 3), (8333, 3), (8334, 2), (12500, 2), (12501, 1)]


@pytest.mark.case("CH-9")
@pytest.mark.parametrize(("examples", "epochs"), EPOCHS)
def test_epochs_are_three_but_for_few_and_many_examples(examples: int, epochs: int) -> None:
    assert default_epochs(examples) == epochs


@pytest.mark.case("CH-9")
def test_no_example_is_billed_for_more_than_the_limit() -> None:
    assert billed_tokens([10, 4096, 5000], 4096, 3) == 3 * (10 + 4096 + 4096)


@pytest.mark.case("PD-30")
def test_classes_take_1_44_seconds_a_row_and_140_more() -> None:
    assert classification_seconds(120) == 312.8
