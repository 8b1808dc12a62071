import numpy as np

from retune.modeling.embedding import WIDTH, embed

TEXTS = [
    "The tunnel to the office drops every hour.",
    "My VPN connection is lost again and again.",
    "Two invoices are due.",
]


def test_texts_that_mean_the_same_are_near_and_each_vector_has_length_one() -> None:
    vectors = embed(TEXTS)
    assert vectors.shape == (3, WIDTH)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    alike = vectors @ vectors.T
    assert alike[0, 1] > 0.2 > alike[0, 2]


def test_no_text_is_no_vector() -> None:
    assert embed([]).shape == (0, WIDTH)
