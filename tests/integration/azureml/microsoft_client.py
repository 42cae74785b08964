"""Drives the control plane with Microsoft's own client, and writes down what it made of it.

Run by the Python that has `azure-ai-ml`. It is told by its argument, JSON, where the workspace is,
and prints JSON. `MLClient` takes a cloud's addresses as metadata: all of them lead to the workspace
here. It sends the versions of the contract that it was written for, which are older; the client
that it has inside is of the newest, and is asked below too.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from azure.ai.ml import MLClient
from azure.ai.ml._restclient.arm_ml_service import MachineLearningServicesMgmtClient
from azure.ai.ml.entities import CodeConfiguration, ManagedOnlineDeployment, Model
from azure.core.credentials import AccessToken

_CLOUD = "Local"
_ADDRESSES = (
    "azure_portal",
    "resource_manager",
    "active_directory",
    "aml_resource_id",
    "storage_endpoint",
    "registry_discovery_endpoint",
)


class StaticToken:
    """A credential that has one token, whatever it is asked for."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *scopes: str, **more: Any) -> AccessToken:
        """The token."""
        del scopes, more
        return AccessToken(self._token, int(time.time()) + 3600)


def by_ml_client(given: dict[str, Any]) -> dict[str, Any]:
    """Register, deploy, score, give traffic, read and delete, as a user of the package does."""
    client = MLClient(
        StaticToken(given["token"]),
        given["subscription"],
        given["group"],
        given["workspace"],
        cloud=_CLOUD,
        cloud_metadata=dict.fromkeys(_ADDRESSES, f"{given['url']}/"),
        enable_telemetry=False,
        show_progress=False,
        connection_verify=given["ca_file"],
    )
    endpoints, deployments = client.online_endpoints, client.online_deployments
    model = client.models.create_or_update(
        Model(name="census", version="7", path=given["model_uri"], type="custom_model")
    )
    made = deployments.begin_create_or_update(_deployment(given, model.id)).result()
    scored = endpoints.invoke("census", deployment_name="blue", request_file=given["request_file"])
    traffic = _give(client, {"blue": 100})
    logs = deployments.get_logs("blue", "census", lines=100)
    keys = endpoints.get_keys("census")
    listed = [one.name for one in deployments.list("census")]
    refused = _refused(lambda: deployments.begin_delete("blue", "census").result())
    _give(client, {"blue": 0})
    deployments.begin_delete("blue", "census").result()
    return {
        "model": [model.id, model.path],
        "deployment": [made.name, made.provisioning_state, made.model, made.instance_count],
        "scored": json.loads(scored),
        "traffic": traffic,
        "keys": [keys.primary_key, keys.secondary_key],
        "logs": logs,
        "listed": listed,
        "refused": refused,
        "left": [one.name for one in deployments.list("census")],
    }


def by_generated_client(given: dict[str, Any]) -> dict[str, Any]:
    """The rest of the addresses, by the client that is generated from the newest contract."""
    client = MachineLearningServicesMgmtClient(
        StaticToken(given["token"]),
        given["subscription"],
        base_url=given["url"],
        connection_verify=given["ca_file"],
    )
    where = (given["group"], given["workspace"])
    patched = client.online_endpoints.begin_update(
        *where, "census", {"tags": {"owner": "somebody"}}
    ).result()
    job = client.jobs.create_or_update(*where, "job_1", given["job"])
    client.jobs.begin_cancel(*where, "job_1").result()
    missing = _refused(lambda: client.model_versions.get(*where, "census", "none"))
    return {
        "tags": client.online_endpoints.get(*where, "census").tags,
        "patched": type(patched).__name__,
        "job": [job.name, job.properties.job_type],
        "cancelled": client.jobs.get(*where, "job_1").properties.status,
        "versions": [one.name for one in client.model_versions.list(*where, "census")],
        "missing": missing,
    }


def _deployment(given: dict[str, Any], model_id: str) -> ManagedOnlineDeployment:
    return ManagedOnlineDeployment(
        name="blue",
        endpoint_name="census",
        model=model_id,
        environment=f"{given['workspace_id']}/environments/scoring/versions/1",
        code_configuration=CodeConfiguration(
            code=f"{given['workspace_id']}/codes/scoring/versions/1", scoring_script="score.py"
        ),
        instance_type="Standard_DS3_v2",
        instance_count=1,
    )


def _give(client: MLClient, traffic: dict[str, int]) -> dict[str, int]:
    endpoint = client.online_endpoints.get("census")
    endpoint.traffic = traffic
    given: dict[str, int] = (
        client.online_endpoints.begin_create_or_update(endpoint).result().traffic
    )
    return given


def _refused(attempt: Any) -> list[Any]:
    """What the package makes of a refusal."""
    try:
        attempt()
    except Exception as exc:  # noqa: BLE001 - whatever it raises is what is wanted
        error = getattr(exc, "error", None)
        return [type(exc).__name__, getattr(exc, "status_code", None), error and error.code]
    return []


def main() -> None:
    """Do it all; what the client itself prints goes to standard error."""
    given = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    out, sys.stdout = sys.stdout, sys.stderr
    told = {"ml_client": by_ml_client(given), "generated": by_generated_client(given)}
    json.dump(told, out)


if __name__ == "__main__":
    main()
