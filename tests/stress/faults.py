"""Every kind of fault in a real run: the result of temporary and of permanent faults."""

import contextlib
import itertools
import socket
import socketserver
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sso_batch.aws import connection_pool
from sso_batch.emulator import HUB, Behaviour, Fault, World, audit_role, generate
from sso_batch.emulator.faults import FaultKind
from sso_batch.emulator.world import AccessKey
from tests.stress.audit import LONG_RETRIES, SHORT_RETRIES, audit
from tests.support.agents import LATE, keys, serving
from tests.support.oracle import expected_rows
from tests.support.reports import Reports, written
from tests.support.sample_worlds import ODDITIES

NOWHERE = "nowhere.invalid"
_CLOSED_PORT, _PORT_WITHOUT_TLS = "a closed port", "a port without TLS"
_REAL_GETADDRINFO = socket.getaddrinfo
_TIME_OUT = 0.3
_HOUR = 3600.0
_ALWAYS = 100_000  # more attempts than any audit makes
_CREDENTIALS_PATIENCE = 1.0  # seconds, instead of two minutes
_MAX_OPERATIONS = 3
_OF_IAM = {("GetPolicy", "ExpiredToken"), ("GetPolicyVersion", "ExpiredToken")}
"""Gaps that occur only if IAM is asked after the credentials have expired, and not before."""

AFFECTED, OTHER = "org-0", "org-1"


@dataclass(frozen=True, slots=True)
class Case:
    """A fault and its run. The fault is temporary, or permanent in the organization `org-0`."""

    description: str
    faults: tuple[Fault, ...] = ()
    temporary: bool = False
    environ: Mapping[str, str] = field(default_factory=dict)
    settings: str = ""
    time_out: float | None = None
    emulator: Mapping[str, Any] = field(default_factory=dict)
    with_profile: bool = False
    failing_lookups: int = 0
    failing_answers: int = 0
    """How often a container agent fails before it returns credentials; 0 means no agent."""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a case."""

    case: Case
    reports: Reports
    exact: frozenset[str]
    injected: int

    @property
    def gaps(self) -> Counter[tuple[str, str]]:
        """The number of gaps of the affected organization, by operation and code."""
        return Counter((gap["operation"], gap["code"]) for gap in self.reports.gaps(AFFECTED))

    def describe(self) -> str:
        """Return the result in words, which are the same in every run."""
        statuses = self.reports.statuses
        if self.exact == {AFFECTED, OTHER} and set(statuses.values()) == {"complete"}:
            return "complete and exact"
        calls: defaultdict[str, list[str]] = defaultdict(list)
        for (operation, code), count in sorted(self.gaps.items()):
            if (operation, code) in _OF_IAM:
                continue
            calls[code].append(operation if count == 1 else f"{operation} x {count}")
        failures = "; ".join(
            f"{code}: {', '.join(found) if len(found) <= _MAX_OPERATIONS else 'a gap for each later call'}"
            if any(found)
            else code
            for code, found in calls.items()
        )
        other = f"other organization {'exact' if OTHER in self.exact else statuses[OTHER]}"
        return f"{statuses[AFFECTED]} ({failures}), {other}"


def world() -> World:
    """Return two organizations with roles, special cases and several pages."""
    return generate(17, organizations=2, **(ODDITIES | {"users": 30, "accounts": 12, "pairs": 12}))


def cases() -> Iterator[Case]:
    """Yield every fault that can occur in an audit."""
    group = next(
        assignment.principal_id
        for assignment in world().organizations[0].assignments
        if assignment.principal_type == "GROUP"
    )

    def temporary(description: str, kind: FaultKind, **options: Any) -> Case:  # noqa: ANN401 - fields of Fault
        fault = Fault(kind, **({"probability": 0.1} | options))
        return Case(description, (fault,), temporary=True, time_out=_TIME_OUT if kind == "hang" else None)

    def permanent(description: str, kind: FaultKind, operation: str = "ListGroupMemberships") -> Case:
        resource = group if operation == "ListGroupMemberships" else None
        fault = Fault(kind, organization=AFFECTED, operation=operation, resource=resource)
        pages = {"behaviour": Behaviour(page_size=10)} if operation == "ListUsers" else {}
        return Case(description, (fault,), time_out=_TIME_OUT if kind == "hang" else None, emulator=pages)

    for description, kind in _BOTH.items():
        yield temporary(description, kind, **_OPTIONS.get(kind, {}))
        yield permanent(description, kind)
    once = Fault("repeated_token", operation="ListUsers", after=1, times=1)
    pages = {"behaviour": Behaviour(page_size=10)}
    yield Case("the same page token again", (once,), temporary=True, emulator=pages)
    yield permanent("the same page token again", "repeated_token", "ListUsers")
    yield permanent("new page tokens without end", "endless_pages", "ListUsers")
    yield permanent("new page tokens without end, on empty pages", "endless_empty_pages", "ListUsers")
    yield permanent("a call that is denied", "access_denied")
    yield permanent("an instance whose KMS key is denied", "kms_denied")
    yield permanent("an instance whose KMS key is gone", "kms_key_gone")
    expired = Fault("expired_token", organization=AFFECTED, after=40)
    yield Case("credentials that expire during the run", (replace(expired, times=1),), temporary=True)
    yield Case("credentials that expire during the run", (expired,), with_profile=True)
    yield Case("a clock that is an hour off", emulator={"signing_clock": lambda: time.time() + _HOUR})
    yield Case(
        "a host name that DNS cannot resolve",
        environ={"AWS_ENDPOINT_URL_IDENTITYSTORE": f"http://{NOWHERE}"},
    )
    yield Case("a host name that DNS cannot resolve", temporary=True, failing_lookups=5)
    yield Case("a closed port", environ={"AWS_ENDPOINT_URL_IDENTITYSTORE": _CLOSED_PORT})
    yield Case("a server without TLS", environ={"AWS_ENDPOINT_URL_IDENTITYSTORE": _PORT_WITHOUT_TLS})
    yield Case("a failing container agent for credentials", temporary=True, failing_answers=5)
    yield Case("a failing container agent for credentials", failing_answers=_ALWAYS)
    unlisted = next(listed.id for listed in world().organizations[0].groups if listed.id == group)
    contradiction = (
        Fault("unlisted", organization=AFFECTED, operation="ListGroups", resource=unlisted),
        Fault("not_found", organization=AFFECTED, operation="DescribeGroup", resource=unlisted),
    )
    yield Case("a group with members that AWS does not find", contradiction)
    for description, kind, operation in _REFUSED_LISTINGS:
        yield permanent(description, kind, operation)
    yield Case(
        "a deadline that is too short",
        (Fault("throttle", organization=AFFECTED, operation="ListUsers"),),
        settings="run:\n  deadline: 6s\n",
    )


_REFUSED_LISTINGS: tuple[tuple[str, FaultKind, str], ...] = (
    ("an identity store that refuses to list users", "filter_required", "ListUsers"),
    ("an identity store that refuses to list groups", "filter_required", "ListGroups"),
)

_OPTIONS: dict[FaultKind, dict[str, Any]] = {
    "hang": {"probability": 1.0, "after": 9, "times": 2},
    # DescribeUser of a user without email addresses has no list either: such an answer is valid.
    "no_list": {"service": "sso-admin"},
    "null_list": {"service": "sso-admin"},
}
"""Options of temporary faults that do not affect a tenth of all calls."""

_BOTH: dict[str, FaultKind] = {
    "throttles": "throttle",
    "HTTP 500": "internal_error",
    "HTTP 503": "unavailable",
    "a connection reset during the answer": "reset",
    "no answer until the time-out": "hang",
    "a truncated answer": "truncated",
    "an answer with half of its JSON": "broken_json",
    "an answer with wrong types": "other_shape",
    "a proxy's JSON with status 200": "foreign_json",
    "a JSON list with status 200": "no_object",
    "an answer without its list": "no_list",
    "an answer with null for its list": "null_list",
    "an answer with its list twice": "list_twice",
    "an answer in UTF-16": "utf_16",
    "an answer that begins with a byte order mark": "byte_order_mark",
    "an answer to another request": "other_question",
    "an answer with empty ids": "empty_ids",
}


def run_case(case: Case, folder: Path) -> Result:
    """Run a case; allow several attempts for a call that times out, also on a slow machine."""
    audited = _with_profile(world()) if case.with_profile else world()
    retry_seconds = SHORT_RETRIES if case.time_out is None else 4 * case.time_out
    if case.temporary or "deadline" in case.settings:
        retry_seconds = LONG_RETRIES
    with (
        socket.socket() as closed,
        _server_without_tls() as port,
        _failing_dns(case.failing_lookups),
        ExitStack() as stack,
    ):
        closed.bind(("127.0.0.1", 0))
        urls = {
            _CLOSED_PORT: f"http://127.0.0.1:{closed.getsockname()[1]}",
            _PORT_WITHOUT_TLS: f"https://127.0.0.1:{port}",
        }
        environ = {name: urls.get(value, value) for name, value in case.environ.items()}
        environ |= stack.enter_context(_agent(case.failing_answers))
        reports = audit(
            audited,
            folder,
            settings=case.settings,
            retry_seconds=retry_seconds,
            time_out=case.time_out,
            environ=environ,
            faults=case.faults,
            seed=1,
            **case.emulator,
        )
    exact = frozenset(name for name in (AFFECTED, OTHER) if _is_exact(audited, name, reports))
    return Result(case, reports, exact, sum(fault.injected for fault in case.faults))


def table() -> str:
    """Return the table of faults and their results in Markdown."""
    cells: dict[str, list[str]] = {}
    for case in cases():
        with tempfile.TemporaryDirectory() as folder:
            row = cells.setdefault(case.description, ["", ""])
            row[not case.temporary] = run_case(case, Path(folder) / "case").describe()
    lines = [
        f"| {description} | {' | '.join(outcome or '-' for outcome in row)} |"
        for description, row in cells.items()
    ]
    heading = "| fault | temporary, in a tenth of all calls or a few | permanent, in one organization |"
    return "\n".join([heading, "|---|---|---|", *lines]) + "\n"


def _is_exact(audited: World, name: str, reports: Reports) -> bool:
    if reports.statuses[name] != "complete":
        return False
    expected = expected_rows(audited, name, details=True, entitlements=True, account_paths=True)
    return reports.content(name) == written(expected)


def _with_profile(original: World) -> World:
    """Return the world with a profile for its first organization, whose keys cannot be renewed."""
    first, second = original.organizations
    key = AccessKey(
        id="AKIAEXAMPLEPROFILE01",
        secret="made-up",
        user_arn=f"arn:aws:iam::{first.management_account_id}:user/auditor",
        profile="org-0-management",
    )
    return World(original.organizations, (HUB, key), (audit_role(second),))


class _PlainTextHandler(socketserver.BaseRequestHandler):
    """A handler that answers without TLS."""

    def handle(self) -> None:
        """Send a plain-text response."""
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@contextlib.contextmanager
def _server_without_tls() -> Iterator[int]:
    """Yield the port of a server without TLS."""
    with socketserver.TCPServer(("127.0.0.1", 0), _PlainTextHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def _agent(failing_answers: int) -> Iterator[Mapping[str, str]]:
    """Serve the hub's credentials from an agent that fails at first; without failures, change nothing."""
    if not failing_answers:
        yield {}
        return
    failures = itertools.islice(itertools.cycle(LATE.values()), failing_answers)
    patience = _CREDENTIALS_PATIENCE if failing_answers == _ALWAYS else connection_pool.PATIENCE
    with (
        serving(keys(HUB.id, HUB.secret), tuple(failures)) as agent,
        patch.object(connection_pool, "PATIENCE", patience),
    ):
        yield {
            "AWS_ACCESS_KEY_ID": "",
            "AWS_SECRET_ACCESS_KEY": "",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": agent.url,
        }


@contextlib.contextmanager
def _failing_dns(failing_lookups: int) -> Iterator[None]:
    """Fail to resolve one host name always, and the first look-ups of others."""
    remaining = failing_lookups

    def getaddrinfo(host: Any, *arguments: Any, **settings: Any) -> Any:  # noqa: ANN401 - the signature of socket.getaddrinfo
        nonlocal remaining
        if host == NOWHERE or remaining > 0:
            remaining -= 1
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return _REAL_GETADDRINFO(host, *arguments, **settings)

    with patch("socket.getaddrinfo", getaddrinfo):
        yield
