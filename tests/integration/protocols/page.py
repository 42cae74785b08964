"""What the page on protocols offers to copy: tables, files."""

from typing import Final

from tests.unit.docs.markdown import ROOT, blocks, section

PAGE: Final = (ROOT / "docs" / "protocols.md").read_text("utf-8")


def offered(server: str, language: str = "toml") -> str:
    """Give the one block in a language that stands under a server's heading."""
    (found,) = blocks(section(PAGE, server), language)
    return found
