"""The storage account that Azurite serves, and the settings that lead to it."""

from dataclasses import dataclass, field

# The account that every Azure storage emulator has and every SDK knows: published, no secret.
# https://learn.microsoft.com/azure/storage/common/storage-connect-azurite#well-known-storage-account-and-key
NAME = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@dataclass(frozen=True)
class StorageAccount:
    """An account and where its two services answer."""

    scheme: str
    blob_port: int
    queue_port: int
    name: str = NAME
    key: str = field(default=KEY, repr=False)

    @property
    def blob_service_uri(self) -> str:
        """The blob service with the account in its path, without a slash at the end."""
        return f"{self.scheme}://127.0.0.1:{self.blob_port}/{self.name}"

    @property
    def queue_service_uri(self) -> str:
        """The queue service with the account in its path, without a slash at the end."""
        return f"{self.scheme}://127.0.0.1:{self.queue_port}/{self.name}"

    @property
    def connection_string(self) -> str:
        """The form with the account key in it."""
        return (
            f"DefaultEndpointsProtocol={self.scheme};"
            f"AccountName={self.name};AccountKey={self.key};"
            f"BlobEndpoint={self.blob_service_uri};QueueEndpoint={self.queue_service_uri};"
        )

    def key_settings(self, connection: str) -> dict[str, str]:
        """App settings of a connection by account key."""
        return {connection: self.connection_string}

    def identity_settings(self, connection: str) -> dict[str, str]:
        """App settings of a connection by managed identity."""
        return {
            f"{connection}__blobServiceUri": self.blob_service_uri,
            f"{connection}__queueServiceUri": self.queue_service_uri,
            f"{connection}__credential": "managedidentity",
        }
