import pytest

from retune.core.prepare.division import divided, train_rows
from tests.core.prepare.toys import labelled, run


@pytest.mark.case("PD-26")
@pytest.mark.parametrize(("rows", "train"), [(120, 96), (6000, 5000), (5000, 4000), (1, 0), (7, 5)])
def test_a_fifth_is_held_out_but_no_more_than_1000(rows: int, train: int) -> None:
    assert train_rows(rows) == train


@pytest.mark.case("PD-26")
@pytest.mark.parametrize(("rows", "sizes"), [(120, (96, 24)), (6000, (5000, 1000))])
def test_the_sides_are_disjoint_and_the_same_every_time(rows: int, sizes: tuple[int, int]) -> None:
    sheet = run(labelled(rows)).sheet
    train, validation = divided(sheet)
    assert (len(train), len(validation)) == sizes
    assert sorted(row.number for row in [*train, *validation]) == list(range(rows))
    assert divided(sheet) == (train, validation)
    assert [row.number for row in validation] != list(range(sizes[0], rows)), "it is no sample but the end of the file"


@pytest.mark.case("PD-B7")
def test_a_prompt_is_never_on_both_sides() -> None:
    rows = labelled(600) + [{"prompt": row["prompt"].upper(), "completion": " never"} for row in labelled(600)]
    train, validation = divided(run(rows, lambda name, _: name != "case").sheet)
    sides = [{row.text("prompt").casefold() for row in side} for side in (train, validation)]
    assert not sides[0] & sides[1]
    assert (len(train), len(validation)) == (960, 240)
