from pathlib import Path

import pytest

from retune.core.frames import ROWS
from retune.core.params.train import TrainParams
from retune.io.files import write_frame, write_json
from retune.io.place import Place
from retune.modeling import bases
from retune.project import Project, read_project
from tasks.estimate import _foretold
from tests.modeling.conftest import METHOD_SETTINGS, TOY_SETTINGS, make_base, toy_rows

MODEL = "ticket-router"


@pytest.fixture
def project() -> Project:
    """Return the template's project with a toy training."""
    whole = read_project(Path(__file__).parents[2])
    train = TrainParams.model_validate({**TOY_SETTINGS, "method_settings": METHOD_SETTINGS["lora"]})
    return whole.model_copy(update={"models": {MODEL: whole.models[MODEL].model_copy(update={"train": train})}})


@pytest.mark.case("TR-11")
def test_a_training_that_never_ran_is_foretold_from_its_rows_and_its_base(project: Project, tmp_path: Path) -> None:
    place = Place(tmp_path, MODEL)
    assert _foretold(tmp_path, project, MODEL) is None, "there are no rows yet"
    write_json(place.base, bases.resolve(str(make_base(tmp_path / "tiny"))).as_dict())
    for side, rows in {"train": toy_rows(8), "validation": toy_rows(4, seed=1)}.items():
        write_frame(place.model / "split" / f"{side}.parquet", rows, ROWS)
    found = _foretold(tmp_path, project, MODEL)
    assert found is not None
    assert (found.steps, found.trainable) == (9, 2 * 4 * (4 * (32 + 32) + 2 * (32 + 64)))
    assert found.seconds > 0
    assert found.memory_bytes > 4 * found.parameters
    assert _foretold(tmp_path, project, "ingest") is None, "no stage but a training is foretold"
