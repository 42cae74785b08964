"""What a client looks at while something is under way, and the workspace that it is in."""

from http import HTTPStatus

from local_stack.azureml.documents import operation_document, workspace_document
from local_stack.azureml.errors import ArmError
from local_stack.azureml.management_call import ManagementCall
from local_stack.azureml.operations import Status
from local_stack.azureml.state import State
from local_stack.azureml.under_way import accepted
from local_stack.http_service.call import Answer


class Results:
    """The handlers of operations and of the workspace."""

    def __init__(self, state: State) -> None:
        self._state = state

    def status(self, call: ManagementCall) -> Answer:
        """GET what ``Azure-AsyncOperation`` leads to: 200, whatever its status is."""
        operation = self._state.operation(call.parameters["operation"])
        operation.look(self._state.now())
        retry = {"Retry-After": str(self._state.workspace.retry_after)}
        headers = retry if operation.status is Status.IN_PROGRESS else {}
        return Answer(200, operation_document(operation, self._state), headers)

    def result(self, call: ManagementCall) -> Answer:
        """GET what ``Location`` leads to: 202 until it is over, then the result or the error."""
        operation = self._state.operation(call.parameters["operation"])
        if operation.look(self._state.now()) is Status.IN_PROGRESS:
            return accepted(operation, self._state)
        if operation.error is not None:
            error = operation.error
            raise ArmError(HTTPStatus.CONFLICT, error.code, error.message)
        return Answer(204) if operation.result is None else Answer(200, operation.result())

    def workspace(self, call: ManagementCall) -> Answer:
        """GET the workspace."""
        del call
        return Answer(200, workspace_document(self._state))
