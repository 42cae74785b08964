"""The project's own lint finds what it is there to find."""

from pathlib import PurePosixPath

import pytest

from scripts.check_boundaries import faults

EXEMPTION = "import os\nos.environ  # noqa" + ": TID251 - made up\n"


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("settings/app.py", "import local_stack.azurite\n"),
        ("function_app.py", "def late():\n    from local_stack import identity\n"),
        ("local_stack/stack.py", "from settings.bindings import read\n"),
        ("patch_endpoint/sas.py", EXEMPTION),
        ("local_stack/story.py", EXEMPTION),
        ("tests/unit/test_sas.py", EXEMPTION),
        ("settings/app.py", "import patch_endpoint.sas\n"),
        ("patch_endpoint/deploy.py", "def late():\n    from retrain_trigger import landed\n"),
        ("patch_endpoint/sas.py", "from bench.finding import Line\n"),
        ("local_stack/stack.py", "import bench\n"),
        ("bench/warm_path.py", EXEMPTION),
        ("protocols/http.py", "from state.store import StateStore\n"),
        ("retrain_trigger/watch.py", "from doctor.finding import Finding\n"),
        ("patch_endpoint/score.py", EXEMPTION),
        ("doctor/timers.py", "from local_stack.azurite import Azurite\n"),
        ("local_stack/stack.py", "import doctor.finding\n"),
    ],
)
def test_a_crossed_boundary_is_one_fault_with_its_place(path: str, source: str) -> None:
    found = list(faults(PurePosixPath(path), source))

    assert len(found) == 1
    assert found[0].startswith(f"{path}:")


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("settings/bindings.py", EXEMPTION),
        ("doctor/timers.py", "from retrain_trigger.engine import Engine\nimport doctor.finding\n"),
        ("local_stack/ml_service/__main__.py", EXEMPTION),
        ("local_stack/azureml/digits/score.py", EXEMPTION),
        ("local_stack/stack.py", "from local_stack.settings import x\nfrom . import state\n"),
        ("bench/site.py", "import local_stack\nimport retrain_trigger.engine\n"),
        ("bench/bare_app/function_app.py", EXEMPTION),
        ("tests/e2e/test_demo.py", "import local_stack\nimport patch_endpoint\n"),
        (
            "retrain_trigger/watch.py",
            "import patch_endpoint.deploy\nfrom . import engine\n",
        ),
    ],
)
def test_what_is_allowed_is_no_fault(path: str, source: str) -> None:
    assert list(faults(PurePosixPath(path), source)) == []
