"""Azure Resource Manager: asks a workspace, with a token of the app's own identity.

Errors are `{"error": {"code", "message", "details", "innererror"}}`. Source: the published
description of `Microsoft.MachineLearningServices`, version 2025-12-01, and of Resource Manager.
"""

from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from protocols.azureml_online.workspace import Workspace
from protocols.classic_answers import LONGEST_MESSAGE, json_object, retry_after, unwelcome
from protocols.cut_json import members_of
from protocols.identity import Identity, IdentityError
from protocols.protocol import Refused, Unsettled
from protocols.wire import ANSWER_LIMIT, HttpAnswer, NoAnswerError, Wire
from settings.secret import Secret

API_VERSION: Final = "2025-12-01"
ROLE: Final = "AzureML Data Scientist"
_NOT_LET_IN: Final = frozenset({401, 403})
# Another operation is at work, or has the lock: nothing was done.
_CONFLICTS: Final = frozenset({409, 412, 423})
_SUCCESS: Final = range(200, 300)
_ABSENT: Final = "http_404"
_WITHIN: Final = frozenset({"properties"})

type Document = dict[str, Any]
"""What a workspace says of a resource: a JSON object."""


class Arm:
    """Asks one workspace. No method raises.

    Make one for each claim: whoever claims an endpoint claims it for the time of one request, which
    all requests of this object share.

    Attributes:
        workspace: Which.
        given: The tokens that it was asked with, which no message may repeat.
    """

    def __init__(self, wire: Wire, identity: Identity, workspace: Workspace) -> None:
        self._wire, self._identity, self.workspace = wire, identity, workspace
        self.given: set[Secret] = set()
        self._over_at = monotonic() + wire.limit.total_seconds()

    @property
    def left(self) -> timedelta:
        """How much time is left; none at all if it is not positive."""
        return timedelta(seconds=self._over_at - monotonic())

    def get(self, path: str, query: str = "") -> Document | Refused | Unsettled:
        """Ask for the resource at *path*, relative to the workspace."""
        return self._asked("GET", path, None, query)

    def get_part(self, path: str) -> Document | Refused | Unsettled:
        """Ask for the resource at *path*; of one longer than what is read, what is whole of it."""
        return self._sent("GET", self._url(path), None, _read_part)

    def get_url(self, url: str) -> Document | Refused | Unsettled:
        """Ask for what is at an address that the workspace told; nothing, if it is elsewhere.

        The token goes to the workspace's host alone.
        """
        ours, told = urlsplit(self.workspace.url), urlsplit(url)
        is_ours = (told.scheme, told.netloc) == (ours.scheme, ours.netloc)
        return self._sent("GET", url, None) if is_ours else {}

    def put(self, path: str, body: object) -> Document | Refused | Unsettled:
        """Create or replace the resource at *path*."""
        return self._asked("PUT", path, body)

    def post(self, path: str, body: object = None) -> Document | Refused | Unsettled:
        """Have the action at *path* done."""
        return self._asked("POST", path, body)

    def delete(self, path: str) -> Document | Refused | Unsettled:
        """Delete the resource at *path*; one that is not there is no fault."""
        answer = self._asked("DELETE", path, None)
        return {} if is_absent(answer) else answer

    def token(self, scope: str) -> Secret | Unsettled:
        """Give a token of the app's identity."""
        try:
            return self._identity.token(scope)
        except IdentityError as error:
            return Unsettled("no_identity", str(error))

    def _asked(
        self, method: str, path: str, body: object, query: str = ""
    ) -> Document | Refused | Unsettled:
        return self._sent(method, self._url(path, query), body)

    def _url(self, path: str, query: str = "") -> str:
        return f"{self.workspace.url}{path}?api-version={API_VERSION}{query}"

    def _sent(
        self, method: str, url: str, body: object, read: "Read | None" = None
    ) -> Document | Refused | Unsettled:
        token = self.token(self.workspace.scope)
        if isinstance(token, Unsettled):
            return token
        self.given.add(token)
        content = None if body is None else msgspec.json.encode(body)
        headers = {"Authorization": ("Bearer ", token)}
        try:
            answer = self._wire.send_as(method, url, headers=headers, body=content, limit=self.left)
        except NoAnswerError as error:
            may_apply = error.sent and method != "GET"
            return Unsettled(error.code, str(error), error.retry_after, maybe_applied=may_apply)
        return (read or _read)(answer, method, token)


type Read = Callable[[HttpAnswer, str, Secret], Document | Refused | Unsettled]


def is_absent(answer: object) -> bool:
    """Say whether what was asked for is not there."""
    return isinstance(answer, Refused) and answer.code == _ABSENT


def _read_part(answer: HttpAnswer, method: str, token: Secret) -> Document | Refused | Unsettled:
    if answer.status in _SUCCESS and len(answer.body) >= ANSWER_LIMIT:
        part = members_of(answer.body, within=_WITHIN)
        if part:
            return part
    return _read(answer, method, token)


def _read(answer: HttpAnswer, method: str, token: Secret) -> Document | Refused | Unsettled:
    if answer.status in _SUCCESS:
        document = json_object(answer)
        if document is None and method == "GET":
            return Unsettled("unreadable_answer", "the workspace's answer is no JSON object")
        return document or {}
    said = unwelcome(answer, [token])
    if isinstance(said, Unsettled):
        may_apply = said.maybe_applied and method != "GET"
        return msgspec.structs.replace(said, maybe_applied=may_apply)
    if answer.status in _CONFLICTS:
        return Unsettled(said.code, said.message, retry_after=retry_after(answer))
    if answer.status in _NOT_LET_IN:
        what = f"the app's identity needs the role {ROLE} at the workspace: {said.message}"
        return Refused("workspace_forbidden", what[:LONGEST_MESSAGE], causes=said.causes)
    return Refused(said.code, said.message, causes=said.causes)
