"""How AWS says no. A service raises a refusal; its protocol puts it on the wire."""

from typing import Any


class ErrorResponse(Exception):  # noqa: N818 - an answer of the emulated AWS, not an error of the emulator
    """An error answer: AWS's code, its message, the HTTP status, and members beside the message."""

    def __init__(self, code: str, message: str, *, status: int = 400, **members: Any) -> None:  # noqa: ANN401 - JSON
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.members = members


def access_denied(user_arn: str, action: str, resource: str) -> ErrorResponse:
    """Return what IAM says to a caller whose policies do not allow `action`."""
    return ErrorResponse(
        "AccessDeniedException",
        f"User: {user_arn} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action",
    )


def not_found(message: str, **members: Any) -> ErrorResponse:  # noqa: ANN401 - JSON
    """Return the refusal of something that does not exist."""
    return ErrorResponse("ResourceNotFoundException", message, **members)


def invalid(message: str) -> ErrorResponse:
    """Return the refusal of a request that no caller could have answered."""
    return ErrorResponse("ValidationException", message)
