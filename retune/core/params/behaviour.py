"""The file in which users say how a model is to behave: `behaviour/<model>.yaml`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from retune.core.params.base import Settings

Words = Annotated[str, Field(min_length=1)]


class Change(Settings):
    """What is done to a text; exactly one of them."""

    typos: Annotated[int, Field(ge=1)] | None = None
    """Two letters swapped in so many words."""

    case: Literal["upper", "lower"] | None = None
    """All letters in one case."""

    names: Annotated[tuple[Words, ...], Field(min_length=2)] | None = None
    """Each of these names replaced by another of them."""

    negation: Literal["english"] | None = None
    """The first negation taken out, or one put in where there is none."""

    append: Words | None = None
    """These words after the text."""

    prepend: Words | None = None
    """These words before the text."""

    @model_validator(mode="after")
    def _one(self) -> Change:
        """Refuse none, and more than one, of which the effects could not be told apart."""
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError(f"exactly one of {', '.join(type(self).model_fields)}")
        return self


class _Test(Settings):
    """What every test has."""

    name: Words
    """What the test is about, as the report shows it."""

    least: Annotated[float, Field(gt=0, le=1)]
    """The share that must pass."""


class _Changed(_Test):
    """A test on test rows and what a change makes of them."""

    change: Change
    """What is done to the text."""

    rows: Annotated[int, Field(ge=1)]
    """How many test rows are asked, of those that the change changes."""


class Invariance(_Changed):
    """The change must not change the answer."""

    kind: Literal["invariance"]


class Direction(_Changed):
    """The change must move the probability of a label in one direction."""

    kind: Literal["direction"]

    label: Words
    """The label whose probability is looked at."""

    moves: Literal["up", "down"]
    """Where it must move; it may stay where it could hardly go further."""


class Example(Settings):
    """A made-up text whose label nobody would doubt; `context` is what a question is about."""

    text: Words
    context: Words | None = None
    label: Words


class MinimumFunctionality(_Test):
    """Made-up texts that any such model must answer."""

    kind: Literal["minimum_functionality"]

    examples: Annotated[tuple[Example, ...], Field(min_length=1)]
    """The texts and their labels."""


Test = Annotated[Invariance | Direction | MinimumFunctionality, Field(discriminator="kind")]


class Behaviour(Settings):
    """How a model is to behave."""

    tests: tuple[Test, ...]

    @model_validator(mode="after")
    def _told_apart(self) -> Behaviour:
        """Refuse two tests of one name: the report names what failed."""
        names = [test.name for test in self.tests]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"each test needs a name of its own: {', '.join(twice)}")
        return self
