"""An online endpoint as its workspace describes it, and how its traffic is changed.

A change of traffic is a PUT of the whole: what is left out is lost. Two tags go with it, so that
they are true exactly if the traffic was changed: what had all of it, and what was given last.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from protocols.azureml_online.arm import Arm, Document, is_absent
from protocols.azureml_online.keys import AzuremlKeys
from protocols.azureml_online.traffic import ALL, Traffic, with_share, without
from protocols.classic_answers import LONGEST_MESSAGE
from protocols.protocol import Refused, Unsettled

SERVED_TAG: Final = "redeployer-served"
STEP_TAG: Final = "redeployer-step"
SUCCEEDED: Final = "succeeded"
FAILED: Final = "failed"
_MOST_SERVED: Final = 7  # what a tag has room for
_BUSY: Final = frozenset({"creating", "updating", "deleting"})
_SETTLED: Final = frozenset({SUCCEEDED, FAILED, "canceled"})
_KEPT: Final = ("location", "kind", "sku")
_READ_ONLY: Final = frozenset({"provisioningState", "scoringUri", "swaggerUri"})


class OnlineEndpoint(msgspec.Struct, frozen=True):
    """One endpoint.

    Attributes:
        document: How it is described.
    """

    document: Document

    @property
    def location(self) -> str:
        """The region that it is in."""
        return str(self.document.get("location") or "")

    @property
    def state(self) -> str:
        """Its provisioning state, in lower case."""
        return str(self._properties.get("provisioningState") or "").lower()

    @property
    def is_busy(self) -> bool:
        """Whether an operation is at work on it."""
        return self.state in _BUSY

    @property
    def is_settled(self) -> bool:
        """Whether no operation is at work on it; in an unknown state it is neither."""
        return self.state in _SETTLED

    @property
    def auth_mode(self) -> str:
        """What it wants to be asked with, in lower case."""
        return str(self._properties.get("authMode") or "").lower()

    @property
    def traffic(self) -> Traffic:
        """Who gets how much."""
        return _shares(self._properties.get("traffic"))

    @property
    def mirrored(self) -> Traffic:
        """Who gets a copy of how much."""
        return _shares(self._properties.get("mirrorTraffic"))

    @property
    def served(self) -> tuple[str, ...]:
        """The deployments of ours that once had all traffic, the last first."""
        return tuple(self._tags.get(SERVED_TAG, "").split())

    @property
    def step(self) -> tuple[str, int]:
        """The deployment whose share was changed last, by us, and to how much."""
        name, _, share = self._tags.get(STEP_TAG, "").partition(":")
        return name, int(share) if share.isdecimal() else 0

    @property
    def unproven(self) -> frozenset[str]:
        """What was given traffic, step by step, and never had all of it.

        What has all of it now is none: a person may have given it that.
        """
        name, share = self.step
        is_on_trial = 0 < share < ALL and self.traffic.get(name) != ALL
        return frozenset({name} - set(self.served)) if is_on_trial else frozenset()

    def given(self, name: str, share: int) -> Document:
        """Say how it is with *share* of the traffic given to *name*, and none to any unproven.

        Where nothing else has traffic, all of it is given.
        """
        traffic = with_share(self._beside(name), name, share)
        served = self.served
        if traffic[name] == ALL:
            served = (name, *(one for one in served if one != name))[:_MOST_SERVED]
        return self._with(traffic, name, traffic[name], served)

    def taken_back(self, name: str) -> Document:
        """Say how it is with no traffic for *name*, nor for any unproven, if others have some."""
        traffic = without(self._beside(name), frozenset({name})) or dict(self.traffic)
        return self._with(traffic, name, 0, self.served)

    def _beside(self, name: str) -> Traffic:
        """Give the traffic without any unproven, unless that leaves nothing beside *name*."""
        left = without(self.traffic, self.unproven - {name})
        return left if left.keys() - {name} else self.traffic

    def _with(
        self, traffic: dict[str, int], name: str, share: int, served: tuple[str, ...]
    ) -> Document:
        tags = {**self._tags, SERVED_TAG: " ".join(served), STEP_TAG: f"{name}:{share}"}
        properties = {
            key: value
            for key, value in self._properties.items()
            if key not in _READ_ONLY and value is not None
        }
        # What has a share of the traffic can have no copy of it.
        mirrored = {one: part for one, part in self.mirrored.items() if one not in traffic}
        properties |= {"traffic": traffic, "mirrorTraffic": mirrored}
        kept = {key: self.document[key] for key in _KEPT if self.document.get(key) is not None}
        return {**kept, **_identity(self.document), "tags": tags, "properties": properties}

    @property
    def _properties(self) -> Mapping[str, Any]:
        found = self.document.get("properties")
        return found if isinstance(found, dict) else {}

    @property
    def _tags(self) -> dict[str, str]:
        found = self.document.get("tags")
        return {key: str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def online_endpoint(arm: Arm, keys: AzuremlKeys) -> OnlineEndpoint | Refused | Unsettled:
    """Ask a workspace for an endpoint."""
    answer = arm.get(keys.path)
    if isinstance(answer, Refused) and is_absent(answer):
        what = f"the workspace has no online endpoint {keys.online_endpoint}: {answer.message}"
        return Refused("endpoint_not_found", what[:LONGEST_MESSAGE], causes=answer.causes)
    return answer if isinstance(answer, (Refused, Unsettled)) else OnlineEndpoint(answer)


def is_gone(trouble: Refused | Unsettled) -> bool:
    """Say whether an endpoint is not there, and so nothing of it."""
    return trouble.code == "endpoint_not_found"


def _shares(value: object) -> Traffic:
    found = value if isinstance(value, dict) else {}
    return {name: part for name, part in found.items() if isinstance(part, int) and part > 0}


def _identity(document: Document) -> Document:
    """Give its identity as it is set, without what the service adds."""
    identity = document.get("identity")
    if not isinstance(identity, dict):
        return {}
    kept: Document = {"type": identity.get("type")}
    if users := identity.get("userAssignedIdentities"):
        kept["userAssignedIdentities"] = {one: {} for one in users}
    return {"identity": kept}
