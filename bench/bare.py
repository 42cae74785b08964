"""What a user would write by hand, written well: sign and PATCH, and nothing else.

No record, no retry, no confirmation, no renewal, one process. Connections are re-used and nothing
is asked of storage: a token is signed by the key alone.
"""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import requests
from azure.storage.blob import BlobSasPermissions, BlobServiceClient, generate_blob_sas
from requests.adapters import HTTPAdapter

_BACK_DATED = timedelta(minutes=15)
_LIFETIME = timedelta(hours=24)
_SECONDS = (10, 60)  # to connect, to answer


class BareScript:
    """Deploys models.

    Args:
        connection_string: The models' storage, with its account key.
        container: The models' container.
        at_once: How many threads use this at a time.
    """

    def __init__(self, connection_string: str, container: str, at_once: int = 10) -> None:
        service = BlobServiceClient.from_connection_string(connection_string)
        self._account = str(service.account_name)
        self._key: str = service.credential.account_key
        self._base = f"{service.url.rstrip('/')}/"
        self._container = container
        self._session = requests.Session()
        self._session.trust_env = False  # else each request looks for proxies and for ~/.netrc
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=at_once))

    def deploy(self, name: str, patch_url: str, api_key: str, resource: str) -> None:
        """Have the endpoint at *patch_url* serve the blob *name*; raises if it does not."""
        now = datetime.now(UTC)
        token = generate_blob_sas(
            self._account,
            self._container,
            name,
            account_key=self._key,
            permission=BlobSasPermissions(read=True),
            start=now - _BACK_DATED,
            expiry=now + _LIFETIME,
        )
        location = {
            "BaseLocation": self._base,
            "RelativeLocation": quote(f"{self._container}/{name}"),
            "SasBlobToken": f"?{token}",
        }
        answer = self._session.patch(
            patch_url,
            json={"Resources": [{"Name": resource, "Location": location}]},
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=_SECONDS,
            allow_redirects=False,
        )
        answer.raise_for_status()
