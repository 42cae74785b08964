"""Every error this service answers: HTTP status, code, fixed message, detail codes.

Codes and texts are those of Microsoft's "Studio (classic) REST API error codes" page. The body is
``{"error": {"code", "message", "details": [{"code", "message"}]}}``, seen in captured answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from local_stack.http_service.call import Answer


@dataclass(frozen=True, slots=True)
class ErrorClass:
    """One top-level code: its HTTP status, its fixed message, the causes it may name."""

    status: int
    message: str
    details: Mapping[str, str]


NO_UPDATABLE_RESOURCES: Final = (
    "Sorry, but this feature is not supported or available in this context. This Web Service has "
    "no updatable resources. We apologize for the inconvenience and are working on improving this "
    "workflow."
)

_BAD_ARGUMENT: Final = {
    "BadVersionCall": (
        "Invalid version parameter was passed during the API call: {0}. Check the API help page "
        "for passing the correct version and try again."
    ),
    "BatchJobInputsNotSpecified": (
        "The following required input(s) were not specified with the request: {0}. Please ensure "
        "all input data is specified and try again."
    ),
    "BlobNotFound": "Unable to access the provided Azure blob - {0}.  Azure error message: {1}.",
    "DuplicateInputInBatchCall": (
        "The batch request is invalid. Cannot specify both single and multiple input at the same "
        "time. Remove one of these items from the request and try again."
    ),
    "InvalidBlob": (
        "Invalid blob specification for blob: {0}. Verify that connection string / relative path "
        "or SAS token specification is correct and try again."
    ),
    "InvalidBlobConnectionString": (
        "The connection string specified for one of the input/output blobs in invalid: {0}. "
        "Please correct this and try again."
    ),
    "InvalidBlobExtension": (
        "The blob reference: {0} has an invalid or missing file extension. Supported file "
        'extensions for this output type are: "{1}".'
    ),
    "InvalidInputNames": (
        "Invalid service input name(s) specified in the request: {0}. Please map the input data "
        "to the correct service inputs and try again."
    ),
    "InvalidOutputOverrideName": (
        "Invalid output override name: {0}. The service does not have an output node with this "
        "name. Please pass in a correct output node name to override (case sensitivity applies)."
    ),
    "MissingInputBlobInformation": (
        "Missing Azure storage blob information. Provide a valid connection string and relative "
        "path or URI and try again."
    ),
    "MissingJobId": (
        "No job Id provided. A job Id is returned when a job was submitted for the first time. "
        "Verify the job Id is correct and try again."
    ),
    "MissingRequestInput": (
        "The web service expects an input, but no input was provided. Ensure valid inputs are "
        "provided based on the published input ports in the model and try again."
    ),
    "RequestBodyInvalid": ("No request body provided or error in deserializing the request body."),
    "RequestIsEmpty": "No request provided. Provide a valid request and try again.",
    "UnexpectedParameter": (
        "Unexpected parameters provided. Verify all parameter names are spelled correctly, only "
        "expected parameters are passed, and try again."
    ),
    "UserParameterInvalid": "{0}",
    "WebServiceTooManyConcurrentRequestRequirement": (
        "Cannot set concurrent request requirement to more than {0}."
    ),
}

TABLE: Final[Mapping[str, ErrorClass]] = {
    "BadArgument": ErrorClass(400, "Invalid argument provided.", _BAD_ARGUMENT),
    "BadUserArgument": ErrorClass(
        400,
        "Invalid user argument provided.",
        {
            "InputMismatchError": "Input data does not match input port schema.",
            "InputParseError": (
                "Parsing of input vector failed.  Verify the input vector has the correct number "
                "of columns and data types.  Additional details: {0}."
            ),
        },
    ),
    "InvalidOperation": ErrorClass(
        400,
        "The request is invalid in the current context.",
        {
            "CannotStartJob": "The job cannot be started because it is in {0} state.",
            # Published as a 500 without text; a 500 would tell a client to try again for ever.
            "InvalidWebServiceResources": NO_UPDATABLE_RESOURCES,
        },
    ),
    # Not on the page: a client of the real service quotes it for deleting the default endpoint.
    "UnauthorizedRequest": ErrorClass(400, "Cannot {0} default endpoint.", {}),
    "Unauthorized": ErrorClass(
        401,
        "Request is unauthorized to access resource.",
        {
            "ManagementRequestUnauthorized": "Unauthorized",
            "ScoreRequestUnauthorized": "Invalid credentials provided.",
        },
    ),
    "NotFound": ErrorClass(
        404,
        "Resource not found.",
        {
            "WebServiceIdNotFoundInWorkspace": (
                "Web service under this workspace not found. There is a mismatch between the "
                "webServiceId and the workspaceId. Verify the web service provided is part of the "
                "workspace and try again."
            ),
            "WebServiceNotFound": (
                "Web service not found. Verify the web service Id is correct and try again."
            ),
            "WorkspaceNotFound": (
                "Workspace not found. Verify the workspace Id is correct and try again."
            ),
        },
    ),
    "Conflict": ErrorClass(409, "Resource already exists.", {}),
    "MemoryQuotaViolation": ErrorClass(
        413,
        "The model had exceeded the memory quota assigned to it.",
        {
            "OutOfMemoryLimit": (
                "The model consumed more memory than was appropriated for it. Maximum allowed "
                "memory for the model is {0} MB. Please check your model for issues."
            ),
        },
    ),
    "InternalError": ErrorClass(
        500,
        "Execution encountered an internal error.",
        {"ResourceDownload": "", "UnknownError": ""},
    ),
    # Ours: what this local service has not built.
    "NotImplemented": ErrorClass(501, "This local service has not built it: {0}.", {}),
}


class ServiceError(Exception):
    """A request that is answered with one of the documented errors.

    Args:
        code: The top-level code, a key of ``TABLE``.
        detail: The cause, a key of that class's details; none where the class has no causes.
        *values: What fills ``{0}``, ``{1}`` in the cause's text (in the class's without a cause).
        hint: What the fixed text does not say, appended to it. Never a secret.
    """

    def __init__(self, code: str, detail: str | None = None, *values: str, hint: str = "") -> None:
        found = TABLE[code]
        self.status = found.status
        self.code = code
        self.detail = detail
        text = found.message if detail is None else found.details[detail]
        filled = " ".join(part for part in (text.format(*values), hint and f"({hint})") if part)
        self.message = filled if detail is None else found.message
        self.details = [] if detail is None else [{"code": detail, "message": filled}]
        super().__init__(f"{code}/{detail}: {filled}")

    def answer(self) -> Answer:
        """The documented HTTP answer."""
        error = {"code": self.code, "message": self.message, "details": self.details}
        return Answer(self.status, {"error": error})


def bad_argument(detail: str, *values: str, hint: str = "") -> ServiceError:
    """A 400 ``BadArgument`` with its cause."""
    return ServiceError("BadArgument", detail, *values, hint=hint)


def not_built(what: str) -> ServiceError:
    """A 501 that says what this local service has not built."""
    return ServiceError("NotImplemented", None, what)
