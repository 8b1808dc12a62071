"""No model of this checkout bears the name of somebody else's registered model."""

from __future__ import annotations

from retune.core.checkup import Finding, Look
from retune.core.errors import UnavailableError
from retune.io.mlflow_store import answering, connect
from retune.io.registry import FINGERPRINT

QUICK = True


def examine(look: Look) -> list[Finding]:
    """Look for versions under our names that were registered without a fingerprint, hence not by us."""
    try:
        with answering(look.tracking_uri):
            client = connect(look.tracking_uri)
            foreign = [
                name
                for name in look.models
                for one in client.search_model_versions(
                    f"name = '{name}'", max_results=1, order_by=["version_number ASC"]
                )
                if FINGERPRINT not in one.tags
            ]
    except UnavailableError:
        return [Finding("warning", "not asked: MLflow does not answer")]
    if foreign:
        todo = "Rename it in params.yaml: its versions would stand among another project's."
        return [Finding("fault", f"registered by something else already: {', '.join(foreign)}", todo)]
    return [Finding("well", f"{', '.join(look.models)}: ours, or new")]
