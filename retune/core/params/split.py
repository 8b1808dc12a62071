"""Settings of split: which share of the examples goes where, and what counts as the same text twice."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from retune.core.params.base import Settings

Share = Annotated[float, Field(gt=0, lt=1)]


class Shares(Settings):
    """How the examples are shared out; the three add up to 1."""

    train: Share
    """Share of the examples to learn from."""

    validation: Share
    """Share of the examples by which training picks its best step; with given sides, taken out of train."""

    test: Share
    """Share of the examples that only the evaluation sees."""

    @model_validator(mode="after")
    def _add_up(self) -> Shares:
        """Refuse shares that lose examples or use them twice."""
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train, validation and test must add up to 1, not {total:g}")
        return self


class SplitParams(Settings):
    """How examples are split."""

    strategy: Literal["hash", "column"]
    """`hash`: by each document's own content or id; `column`: as the column `side_column` of the examples says."""

    seed: Annotated[int, Field(ge=0)]
    """Another seed shares the same examples out differently."""

    shares: Shares
    """How the examples are shared out."""

    passage_words: Annotated[int, Field(ge=5)]
    """Passages are compared by their runs of so many words (13 is the usual measure of contamination)."""

    passage_minimum_words: Annotated[int, Field(ge=5)]
    """A whole text shorter than `passage_words` is looked for as one run if it has at least so many words."""

    passage_share: Annotated[float, Field(gt=0, le=1)]
    """An example that holds at least this share of the runs of a test passage is not trained on."""

    largest_group_share: Annotated[float, Field(gt=0, lt=1)]
    """A group of near-duplicates that makes up more than this share of all examples is reported."""
