"""The settings of the step resolve."""

from __future__ import annotations

from retune.core.params.base import Settings


class ResolveParams(Settings):
    """Which base a model is tuned from."""

    base: str
    """The base: `bundled:minilm`, which comes with the package, a folder, an id on the hub such as `owner/name`, or
    `registry:<model>@champion`: tuning continues that version's weights on new rows, with `train.replay_share` of old.
    """

    revision: str | None
    """The commit, tag or branch of a base from the hub; null takes the newest, and its commit is recorded."""

    licences: tuple[str, ...]
    """The licences under which a base may stand, such as `[apache-2.0, mit]`; any if empty, else an unknown one is
    refused. They are read from its card, its licence file or its settings.
    """
