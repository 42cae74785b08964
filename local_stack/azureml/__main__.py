"""The workspace as a process: ``python -m local_stack.azureml --description FILE --port N``."""

import argparse
import logging
import signal
import sys
import tempfile
from pathlib import Path

import msgspec

from local_stack.azureml.description import from_json
from local_stack.azureml.server import ControlPlane
from local_stack.http_service.server import HOST, listen

logger = logging.getLogger("local_stack.azureml")


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; the exit status is 0 then, 1 where it could not start."""
    options = _options().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        workspace = from_json(options.description.read_bytes())
    except (OSError, msgspec.DecodeError) as exc:
        sys.stderr.write(f"The description {options.description} cannot be used: {exc}\n")
        return 1
    try:
        listener = listen(options.port)
    except OSError as exc:
        sys.stderr.write(
            f"The workspace cannot listen on {HOST}:{options.port} ({exc.strerror}); "
            "choose another --port or end what uses it.\n"
        )
        return 1
    with listener, tempfile.TemporaryDirectory(prefix="azureml-") as folder:
        plane = ControlPlane(workspace, listener, Path(folder))
        for number in (signal.SIGTERM, signal.SIGINT):
            # The server ends at these by itself and then raises them once more, for us.
            signal.signal(number, lambda *_: plane.stop())
        logger.info("azureml.serving workspace=%s", plane.workspace_url)
        plane.serve()
    logger.info("azureml.ended")
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_stack.azureml", description=__doc__)
    parser.add_argument(
        "--description",
        required=True,
        type=Path,
        help="JSON file of the workspace, its datastores, code, environments and endpoints",
    )
    parser.add_argument("--port", type=int, default=8090)
    return parser


if __name__ == "__main__":
    sys.exit(main())
