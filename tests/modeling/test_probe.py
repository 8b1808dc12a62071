import numpy as np

from retune.modeling import probe


def blobs(classes: int, rows: int, seed: int = 0) -> tuple[probe.Floats, probe.Codes]:
    draw = np.random.default_rng(seed)
    codes = np.arange(rows) % classes
    return (np.eye(classes, 8)[codes] * 3 + draw.normal(size=(rows, 8))).astype(np.float32), codes


def test_the_probe_learns_what_is_linear() -> None:
    for classes in (2, 3, 5):
        vectors, codes = blobs(classes, 200)
        found = probe.fit(vectors, codes, vectors, codes, classes, [1.0])
        assert (found.logits(vectors).argmax(axis=1) == codes).mean() > 0.9


def test_two_classes_give_the_probabilities_of_the_regression() -> None:
    from sklearn.linear_model import LogisticRegression

    vectors, codes = blobs(2, 100)
    logits = probe.fit(vectors, codes, vectors, codes, 2, [1.0]).logits(vectors)
    expected = LogisticRegression(C=1.0, max_iter=300).fit(vectors, codes).predict_proba(vectors)[:, 1]
    np.testing.assert_allclose(1 / (1 + np.exp(logits[:, 0] - logits[:, 1])), expected, atol=1e-4)


def test_the_strength_is_the_one_that_answers_validation_best() -> None:
    vectors, codes = blobs(3, 30)
    other, truth = blobs(3, 300, seed=1)
    found = probe.fit(vectors, codes, other, truth, 3, [1e-6, 0.1, 1e6])
    errors = {s: int((probe.fit(vectors, codes, other, truth, 3, [s]).logits(other).argmax(1) != truth).sum())
              for s in (1e-6, 0.1, 1e6)}  # fmt: skip
    assert errors[found.strength] == min(errors.values())


def test_a_class_that_was_not_embedded_is_never_the_answer() -> None:
    vectors, codes = blobs(3, 60)
    seen = codes != 1
    found = probe.fit(vectors[seen], codes[seen], vectors, codes, 3, [1.0])
    assert set(found.logits(vectors).argmax(axis=1)) == {0, 2}
