"""The error responses of AWS. A service raises one, and its protocol encodes it."""

from typing import Any


class ErrorResponse(Exception):  # noqa: N818 - a response of the emulated service
    """An error response: AWS's code and message, the HTTP status, and further members."""

    def __init__(self, code: str, message: str, *, status: int = 400, **members: Any) -> None:  # noqa: ANN401 - JSON
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.members = members


def access_denied(user_arn: str, action: str, resource: str) -> ErrorResponse:
    """Return the error of a caller whose policies do not allow `action`."""
    return ErrorResponse(
        "AccessDeniedException",
        f"User: {user_arn} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action",
    )


def not_found(message: str, **members: Any) -> ErrorResponse:  # noqa: ANN401 - JSON
    """Return the error for a resource that does not exist."""
    return ErrorResponse("ResourceNotFoundException", message, **members)


def invalid(message: str) -> ErrorResponse:
    """Return the error for an invalid request."""
    return ErrorResponse("ValidationException", message)
