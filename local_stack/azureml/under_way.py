"""Operations as the handlers begin them, make way for them, and answer with them."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

from local_stack.azureml.errors import conflict
from local_stack.azureml.operations import Operation, Status
from local_stack.azureml.pacing import AsItGoes, Pacing
from local_stack.azureml.state import Deployment, OnlineEndpoint, State
from local_stack.http_service.call import Answer

_TIMEOUT: Final = "PT1H30M"


def begun(
    state: State,
    work: Future[None] | None,
    succeeded: Callable[[], None],
    pacing: Pacing | None = None,
) -> Operation:
    """Begin an operation that clients can look at.

    Args:
        state: Whose.
        work: What it waits for; ``None``: there is nothing to wait for.
        succeeded: Called when it is seen to have succeeded.
        pacing: When it may be seen; ``None``: as the workspace has it.
    """
    operation = Operation(
        work or _nothing(), pacing or state.workspace.pacing, state.now(), succeeded
    )
    state.add(operation)
    return operation


def settled(state: State) -> Operation:
    """An operation that is over: of what is there from the start."""
    nothing = _nothing()
    return Operation(nothing, AsItGoes(), state.now(), lambda: None, status=Status.SUCCEEDED)


def make_way(what: OnlineEndpoint | Deployment, state: State) -> None:
    """Refuse a change of what another change is about, or cancel that one.

    Raises:
        ArmError: 409.
    """
    now = state.now()
    if what.operation.look(now, counts=False) is not Status.IN_PROGRESS:
        return
    if what.verb == "Deleting" or state.workspace.overlapping == "refused":
        raise conflict(
            f"The operation on {what.name} was canceled due to a previous operation waiting for "
            "lock confirmation. Retry after waiting up to a minute."
        )
    what.operation.cancel(
        now, "Operation was canceled by another operation that has a higher priority."
    )


def put_answer(status: int, body: object, operation: Operation, state: State) -> Answer:
    """The answer to a PUT: where to look for its status."""
    headers = {
        "Azure-AsyncOperation": state.addresses.status(operation.id),
        "x-ms-async-operation-timeout": _TIMEOUT,
    }
    return Answer(status, body, headers)


def accepted(
    operation: Operation, state: State, result: Callable[[], object] | None = None
) -> Answer:
    """The answer to what is neither made nor replaced: where to look whether it still goes on.

    Args:
        operation: What goes on.
        state: Whose.
        result: What is answered there in the end; ``None``: what was said before, if anything.
    """
    operation.result = result or operation.result
    headers = {
        "Location": state.addresses.result(operation.id),
        "Retry-After": str(state.workspace.retry_after),
        "x-ms-async-operation-timeout": _TIMEOUT,
    }
    return Answer(202, None, headers)


def _nothing() -> Future[None]:
    done: Future[None] = Future()
    done.set_result(None)
    return done
