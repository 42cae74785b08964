"""The app's copy of the demo's endpoints file: real addresses, and at times a schedule."""

import shutil
from dataclasses import dataclass
from pathlib import Path

ENDPOINTS = Path(__file__).with_name("endpoints.toml")
ONLINE_ENDPOINTS = Path(__file__).with_name("endpoints-azureml.toml")
SMOKE = Path(__file__).with_name("smoke")

# The ML service in endpoints.toml, the workspace in endpoints-azureml.toml.
_WRITTEN_FOR = "http://127.0.0.1:8090"
_RETRAIN = "[endpoints.digits.retrain]\n"


@dataclass(frozen=True)
class DemoEndpoints:
    """Where the copy is, and what is put into it.

    Attributes:
        file: The copy, which the app reads again whenever it changed.
        ml_url: Where the ML service or workspace really is.
        original: What it is a copy of.
    """

    file: Path
    ml_url: str
    original: Path = ENDPOINTS

    def write(self, schedule: str | None = None) -> None:
        """Write the copy in one go, so that nobody reads half of it.

        Args:
            schedule: When `digits` is retrained, as NCRONTAB; None: only when asked.
        """
        shutil.copytree(SMOKE, self.file.parent / SMOKE.name, dirs_exist_ok=True)
        text = self.original.read_text("utf-8").replace(_WRITTEN_FOR, self.ml_url)
        if schedule is not None:
            text = text.replace(_RETRAIN, f'{_RETRAIN}schedule = "{schedule}"\n')
        fresh = self.file.with_suffix(".new")
        fresh.write_text(text, "utf-8")
        fresh.replace(self.file)
