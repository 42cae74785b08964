"""The app without an account key: an identity for the trigger, the records and the tokens."""

from pathlib import Path

from local_stack.azurite import Azurite
from local_stack.identity import ManagedIdentity
from tests.e2e.deployment import deployment, state_of, wait_for_event, wait_until


def test_with_an_identity_alone_an_uploaded_model_reaches_the_endpoint(
    azurite_oauth: Azurite,
    identity: ManagedIdentity,
    container_name: str,
    tmp_path: Path,
    model: bytes,
) -> None:
    with deployment(azurite_oauth, container_name, tmp_path) as deployed:
        assert not [value for value in deployed.environ.values() if "AccountKey" in value]
        with deployed.host(**identity.environ) as host:
            deployed.put("a b.ilearner", model)
            wait_for_event(host, "patch.accepted")
            wait_until(lambda: state_of(host) == "patched", evidence=host.log_text)

        assert deployed.patches() == [f"{container_name}/a%20b.ilearner"]
