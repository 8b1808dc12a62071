import numpy as np

from retune.core.drift.aspects import topics
from tests.core.drift.toys import params, rows


def test_which_side_a_row_is_on_does_not_decide_its_topic() -> None:
    rng = np.random.default_rng(2)
    one, other = (rows(90, seed).assign(vector=list(rng.normal(size=(90, 6)))) for seed in (1, 2))
    settings = params(topics=7)
    found, swapped = topics.compare(one, other, settings), topics.compare(other, one, settings)
    assert sorted((cell.before, cell.after) for cell in found.cells) == sorted(
        (cell.after, cell.before) for cell in swapped.cells
    )


def test_the_documents_nearest_to_a_topic_come_first() -> None:
    window = rows(60, 3, new_share=0.5)
    far = window.index[window["label"] == "crane"][0]
    vectors = [np.asarray(vector) + 0.8 * (place == far) for place, vector in enumerate(window["vector"])]
    window = window.assign(vector=vectors)
    found = topics.compare(rows(120, 4), window, params())
    (crane,) = [cell for cell in found.cells if "crane" in cell.what]
    assert window.loc[far, "document_id"] == crane.documents[-1]
