"""Tests of the script with the commands that revoke access."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.campaign.decisions import Decided
from sso_batch.campaign.item import Item
from sso_batch.campaign.revocation_script import script
from sso_batch.campaign.revocations import revocations
from tests.campaign.outcomes import (
    ADMIN,
    DELEGATED,
    INSTANCE,
    MANAGEMENT,
    PROD,
    ROLE,
    assignment,
    campaign,
    entitlement,
    keep,
    membership,
    organization,
    revoke,
)

BASH = shutil.which("bash") or "bash"
SHELLCHECK = str(Path(sys.executable).with_name("shellcheck"))

HOSTILE = (
    "$(touch X)",
    "`touch X`",
    "a\ntouch X\n",
    "'; touch X #",
    '"; touch X #',
    "a\u2028touch X\u2029touch X",
    "back\\",
    "a\rtouch X\r",
    "a\x85touch X",
    "\u202etouch X",
    "a\x00b\x1b[2J",
    "${IFS}X",
    "!! && touch X",
    "}\ntouch X",
    "\ud800",
)

# Records its arguments, and answers like the AWS CLI with `--output text`. Applications are listed in two
# pages, each with one of them; the first has one entitlement, the second two.
FAKE_AWS = f"""#!{sys.executable}
import json, os, sys
arguments = sys.argv[1:]
with open(os.environ["CALLS"], "a") as file:
    file.write(json.dumps(arguments) + "\\n")
operation = arguments[1]
if operation == os.environ.get("FAILING"):
    sys.exit("An error occurred (AccessDeniedException)")
second = "--next-token" in arguments
answers = {{
    "get-caller-identity": os.environ["ACCOUNT"],
    "list-applications": "app-2\\t" if second else "app-1\\ttoken",
    "list-entitlements": "e-2 e-3\\t" if "app-2" in arguments else os.environ.get("FIRST", "e-1") + "\\t",
    "get-group-membership-id": "m-9",
}}
print(answers.get(operation, ""))
"""


@dataclass(frozen=True)
class Ended:
    """What a script did: its exit code, its streams, and the arguments of each call of `aws`."""

    code: int
    stdout: str
    stderr: str
    calls: Sequence[Sequence[str]]

    @property
    def changes(self) -> Sequence[Sequence[str]]:
        """The calls that are not about credentials."""
        return [call for call in self.calls if call[0] != "sts"]


def text_of(*decided: tuple[Item, Decided], **fields: object) -> str:
    """Return the script of a campaign whose organization has these fields."""
    record = campaign(organization("acme", **fields), items=[item for item, _ in decided])
    return "".join(script(record, revocations(record, decided)))


def run(text: str, *arguments: str, account: str = MANAGEMENT, **environ: str) -> Ended:
    """Run a script with a recorded `aws`, in an empty folder that must stay empty."""
    with tempfile.TemporaryDirectory() as folder:
        tools, place = Path(folder, "tools"), Path(folder, "place")
        tools.mkdir()
        place.mkdir()
        aws = tools / "aws"
        aws.write_text(FAKE_AWS)
        aws.chmod(0o755)
        file, calls = Path(folder, "revocations.sh"), Path(folder, "calls")
        file.write_text(text, encoding="utf-8", newline="")
        ended = subprocess.run(  # noqa: S603 - our own script
            [BASH, str(file), *arguments],
            cwd=place,
            env={
                "PATH": f"{tools}{os.pathsep}{os.defpath}",
                "ACCOUNT": account,
                "CALLS": str(calls),
                **environ,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert list(place.iterdir()) == []
        lines = calls.read_text().splitlines() if calls.exists() else []
        return Ended(ended.returncode, ended.stdout, ended.stderr, [json.loads(line) for line in lines])


def check_syntax(text: str) -> None:
    """Fail if bash cannot parse a script."""
    subprocess.run([BASH, "-n"], input=text.encode(), check=True, timeout=60)  # noqa: S603 - our own script


DELETED_ASSIGNMENT = [
    *("sso-admin", "delete-account-assignment", "--region", "eu-west-1", "--instance-arn", INSTANCE),
    *("--target-type", "AWS_ACCOUNT", "--target-id", PROD, "--permission-set-arn", ADMIN),
    *("--principal-type", "USER", "--principal-id", "u-1"),
]
DELETED_MEMBERSHIP = [
    *("identitystore", "delete-group-membership", "--region", "eu-west-1"),
    *("--identity-store-id", "d-1", "--membership-id"),
]
EVERYTHING = (
    (assignment(), revoke()),
    (entitlement(), revoke()),
    (membership(), revoke()),
    (membership(id="mx2", membership_id=""), revoke()),
    (membership(id="mx3", managed_by="https://scim.example.com"), revoke()),
    (assignment(id="ax9"), keep()),
)


def test_nothing_to_revoke() -> None:
    """Without revocations the script says so, and ends well for any argument."""
    text = text_of((assignment(), keep()))

    for arguments in ((), ("acme",)):
        ended = run(text, *arguments)
        assert (ended.code, ended.stdout, ended.calls) == (0, "There is nothing to revoke.\n", [])


def test_overview() -> None:
    """Without an argument the script shows what there is and calls nothing."""
    ended = run(text_of(*EVERYTHING))

    assert (ended.code, ended.stderr, ended.calls) == (0, "", [])
    assert ended.stdout.splitlines() == [
        "Nothing was changed. To revoke access: bash revocations.sh ORGANIZATION",
        f"acme: account {MANAGEMENT}, eu-west-1: 1 command",
        f"acme: account {DELEGATED}, eu-west-1: 3 commands",
        "acme: 1 membership to remove in the identity provider, see the comments in this file",
    ]


def test_organization_that_is_not_in_it() -> None:
    """An unknown organization, such as one without revocations, is refused."""
    ended = run(text_of(*EVERYTHING), "globex")

    assert (ended.code, ended.calls) == (2, [])
    assert ended.stderr.startswith("no such organization in this file:\nNothing was changed.")
    assert run(text_of(*EVERYTHING), "acme", "globex").code == 2


def test_wrong_account() -> None:
    """With credentials of another account, nothing is changed."""
    ended = run(text_of(*EVERYTHING), "acme", account="999999999999")

    assert (ended.code, ended.changes) == (1, [])
    assert ended.stderr == (
        "acme: these credentials are for account 999999999999, but the commands need "
        f"{MANAGEMENT} or {DELEGATED}: nothing was changed\n"
    )


def test_credentials_that_cannot_be_checked() -> None:
    """If the account is unknown, nothing is changed."""
    ended = run(text_of(*EVERYTHING), "acme", FAILING="get-caller-identity")

    assert ended.code != 0
    assert ended.changes == []


def test_management_account() -> None:
    """The management account runs the deletions of assignments, and says what remains."""
    ended = run(text_of(*EVERYTHING), "acme")

    assert (ended.code, ended.stderr, ended.changes) == (0, "", [DELETED_ASSIGNMENT])
    assert f"{DELEGATED}: 3 commands" in ended.stdout
    assert "1 membership to remove in the identity provider" in ended.stdout


def test_audited_account() -> None:
    """The account that audited removes memberships, and all entitlements that match, on all pages."""
    ended = run(text_of(*EVERYTHING), "acme", account=DELEGATED)

    region = ["--region", "eu-west-1"]
    principal = {"identityCenter": {"userId": "u-1"}}
    matching = json.dumps({"principalRole": {"account": PROD, "roleArn": ROLE, "principal": principal}})
    applications = ["account-access", "list-applications", *region]
    of_applications = "[join(' ', applications[].applicationArn), nextToken || '']"
    of_entitlements = "[join(' ', entitlements[].entitlementId), nextToken || '']"

    def listing(application: str) -> list[str]:
        return [
            *("account-access", "list-entitlements", "--application-arn", application),
            *("--filter", matching, *region, "--query", of_entitlements, "--output", "text"),
        ]

    def deletion(application: str, entitlement_id: str) -> list[str]:
        return [
            *("account-access", "delete-entitlement", *region),
            *("--application-arn", application, "--entitlement-id", entitlement_id),
        ]

    assert (ended.code, ended.stderr) == (0, "")
    assert ended.changes == [
        [*applications, "--query", of_applications, "--output", "text"],
        [*applications, "--next-token", "token", "--query", of_applications, "--output", "text"],
        listing("app-1"),
        deletion("app-1", "e-1"),
        listing("app-2"),
        deletion("app-2", "e-2"),
        deletion("app-2", "e-3"),
        [*DELETED_MEMBERSHIP, "m-1"],
        [
            *("identitystore", "get-group-membership-id", *region, "--identity-store-id", "d-1"),
            *("--group-id", "g-1", "--member-id", "UserId=u-1", "--query", "MembershipId"),
            *("--output", "text"),
        ],
        [*DELETED_MEMBERSHIP, "m-9"],
    ]


def test_application_without_matching_entitlement() -> None:
    """An application of which no entitlement matches is passed over."""
    ended = run(text_of((entitlement(), revoke())), "acme", account=DELEGATED, FIRST="")

    deleted = [call[-1] for call in ended.changes if call[1] == "delete-entitlement"]
    assert (ended.code, deleted) == (0, ["e-2", "e-3"])


@pytest.mark.parametrize("operation", ["delete-group-membership", "list-applications", "list-entitlements"])
def test_failing_command(operation: str) -> None:
    """A command that fails is reported, the others run, and the script fails at its end."""
    ended = run(text_of(*EVERYTHING), "acme", account=DELEGATED, FAILING=operation)

    failed = ["ax2"] if operation.startswith("list") else ["mx1", "mx2"]
    assert ended.code == 1
    assert [line for line in ended.stderr.splitlines() if line.endswith("FAILED")] == [
        f"{item}: FAILED" for item in failed
    ]
    assert ended.stderr.endswith(f"acme: see above for commands that failed: {len(failed)}\n")
    assert ended.changes[-1][:2] == ["identitystore", "delete-group-membership"]


def test_only_identity_provider() -> None:
    """Where the identity provider manages everything, the script calls nothing."""
    item = membership(managed_by="https://scim.example.com")
    text = text_of((item, revoke()))
    ended = run(text, "acme")

    assert (ended.code, ended.calls) == (0, [])
    assert ended.stdout.startswith("acme: 1 membership to remove in the identity provider")
    assert (
        "# Note: remove in the identity provider https://scim.example.com: user Ann (ann@example.com) "
        "from group Ops\n"
    ) in text


def test_comments() -> None:
    """Above each command stands who loses what, where it runs, and who decided why."""
    text = text_of((assignment(), revoke("ticket 7")))

    start = text.index("  # Item")
    assert text[start : text.index("}", start)].splitlines() == [
        f"  # Item: ax1, assignment in acme; runs in account {MANAGEMENT}, eu-west-1",
        "  # Who: Ann (ann@example.com)",
        "  # What: Admin",
        f"  # Where: Prod ({PROD})",
        "  # Through: assigned directly",
        "  # Decided by: ciso@example.com",
        "  # Comment: ticket 7",
        "  # Note: AWS deletes the assignment after it has accepted the request",
        f"  revoke ax1 aws {shlex.join(DELETED_ASSIGNMENT)}",
    ]


def test_several_organizations() -> None:
    """Each organization has a function of its own: an argument runs no command of another one."""
    items = [assignment(), assignment(id="ax5", organization="globex", principal_id="u-5")]
    record = campaign(organization(), organization("globex"), items=items)
    text = "".join(script(record, revocations(record, [(item, revoke()) for item in items])))

    (changed,) = run(text, "globex").changes
    assert changed[-1] == "u-5"
    assert run(text, "acme").changes == [DELETED_ASSIGNMENT]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(name: str) -> None:
    """Names, addresses and comments never leave their comments, whatever they contain."""
    names = dict.fromkeys(("id", "who", "what", "where", "user_email", "reviewer"), name)
    item = assignment(**names)
    group = membership(**names, through=f"group {name}", managed_by=name)
    text = text_of((item, revoke(name)), (group, revoke(name)))

    ended = run(text, "acme")
    assert (ended.code, ended.stderr, ended.changes) == (0, "", [DELETED_ASSIGNMENT])
    assert not any(code in text for code in "\r\x00\x1b\x85\u2028\u2029\u202e\ud800")


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.isprintable()])
def test_hostile_ids(name: str) -> None:
    """Ids are quoted: they arrive as they are, and are never executed."""
    ids = dict.fromkeys(("principal_id", "permission_set_arn", "account_id"), name)
    group = membership(id="mx1", group_id=name, membership_id=name, principal_id=name)
    unknown = membership(id="mx2", group_id=name, membership_id="", principal_id=name)
    decided = [(item, revoke()) for item in (assignment(**ids), group, unknown)]
    fields = {"identity_store_id": name, "instance_arn": name, "region": name}

    changed = run(text_of(*decided, **fields), "acme").changes
    assert changed == [
        [
            *("sso-admin", "delete-account-assignment", "--region", name, "--instance-arn", name),
            *("--target-type", "AWS_ACCOUNT", "--target-id", name, "--permission-set-arn", name),
            *("--principal-type", "USER", "--principal-id", name),
        ]
    ]
    place = ["--region", name, "--identity-store-id", name]
    changed = run(text_of(*decided, **fields), "acme", account=DELEGATED).changes
    assert changed == [
        ["identitystore", "delete-group-membership", *place, "--membership-id", name],
        [
            *("identitystore", "get-group-membership-id", *place, "--group-id", name),
            *("--member-id", f"UserId={name}", "--query", "MembershipId", "--output", "text"),
        ],
        ["identitystore", "delete-group-membership", *place, "--membership-id", "m-9"],
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_organization(name: str) -> None:
    """Even a name that no configuration allows is only an argument and a message."""
    item = assignment(organization=name)
    record = campaign(organization(name), items=[item], run_id=name)
    text = "".join(script(record, revocations(record, [(item, revoke())])))

    check_syntax(text)
    assert run(text).changes == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(), min_size=6, max_size=6))
def test_any_text(texts: list[str]) -> None:
    """Whatever names and comments are, exactly the expected command runs."""
    who, what, where, email, comment, reviewer = texts
    item = assignment(who=who, what=what, where=where, user_email=email, reviewer=reviewer)

    ended = run(text_of((item, revoke(comment))), "acme")
    assert (ended.code, ended.changes) == (0, [DELETED_ASSIGNMENT])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(), min_size=6, max_size=6))
def test_any_id(texts: list[str]) -> None:
    """Whatever ids are, the script is one that bash can parse."""
    keys = ("id", "principal_id", "permission_set_arn", "account_id", "role_arn", "group_id")
    ids = dict(zip(keys, texts, strict=True))
    decided = [(item, revoke()) for item in (assignment(**ids), membership(**ids | {"membership_id": ""}))]

    check_syntax(text_of(*decided))


@pytest.mark.parametrize("decided", [EVERYTHING, EVERYTHING[:1], EVERYTHING[4:5], EVERYTHING[5:]])
def test_shellcheck(decided: Sequence[tuple[Item, Decided]]) -> None:
    """ShellCheck has no remark on a script."""
    text = text_of(*decided)

    ended = subprocess.run(  # noqa: S603 - a tool of the project
        [SHELLCHECK, "--enable=all", "--exclude=SC2250,SC2292,SC2310,SC2312", "-"],
        input=text.encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    check_syntax(text)
    assert ended.stdout.decode() == ""
