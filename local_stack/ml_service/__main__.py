"""The service as a process: ``python -m local_stack.ml_service --description FILE --port N``."""

import argparse
import logging
import signal
import sys
from pathlib import Path
from threading import Thread

import msgspec

from local_stack.http_service.server import HOST, listen, utc_now
from local_stack.ml_service.blob_transfer import Transfer
from local_stack.ml_service.published import first_model
from local_stack.ml_service.server import MlService
from local_stack.ml_service.studio import Studio

logger = logging.getLogger("local_stack.ml_service")


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; the exit status is 0 then, 1 where it could not start."""
    options = _options().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        studio = _description(options.description)
    except (OSError, msgspec.DecodeError) as exc:
        sys.stderr.write(f"The description {options.description} cannot be used: {exc}\n")
        return 1
    try:
        listener = listen(options.port)
    except OSError as exc:
        sys.stderr.write(
            f"The ML service cannot listen on {HOST}:{options.port} ({exc.strerror}); "
            "choose another --port or end what uses it.\n"
        )
        return 1
    with listener:
        service = MlService(studio, listener, utc_now, Transfer(options.ca_file))
        for number in (signal.SIGTERM, signal.SIGINT):
            # The server ends at these by itself and then raises them once more, for us.
            signal.signal(number, lambda *_: service.stop())
        logger.info("ml_service.serving url=%s", service.url)
        Thread(target=first_model, name="publish", daemon=True).start()  # the first score is quick
        service.serve()
    logger.info("ml_service.ended")
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_stack.ml_service", description=__doc__)
    parser.add_argument(
        "--description",
        required=True,
        type=Path,
        help="JSON file of the workspace, its services and keys; - for standard input",
    )
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument(
        "--ca-file", type=Path, help="certificates trusted when a blob is read over https"
    )
    return parser


def _description(file: Path) -> Studio:
    content = sys.stdin.buffer.read() if file == Path("-") else file.read_bytes()
    return msgspec.json.decode(content, type=Studio)


if __name__ == "__main__":
    sys.exit(main())
