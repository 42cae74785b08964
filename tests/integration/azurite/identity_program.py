"""What a deployed app does with its identity: a user delegation key, and tokens signed with it.

Run as a process of its own, because azure-identity finds an identity in the process environment.
Prints the tokens' URLs as JSON, by name.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from functools import partial

from azure.identity import ManagedIdentityCredential
from azure.storage.blob import (
    BlobSasPermissions,
    BlobServiceClient,
    generate_blob_sas,
)

BACKDATED = timedelta(minutes=15)


def main(blob_service_uri: str, container: str) -> None:
    """Upload two blobs and print URLs of tokens for the first: `fresh`, `stale`, on the `other`."""
    now = datetime.now(UTC)
    start = now - timedelta(hours=2)
    with (
        ManagedIdentityCredential() as credential,
        BlobServiceClient(blob_service_uri, credential=credential) as service,
    ):
        service.create_container(container).upload_blob("model", b"model")
        service.get_container_client(container).upload_blob("other", b"other")
        sign = partial(
            generate_blob_sas,
            str(service.account_name),
            container,
            "model",
            user_delegation_key=service.get_user_delegation_key(start, now + timedelta(hours=1)),
            permission=BlobSasPermissions(read=True),
            protocol="https",
        )
    fresh = sign(start=now - BACKDATED, expiry=now + timedelta(minutes=30))
    stale = sign(start=start, expiry=now - timedelta(hours=1))
    url = f"{blob_service_uri}/{container}"
    answer = {
        "fresh": f"{url}/model?{fresh}",
        "stale": f"{url}/model?{stale}",
        "other": f"{url}/other?{fresh}",
    }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
