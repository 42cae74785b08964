"""Azurite, the storage emulator: Microsoft's npm package, run without a shell in between."""

from local_stack.azurite.account import StorageAccount
from local_stack.azurite.handle import Azurite, AzuriteError

__all__ = ["Azurite", "AzuriteError", "StorageAccount"]
