"""Every kind of fault on a real run: what happened where it passed, and where it stayed."""

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
from tests.stress.audit import IMPATIENT, PATIENT, audit
from tests.support.agents import LATE, keys, serving
from tests.support.oracle import expected_rows
from tests.support.reports import Reports, written
from tests.support.sample_worlds import ODDITIES

NOWHERE = "nowhere.invalid"
_CLOSED, _PLAIN = "a port that is closed", "a port without TLS"
_REAL_LOOK_UP = socket.getaddrinfo
_TIME_OUT = 0.3
_HOUR = 3600.0
_NEVER = 100_000  # more attempts than any audit makes
_PATIENCE = 1.0  # second, in place of two minutes
_SHOWN = 3

STRUCK, OTHER = "org-0", "org-1"


@dataclass(frozen=True, slots=True)
class Case:
    """A fault in words, and the run that meets it: passing, or else staying with the organization `org-0`."""

    words: str
    faults: tuple[Fault, ...] = ()
    passing: bool = False
    environ: Mapping[str, str] = field(default_factory=dict)
    settings: str = ""
    time_out: float | None = None
    emulator: Mapping[str, Any] = field(default_factory=dict)
    of_a_profile: bool = False
    look_ups_that_fail: int = 0
    late_answers: int = 0
    """How often an agent fails before it gives the credentials of the environment; 0 for no agent."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a case came to."""

    case: Case
    reports: Reports
    exact: frozenset[str]
    injected: int

    @property
    def gaps(self) -> Counter[tuple[str, str]]:
        """How many gaps of each call and code the organization has that was struck."""
        return Counter((gap["operation"], gap["code"]) for gap in self.reports.gaps(STRUCK))

    def told(self) -> str:
        """It in words; the same at each run."""
        statuses = self.reports.statuses
        if self.exact == {STRUCK, OTHER} and set(statuses.values()) == {"complete"}:
            return "complete and exact"
        calls: defaultdict[str, list[str]] = defaultdict(list)
        for (operation, code), count in sorted(self.gaps.items()):
            calls[code].append(operation if count == 1 else f"{operation} x {count}")
        words = "; ".join(
            f"{code}: {', '.join(found) if len(found) <= _SHOWN else 'a gap for each call from then on'}"
            if any(found)
            else code
            for code, found in calls.items()
        )
        other = "the other one exact" if OTHER in self.exact else f"the other one {statuses[OTHER]}"
        return f"{statuses[STRUCK]} ({words}), {other}"


def world() -> World:
    """Two organizations behind roles, with every oddity, on several pages."""
    return generate(17, organizations=2, **(ODDITIES | {"users": 30, "accounts": 12, "pairs": 12}))


def cases() -> Iterator[Case]:
    """Every fault that an audit can meet."""
    group = next(
        one.principal_id for one in world().organizations[0].assignments if one.principal_type == "GROUP"
    )

    def passing(words: str, kind: FaultKind, **how: Any) -> Case:  # noqa: ANN401 - a fault's own
        fault = Fault(kind, **({"probability": 0.1} | how))
        return Case(words, (fault,), passing=True, time_out=_TIME_OUT if kind == "hang" else None)

    def staying(words: str, kind: FaultKind, operation: str = "ListGroupMemberships") -> Case:
        resource = group if operation == "ListGroupMemberships" else None
        fault = Fault(kind, organization=STRUCK, operation=operation, resource=resource)
        pages = {"behaviour": Behaviour(page_size=10)} if operation == "ListUsers" else {}
        return Case(words, (fault,), time_out=_TIME_OUT if kind == "hang" else None, emulator=pages)

    for words, kind in _BOTH.items():
        yield passing(words, kind, **({"probability": 1.0, "after": 9, "times": 2} if kind == "hang" else {}))
        yield staying(words, kind)
    once = Fault("repeated_token", operation="ListUsers", after=1, times=1)
    pages = {"behaviour": Behaviour(page_size=10)}
    yield Case("the same page token again", (once,), passing=True, emulator=pages)
    yield staying("the same page token again", "repeated_token", "ListUsers")
    yield staying("ever new page tokens", "endless_pages", "ListUsers")
    yield staying("ever new page tokens on empty pages", "endless_empty_pages", "ListUsers")
    yield staying("a call that is denied", "access_denied")
    yield staying("an instance whose KMS key is denied", "kms_denied")
    yield staying("an instance whose KMS key is gone", "kms_key_gone")
    expired = Fault("expired_token", organization=STRUCK, after=40)
    yield Case("credentials that expire in mid-run", (replace(expired, times=1),), passing=True)
    yield Case("credentials that expire in mid-run", (expired,), of_a_profile=True)
    yield Case("a clock that is an hour off", emulator={"signing_clock": lambda: time.time() + _HOUR})
    yield Case(
        "a name that DNS does not know",
        environ={"AWS_ENDPOINT_URL_IDENTITYSTORE": f"http://{NOWHERE}"},
    )
    yield Case("a name that DNS does not know", passing=True, look_ups_that_fail=5)
    yield Case("a port where nobody listens", environ={"AWS_ENDPOINT_URL_IDENTITYSTORE": _CLOSED})
    yield Case("a server that speaks no TLS", environ={"AWS_ENDPOINT_URL_IDENTITYSTORE": _PLAIN})
    yield Case("credentials from an agent that is late", passing=True, late_answers=5)
    yield Case("credentials from an agent that is late", late_answers=_NEVER)
    unlisted = next(one.id for one in world().organizations[0].groups if one.id == group)
    contradiction = (
        Fault("unlisted", organization=STRUCK, operation="ListGroups", resource=unlisted),
        Fault("not_found", organization=STRUCK, operation="DescribeGroup", resource=unlisted),
    )
    yield Case("a group with members that AWS does not find", contradiction)
    for words, kind, operation in _OF_LISTINGS:
        yield staying(words, kind, operation)
    yield Case(
        "a deadline that comes too early",
        (Fault("throttle", organization=STRUCK, operation="ListUsers"),),
        settings="run:\n  deadline: 2s\n",
    )


_OF_LISTINGS: tuple[tuple[str, FaultKind, str], ...] = (
    ("a directory that refuses to list its users", "filter_required", "ListUsers"),
    ("a directory that refuses to list its groups", "filter_required", "ListGroups"),
)

_BOTH: dict[str, FaultKind] = {
    "throttles": "throttle",
    "HTTP 500": "internal_error",
    "HTTP 503": "unavailable",
    "a reset in mid-answer": "reset",
    "silence until the time-out": "hang",
    "an answer that is cut off": "truncated",
    "half of an answer's JSON": "broken_json",
    "members of other types": "other_shape",
    "a proxy's JSON with status 200": "foreign_json",
    "a JSON list with status 200": "no_object",
    "an answer without its list": "no_list",
    "an answer with null for its list": "null_list",
    "an answer with its list twice": "list_twice",
    "an answer in UTF-16": "utf_16",
    "an answer that begins with a byte order mark": "byte_order_mark",
    "an answer to another question": "other_question",
    "an answer with empty ids": "empty_ids",
}


def attempt(case: Case, folder: Path) -> Result:
    """Run a case. A call that hangs is given time for several tries, on a slow machine too."""
    made = _with_a_profile(world()) if case.of_a_profile else world()
    patience = IMPATIENT if case.time_out is None else 4 * case.time_out
    if case.passing or "deadline" in case.settings:
        patience = PATIENT
    with socket.socket() as closed, _plain() as plain, _dns(case.look_ups_that_fail), ExitStack() as stack:
        closed.bind(("127.0.0.1", 0))
        places = {
            _CLOSED: f"http://127.0.0.1:{closed.getsockname()[1]}",
            _PLAIN: f"https://127.0.0.1:{plain}",
        }
        environ = {name: places.get(value, value) for name, value in case.environ.items()}
        environ |= stack.enter_context(_agent(case.late_answers))
        reports = audit(
            made,
            folder,
            settings=case.settings,
            give_up=patience,
            time_out=case.time_out,
            environ=environ,
            faults=case.faults,
            seed=1,
            **case.emulator,
        )
    exact = frozenset(name for name in (STRUCK, OTHER) if _is_exact(made, name, reports))
    return Result(case, reports, exact, sum(fault.injected for fault in case.faults))


def table() -> str:
    """The table of faults with what happened at each, in Markdown."""
    cells: dict[str, list[str]] = {}
    for case in cases():
        with tempfile.TemporaryDirectory() as folder:
            row = cells.setdefault(case.words, ["", ""])
            row[not case.passing] = attempt(case, Path(folder) / "case").told()
    lines = [f"| {words} | {' | '.join(one or '-' for one in row)} |" for words, row in cells.items()]
    heading = "| fault | passing: struck a tenth of all calls, or a few | staying with one organization |"
    return "\n".join([heading, "|---|---|---|", *lines]) + "\n"


def _is_exact(made: World, name: str, reports: Reports) -> bool:
    if reports.statuses[name] != "complete":
        return False
    truth = expected_rows(made, name, details=True, entitlements=True, account_paths=True)
    return reports.content(name) == written(truth)


def _with_a_profile(made: World) -> World:
    """The same world, its first organization behind keys that nobody can renew."""
    first, second = made.organizations
    key = AccessKey(
        id="AKIAEXAMPLEPROFILE01",
        secret="made-up",
        user_arn=f"arn:aws:iam::{first.management_account_id}:user/auditor",
        profile="org-0-management",
    )
    return World(made.organizations, (HUB, key), (audit_role(second),))


class _SpeaksPlainly(socketserver.BaseRequestHandler):
    """Answers at once, and not in TLS."""

    def handle(self) -> None:
        """Send what a client of TLS cannot take."""
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@contextlib.contextmanager
def _plain() -> Iterator[int]:
    """A port on which somebody listens who knows no TLS."""
    with socketserver.TCPServer(("127.0.0.1", 0), _SpeaksPlainly) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def _agent(late_answers: int) -> Iterator[Mapping[str, str]]:
    """Serve the hub's credentials from a container agent that is late; without one, change nothing."""
    if not late_answers:
        yield {}
        return
    late = itertools.islice(itertools.cycle(LATE.values()), late_answers)
    with (
        serving(keys(HUB.id, HUB.secret), tuple(late)) as agent,
        patch.object(connection_pool, "PATIENCE", _PATIENCE),
    ):
        yield {
            "AWS_ACCESS_KEY_ID": "",
            "AWS_SECRET_ACCESS_KEY": "",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": agent.url,
        }


@contextlib.contextmanager
def _dns(look_ups_that_fail: int) -> Iterator[None]:
    """A DNS that does not know one name, and at first not even the others."""
    left = look_ups_that_fail

    def look_up(host: Any, *arguments: Any, **settings: Any) -> Any:  # noqa: ANN401 - as the system's
        nonlocal left
        if host == NOWHERE or left > 0:
            left -= 1
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return _REAL_LOOK_UP(host, *arguments, **settings)

    with patch("socket.getaddrinfo", look_up):
        yield
