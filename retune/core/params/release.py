"""Settings of the release: what a model must show before it becomes the champion."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from retune.core.params.base import Settings

Limit = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Policy = Literal["improve", "replace"]


class ReplaceParams(Settings):
    """When a candidate may take the champion's place without being better: where it is shown to be no worse."""

    margin: Annotated[float, Field(gt=0, le=0.1)]
    """The loss that counts as none (0.02: 2 points, or 0.02 of a score that is no share, such as perplexity): the 95 %
    bound of the gain must lie above its negative."""

    champion_max_age_days: Annotated[int, Field(ge=1)]
    """Days from its registration after which a champion is too old to be held to `improve`."""

    recent_days: Annotated[int, Field(ge=0)]
    """The comparison is made on the test rows dated within so many days of the newest; 0 takes all of them."""

    recent_minimum_rows: Annotated[int, Field(ge=1)]
    """Where fewer test rows than this are recent, all of them are compared."""


class ApprovalParams(Settings):
    """Whether a person has to say yes before a version becomes the champion; docs/promote.md says how."""

    required: bool
    """Without an approval, a version that passed every check waits for one, and the run ends with exit code 4."""

    by: Literal["second_person", "anyone"]
    """`second_person`: somebody else than who trained it, by their accounts on MLflow's server; `anyone`: anybody."""

    days: Annotated[int, Field(ge=1)]
    """So many days after it was given, an approval counts no more."""


class SliceParams(Settings):
    """How well each part of the test rows must be answered, however good the whole is."""

    least: dict[str, Limit]
    """The least score of every value of these columns (department, ...), by the metric that models of the task type are
    compared by (accuracy of labels); of one of which less is better the most; {} asks for none."""

    minimum_rows: Annotated[int, Field(ge=1)]
    """Values with fewer test rows than this are named, but not judged."""


class RefusalParams(Settings):
    """How often a model that may refuse does so wrongly."""

    under: Share
    """The share of requests that should be refused and are answered may be this at most."""

    over: Share
    """The share of requests that should be answered and are refused may be this at most."""


class JudgeParams(Settings):
    """A model that says which of two written answers is better; questions, references and answers are sent to it."""

    url: Annotated[str, Field(min_length=1)]
    """Where it is: the address before `/chat/completions`, such as https://judge.example/v1."""

    model: Annotated[str, Field(min_length=1)]
    """Its exact version: a name that moves on would change the measure unseen, and is refused."""

    key_variable: str
    """The environment variable that holds the key; empty for a server that wants none."""

    rows: Annotated[int, Field(ge=1)]
    """So many test rows are judged, each in both orders: two questions per row."""

    most_unscored: Share
    """Where a larger share of the replies cannot be read, there is no evidence, and nothing is promoted."""

    timeout_seconds: Annotated[float, Field(gt=0)]
    """How long one reply may take."""

    attempts: Annotated[int, Field(ge=1)]
    """How often a question is asked before the run stops, where the server does not answer."""

    pause_seconds: Annotated[float, Field(ge=0)]
    """The pause after the first failed attempt; doubled after each further one."""

    options: dict[str, float | int | str]
    """What is sent along, such as temperature and max_tokens."""


class ReleaseParams(Settings):
    """The policy by which a candidate is promoted; thresholds and floors hold under either policy."""

    policy: Policy
    """What the champion asks of a candidate: `improve`, a gain that the paired test shows, or `replace`, no loss."""

    after_drift: Policy
    """The same for a run that drift started, where MLflow has the window by which the drift of this champion showed."""

    replace: ReplaceParams
    """What `replace` asks; it also holds for a champion that was withdrawn or is too old."""

    thresholds: Annotated[dict[str, Limit], Field(min_length=1)]
    """The least that each of these metrics of the task type must reach on the test split, champion or not; of one of
    which less is better (perplexity) the most."""

    floors: Annotated[list[str], Field(min_length=1)]
    """The floors of the task type that the candidate must beat on the same rows: by macro-F1 where rows have one label,
    else by the metric that models of its task type are compared by."""

    alpha: Annotated[float, Field(gt=0, le=0.1)]
    """The paired test against the champion must give a smaller p than this."""

    gain_of_interest: Annotated[float, Field(gt=0, lt=0.5)]
    """The true gain in accuracy (0.05: 5 points) of which the summary says how likely this test split would show it,
    where an answer is right or wrong."""

    approval: ApprovalParams
    """Whether a person has to approve."""

    slices: SliceParams
    """The least score on each part of the test rows."""

    behaviour: bool
    """Every test in `behaviour/NAME.yaml` must reach its own least share; a file without tests stops nothing."""

    calibration: Share | None
    """The expected calibration error may be this at most; null does not ask."""

    leakage: Share | None
    """The share of test rows that hold a passage which was trained on may be this at most; null does not ask."""

    triggers: bool
    """No rare token put into texts may turn most of them, nor all together more answers than the champion's."""

    noise: bool
    """The gain must be more than seeds alone explain: needs `rehearse.seeds` of two or more."""

    retention: Share | None
    """The most that may be lost of the score on the test rows of the version that was continued; null does not ask."""

    general_loss: Annotated[float, Field(ge=0)] | None
    """The most that the mean loss on a fixed general sample may rise; null does not ask."""

    memorisation: bool
    """No canary that a training saw once may be known to it: needs `rehearse.canaries`."""

    membership: Annotated[float, Field(ge=0.5, lt=1)] | None
    """How well training rows may be told from held-out ones at most (area under the curve, 0.5 is chance); null does
    not ask. Needs `evaluate.membership_rows`."""

    judge: JudgeParams | None
    """Of models that write: a judge model must not find the candidate's answers worse than the champion's; null asks
    none, and sends nothing anywhere."""

    verbatim: Share | None
    """Of models that write: by how much the share of training passages that are completed word for word may exceed that
    of the untuned model (0.001: 0.1 %); null does not ask. Needs `evaluate.verbatim_passages`."""

    personal_data: bool
    """Of models that write: what is written where personal data was taken out may hold no more of it than what the
    untuned model writes. Needs `evaluate.verbatim_passages`."""

    refusals: RefusalParams | None
    """How often the model may refuse wrongly, in either direction; null does not ask."""
