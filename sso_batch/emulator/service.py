"""A service of the emulator: its operations, the rules of their members, and their calls."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn, TypeVar

from sso_batch.emulator.credentials import Authenticator, Caller
from sso_batch.emulator.http import Request
from sso_batch.emulator.organization_index import OrganizationIndex
from sso_batch.emulator.pagination import ForeignTokenError, Pager, PaginationFault, purpose
from sso_batch.emulator.protocols import ErrorResponse, WireProtocol, access_denied
from sso_batch.emulator.request_validation import Rule, Violation, find_violation
from sso_batch.emulator.world import ManagedPolicy, Role

Item = TypeVar("Item")
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One interpretation of AWS; the defaults follow its documentation.

    page_size: maximum number of items per page, whatever the request asks for.
    empty_pages: send an empty page with a token before each page.
    group_rows: include assignments through groups in a user's assignments.
    without_group_rows: ids of users whose assignments never include those through groups.
    empty_inline_policy: return an empty string for a permission set without an inline policy; otherwise the
        member is omitted.
    bare_lists: omit the list of permission sets for an account that has none.
    session_seconds: length of all sessions, whatever AssumeRole asks for.
    """

    page_size: int | None = None
    empty_pages: bool = False
    omitted_account_members: frozenset[Literal["State", "Status", "Paths"]] = frozenset()
    account_id_in_paths: bool = False
    group_rows: bool = True
    without_group_rows: frozenset[str] = frozenset()
    principal_assignments: Literal["everybody", "management", "nobody"] = "management"
    empty_entitlement_filter: bool = True
    empty_inline_policy: bool = False
    bare_lists: bool = False
    session_seconds: float | None = None


@dataclass(slots=True)
class Call:
    """An authenticated request for one operation, with everything needed to answer it.

    `now` is the time of the emulator's clock, in seconds since 1970.
    """

    service: "Service"
    operation: str
    request: dict[str, Any]
    caller: Caller
    region: str
    behaviour: Behaviour
    index: OrganizationIndex | None
    authenticator: Authenticator
    roles: Mapping[str, Role]
    managed_policies: Mapping[str, ManagedPolicy | None]
    now: float
    pagination_fault: PaginationFault | None = None

    def page(
        self, items: Sequence[Item], *, at_most: int | None = None
    ) -> tuple[Sequence[Item], dict[str, str]]:
        """Return the requested page of `items`, and the member with the next token, if any.

        at_most: number of items that an answer of this operation can hold, by default the largest page size.
        """
        names = self.service.paging
        parameters = {name: value for name, value in self.request.items() if name not in names}
        listing = Pager(
            purpose(self.caller.account_id, self.region, self.operation, parameters),
            self.behaviour.empty_pages,
            self.pagination_fault,
        )
        largest = at_most or self.service.max_page_size
        size = min(self.request.get(names[0]) or largest, largest, self.behaviour.page_size or largest)
        try:
            page, token = listing.page(items, size, self.request.get(names[1]))
        except ForeignTokenError:
            violation = Violation(names[1], "The token does not belong to this listing", "INVALID_NEXT_TOKEN")
            raise self.service.invalid(violation) from None
        return page, {names[1]: token} if token else {}

    def deny(self) -> NoReturn:
        """Raise the error of a call that IAM denies."""
        action = f"{self.service.action_prefix}:{self.operation}"
        raise access_denied(self.caller.arn, action, self.service.resource(self))


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation: the members that it accepts, and the function that answers it.

    counted_as: its name among the numbers of calls, where two services have operations of one name.
    """

    name: str
    required: tuple[str, ...]
    accepted: frozenset[str]
    answer: Callable[[Call], Answer]
    counted_as: str


@dataclass(frozen=True, slots=True)
class Service:
    """The emulated part of an AWS service.

    invalid: returns the service's own error for a violation.
    resource: returns the resource that an AccessDenied message names.
    paging: names of the members for page size and token.
    """

    name: str
    signing_name: str
    action_prefix: str
    protocol: WireProtocol
    rules: Mapping[str, Rule]
    invalid: Callable[[Violation], ErrorResponse]
    resource: Callable[[Call], str]
    throttled: str = "ThrottlingException"
    internal: str = "InternalServerException"
    paging: tuple[str, str] = ("MaxResults", "NextToken")
    max_page_size: int = 100
    operations: dict[str, Operation] = field(default_factory=dict)

    def operation(
        self, name: str, *required: str, optional: tuple[str, ...] = (), counted_as: str | None = None
    ) -> Callable[[Callable[[Call], Answer]], Callable[[Call], Answer]]:
        """Return a decorator that registers a function as the answer to an operation."""

        def register(answer: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
            accepted = frozenset((*required, *optional))
            self.operations[name] = Operation(name, required, accepted, answer, counted_as or name)
            return answer

        return register

    def read(self, http: Request) -> tuple[Operation, dict[str, Any]]:
        """Return the operation that a request names, and the request's members."""
        name, request = self.protocol.read(http)
        operation = self.operations.get(name)
        if operation is None:
            raise ErrorResponse(
                "UnknownOperationException", f"The emulator does not serve {self.name} {name}"
            )
        return operation, request

    def answer(self, operation: Operation, call: Call) -> Answer:
        """Answer a call; check permissions before the request's members, as AWS does."""
        if not call.caller.is_allowed(f"{self.action_prefix}:{operation.name}"):
            call.deny()
        violation = find_violation(call.request, self.rules, operation.required, operation.accepted)
        if violation:
            raise self.invalid(violation)
        return operation.answer(call)


def validation_exception(violation: Violation) -> ErrorResponse:
    """Return the error that most services raise for a violation."""
    value = "" if violation.value is None else f" '{violation.value}'"
    return ErrorResponse(
        "ValidationException",
        f"1 validation error detected: Value{value} at '{violation.member}' failed to satisfy constraint: "
        f"{violation.constraint}",
    )
