"""Names of containers, and of blobs in them, as people write them in settings."""

import re

KEPT_CONTAINER = "retrain-kept"
"""The container of the copies of models that served; what no record names is deleted there."""
KEEPS_COPIES = f"{KEPT_CONTAINER} is where the app keeps copies, and deletes what else is there"
_LONGEST_BLOB_NAME = 1024
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){2,62}")


def is_container_name(text: str) -> bool:
    """Say whether *text* can be a container's name: 3 to 63 of a-z, 0-9 and single hyphens."""
    return _NAME.fullmatch(text) is not None


def is_ours_alone(container: str) -> bool:
    """Say whether nobody else may put anything there: it would be deleted."""
    return container == KEPT_CONTAINER


def is_container_and_blob(text: str) -> bool:
    """Say whether *text* is of the form `container/blob`."""
    container, _, blob = text.partition("/")
    return is_container_name(container) and is_blob_name(blob)


def is_blob_name(text: str) -> bool:
    """Say whether an address can lead to a blob called *text*.

    HTTP clients resolve `.` and `..` between slashes away, so that such an address leads to another
    blob, in another container even. Of a backslash storage makes a slash, so no name has one.
    """
    is_reached = "\\" not in text and {".", ".."}.isdisjoint(text.split("/"))
    return is_reached and 0 < len(text) <= _LONGEST_BLOB_NAME
