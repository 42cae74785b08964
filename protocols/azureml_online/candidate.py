"""The deployment that a model becomes at its endpoint.

Its name comes of the model's ETag, so that whatever is sent again is the same again. The tags tell
whether what stands under that name is this model's: others may have made one of that name, and two
blobs may have one ETag.
"""

from typing import Final

import msgspec

from protocols.azureml_online.arm import Document
from protocols.azureml_online.keys import AzuremlKeys
from protocols.azureml_online.registered_model import RegisteredModel, letters_and_digits
from protocols.blob_reference import BlobReference

MODEL_TAG: Final = "redeployer-model"
ETAG_TAG: Final = "redeployer-etag"
_LONGEST_TAG: Final = 256
_MOST_SIGNS: Final = 30


class Candidate(msgspec.Struct, frozen=True):
    """A model at its endpoint.

    Attributes:
        keys: The endpoint's.
        model: The model, and where it is.
    """

    keys: AzuremlKeys
    model: BlobReference

    @property
    def name(self) -> str:
        """The name of its deployment."""
        return f"m-{letters_and_digits(self.model.etag)[:_MOST_SIGNS].lower()}"

    @property
    def path(self) -> str:
        """Where its deployment is within the workspace."""
        return f"{self.keys.path}/deployments/{self.name}"

    @property
    def tags(self) -> dict[str, str]:
        """What tells ours from what others made, and which model it is of."""
        model = self.model
        return {MODEL_TAG: model.name[:_LONGEST_TAG], ETAG_TAG: model.etag[:_LONGEST_TAG]}

    def body(self, model: RegisteredModel, location: str) -> Document:
        """Say what is deployed.

        Args:
            model: What it serves.
            location: The region of its endpoint.
        """
        made_of = self.keys.deployment
        properties = {
            "scaleSettings": {"scaleType": "Default"},
            **made_of.properties,
            "endpointComputeType": "Managed",
            "instanceType": made_of.instance_type,
            "model": model.id,
            "environmentVariables": dict(made_of.environment_variables),
        }
        if made_of.environment is not None:
            properties["environmentId"] = made_of.environment
        if made_of.code is not None:
            script = made_of.scoring_script
            properties["codeConfiguration"] = {"codeId": made_of.code, "scoringScript": script}
        return {
            "location": location,
            "sku": {"name": "Default", "capacity": made_of.instance_count},
            "tags": self.tags,
            "properties": properties,
        }
