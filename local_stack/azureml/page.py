"""A list in pages: `$top` says how many, and `nextLink` where the next page begins."""

from collections.abc import Sequence
from urllib.parse import urlencode

from local_stack.azureml.description import API_VERSION
from local_stack.azureml.errors import invalid
from local_stack.azureml.management_call import ManagementCall, refuse_query


def page(of: Sequence[object], call: ManagementCall, address: str) -> dict[str, object]:
    """Give the page that is asked for.

    Args:
        of: All that there is.
        call: The request.
        address: The list's, without a query.

    Raises:
        ArmError: 400, it asks for no page; 501, it narrows the list otherwise.
    """
    refuse_query(call, "$top", "$skip")
    top, skip = call.query.get("$top"), call.query.get("$skip", "0")
    if not skip.isdecimal() or not (top is None or (top.isdecimal() and int(top) > 0)):
        raise invalid("$top and $skip say no page.")
    end = len(of) if top is None else int(skip) + int(top)
    shown: dict[str, object] = {"value": list(of[int(skip) : end])}
    if end < len(of):
        query = urlencode({"api-version": API_VERSION, "$top": top or "", "$skip": end})
        shown["nextLink"] = f"{address}?{query}"
    return shown
