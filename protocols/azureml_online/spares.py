"""Deployments of ours that serve nothing any more: finds and deletes them."""

from typing import Final
from urllib.parse import parse_qs, quote, urlsplit

from protocols.azureml_online.arm import Arm, Document
from protocols.azureml_online.keys import AzuremlKeys
from protocols.azureml_online.online_deployment import OnlineDeployment
from protocols.azureml_online.online_endpoint import OnlineEndpoint
from protocols.protocol import Accepted, Refused, Unsettled

_PAGE: Final = 10
"""So many are described within what is read of an answer."""
_MOST_PAGES: Final = 10
_DELETING: Final = "deleting"


def delete_spares(
    arm: Arm, keys: AzuremlKeys, there: OnlineEndpoint, kept: frozenset[str]
) -> Accepted | Refused | Unsettled:
    """Delete the deployments that this app made and that have no traffic, but those *kept*."""
    found = _deployments(arm, keys)
    if isinstance(found, (Refused, Unsettled)):
        return found
    needed = kept | there.traffic.keys() | there.mirrored.keys()
    spare = [one.name for one in found if one.is_ours and one.state != _DELETING]
    outcomes = [arm.delete(f"{keys.path}/deployments/{n}") for n in spare if n not in needed]
    troubles = [one for one in outcomes if isinstance(one, (Refused, Unsettled))]
    return troubles[0] if troubles else Accepted()


def _deployments(arm: Arm, keys: AzuremlKeys) -> list[OnlineDeployment] | Refused | Unsettled:
    """List every deployment of the endpoint, page by page."""
    found: list[OnlineDeployment] = []
    more = ""
    for _ in range(_MOST_PAGES):
        page = arm.get(f"{keys.path}/deployments", f"&$top={_PAGE}{more}")
        if isinstance(page, (Refused, Unsettled)):
            return page
        listed = page.get("value")
        ones = listed if isinstance(listed, list) else []
        found += [OnlineDeployment(one) for one in ones if isinstance(one, dict)]
        more = _more(page)
        if not more:
            break
    return found


def _more(page: Document) -> str:
    """Say where the next page begins; only that is taken of its address, never the host."""
    address = urlsplit(str(page.get("nextLink") or ""))
    return "".join(
        f"&$skip={quote(one, safe='')}" for one in parse_qs(address.query).get("$skip", [])
    )
