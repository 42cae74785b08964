"""Assets of a workspace, such as environments and code: their ids, or the short form of them."""

import re
from typing import Final

from protocols.azureml_online.workspace import Workspace
from settings.table import Parse, text

_SHORT: Final = re.compile(r"azureml:(?P<name>[A-Za-z0-9._-]+):(?P<version>[A-Za-z0-9._-]+)")
_ID: Final = re.compile(r"(?:azureml:/)?/[A-Za-z0-9._()/-]+")


def asset_reader(workspace: Workspace, kind: str) -> Parse[str]:
    """Give what reads the id of an asset of this *kind*, or its short form."""

    def read(value: object) -> str:
        short = _SHORT.fullmatch(text(value))
        if short is not None:
            return f"{workspace.id}/{kind}/{short['name']}/versions/{short['version']}"
        if not _ID.fullmatch(text(value)):
            raise ValueError(
                f'must be "azureml:<name>:<version>", or an id such as "/subscriptions/…/{kind}/…" '
                f'or "azureml://registries/…/{kind}/…"'
            )
        return text(value)

    return read
