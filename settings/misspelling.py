"""Tells a misspelt name from another one."""

from difflib import get_close_matches

_ALIKE = 0.8  # of 1, as difflib counts


def is_like(name: str, found: str) -> bool:
    """Say whether *found* may be meant for *name*: `auto-deploy`, `AutoDeploy`."""
    return bool(get_close_matches(name, [found.lower()], n=1, cutoff=_ALIKE))
