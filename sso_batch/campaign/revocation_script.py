"""The shell script with the commands that revoke access. People run it, sso-batch never does. Pure.

Names and comments stand in comments only, on one line, with hidden characters visible. All other values are
quoted.
"""

import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sso_batch.campaign.record import CampaignRecord
from sso_batch.campaign.revocations import AWS, Revocation
from sso_batch.sanitize import show_hidden

_HEADER = """\
#!/usr/bin/env bash
#
# Revocations of the access review of run {run}.
# Written by sso-batch {version}. sso-batch never runs this file.
#
# Read it before you run it. Each command removes access for good, and each has a comment: who loses what,
# where, and who decided so. If a command removes the access with which you run this file, move it to the end.
#
#   bash revocations.sh                  shows what there is, and changes nothing
#   bash revocations.sh ORGANIZATION     revokes the access of one organization
#
# The commands use the credentials of your shell. For an organization, those run whose account is the account
# of the credentials; the others are counted. A command that fails is reported, and the next one runs: it also
# fails where the access was removed before.
#
# Sessions outlive their assignments. A role session lasts until the session duration of its permission set is
# over, at most 12 hours. To end a user's session in the access portal, delete it in IAM Identity Center:
# Users, the user, Active sessions.
#
# Afterwards, run an audit and `sso-batch campaign prove`.

set -euo pipefail
"""

_EMPTY = """\
echo 'There is nothing to revoke.'
exit 0
"""

_FUNCTIONS = """\
export AWS_PAGER=""
failures=0

# Runs the command for one item.
revoke() { # ITEM COMMAND...
  echo "$1"
  if ! "${@:2}"; then
    echo "$1: FAILED" >&2
    failures=$((failures + 1))
  fi
}

# Stops: the credentials are for another account.
refuse() { # ORGANIZATION ACCOUNT EXPECTED
  echo "$1: these credentials are for account $2, but the commands need $3: nothing was changed" >&2
  exit 1
}

finish() { # ORGANIZATION
  if [ "$failures" -gt 0 ]; then
    echo "$1: see above for commands that failed: $failures" >&2
    exit 1
  fi
}
"""

_ENTITLEMENTS = """\
# Prints values from all pages of an account-access operation, one a line.
pages() { # REGION VALUES OPERATION [OPTION...]
  local page token=""
  while true; do
    page=$(aws account-access "${@:3}" --region "$1" ${token:+--next-token "$token"} \\
      --query "[join(' ', $2), nextToken || '']" --output text) || return 1
    printf '%s\\n' "${page%%$'\\t'*}" | tr ' ' '\\n'
    token=${page##*$'\\t'}
    if [ -z "$token" ]; then return 0; fi
  done
}

# Deletes the entitlements that match, in all account-access applications of the account. The audit does not
# read the ids of entitlements: they are looked up here, which needs an AWS CLI that has account-access.
delete_entitlement() { # REGION FILTER
  local application applications entitlement entitlements found=0
  applications=$(pages "$1" 'applications[].applicationArn' list-applications) || return 1
  while IFS= read -r application; do
    if [ -z "$application" ]; then continue; fi
    entitlements=$(pages "$1" 'entitlements[].entitlementId' list-entitlements \\
      --application-arn "$application" --filter "$2") || return 1
    while IFS= read -r entitlement; do
      if [ -z "$entitlement" ]; then continue; fi
      found=1
      aws account-access delete-entitlement --region "$1" \\
        --application-arn "$application" --entitlement-id "$entitlement" || return 1
    done <<<"$entitlements"
  done <<<"$applications"
  if [ "$found" -eq 0 ]; then
    echo "no such entitlement in this account" >&2
    return 1
  fi
}
"""


@dataclass(frozen=True, slots=True)
class _Organization:
    """What is revoked in one organization; `number` makes the names of its functions."""

    number: int
    name: str
    by_account: Mapping[str, Sequence[Revocation]]
    elsewhere: Sequence[Revocation]

    @property
    def function(self) -> str:
        return f"organization_{self.number}"


def script(record: CampaignRecord, revoked: Iterable[Revocation]) -> Iterator[str]:
    """Yield the lines of `revocations.sh`."""
    organizations = _organizations(revoked)
    yield _HEADER.format(run=show_hidden(record.run.run_id), version=show_hidden(record.version))
    if not organizations:
        yield f"\n{_EMPTY}"
        return
    yield f"\n{_FUNCTIONS}"
    if any(each.item.role_arn for organization in organizations for each in _commands(organization)):
        yield f"\n{_ENTITLEMENTS}"
    for organization in organizations:
        yield from _functions(organization)
    yield from _overview(organizations)
    yield from _choice(organizations)


def _organizations(revoked: Iterable[Revocation]) -> Sequence[_Organization]:
    grouped: defaultdict[str, list[Revocation]] = defaultdict(list)
    for each in revoked:
        grouped[each.item.organization].append(each)
    organizations = []
    for number, (name, members) in enumerate(grouped.items(), 1):
        by_account: defaultdict[str, list[Revocation]] = defaultdict(list)
        for each in members:
            if each.how == AWS:
                by_account[each.account_id].append(each)
        elsewhere = [each for each in members if each.how != AWS]
        organizations.append(_Organization(number, show_hidden(name), by_account, elsewhere))
    return organizations


def _commands(organization: _Organization) -> Iterator[Revocation]:
    for members in organization.by_account.values():
        yield from members


def _functions(organization: _Organization) -> Iterator[str]:
    """Yield a function for each account, and one that chooses by the account of the credentials."""
    name = organization.name
    yield f"\n# Organization {name}\n"
    for number, members in enumerate(organization.by_account.values(), 1):
        yield f"\n{organization.function}_{number}() {{\n"
        for each in members:
            yield "  #\n"
            yield from _described(each, "  ")
            yield f"  revoke {shlex.quote(show_hidden(each.item.id))} {each.command}\n"
        yield "}\n"
    if organization.elsewhere:
        yield "\n# To remove in the identity provider, which would add them again otherwise:\n#\n"
        for each in organization.elsewhere:
            yield from _described(each, "")
            yield "#\n"
    yield f"\n{organization.function}() {{\n"
    yield from _dispatch(organization)
    yield "}\n"


def _described(revocation: Revocation, indent: str) -> Iterator[str]:
    item = revocation.item
    where = f"{item.where} ({item.account_id})" if item.account_id not in {"", item.where} else item.where
    account = f"; runs in account {revocation.account_id}" if revocation.account_id else ""
    region = f", {revocation.region}" if revocation.region else ""
    lines = {
        "Item": f"{item.id}, {item.kind} in {item.organization}{account}{region}",
        "Who": f"{item.who} ({item.user_email})" if item.user_email not in {"", item.who} else item.who,
        "What": item.what,
        "Where": where,
        "Through": item.through,
        "Decided by": item.reviewer,
        "Comment": revocation.decided.comment,
        "Note": revocation.note,
    }
    for name, text in lines.items():
        if text:
            yield f"{indent}# {name}: {show_hidden(text)}\n"


def _dispatch(organization: _Organization) -> Iterator[str]:
    accounts = list(map(show_hidden, organization.by_account))
    name = shlex.quote(organization.name)
    if accounts:
        yield "  local account\n"
        region = shlex.quote(show_hidden(next(_commands(organization)).region))
        caller = f"aws sts get-caller-identity --region {region} --query Account --output text"
        yield f"  account=$({caller})\n"
        yield '  case "$account" in\n'
        for number, account in enumerate(accounts, 1):
            yield f"    {shlex.quote(account)}) {organization.function}_{number} ;;\n"
        yield f'    *) refuse {name} "$account" {shlex.quote(" or ".join(accounts))} ;;\n'
        yield "  esac\n"
    if len(accounts) > 1:
        counts = "; ".join(
            f"{show_hidden(account)}: {_counted(len(members), 'command')}"
            for account, members in organization.by_account.items()
        )
        text = f"{organization.name}: repeat this with credentials of each account: {counts}"
        yield f"  echo {shlex.quote(text)}\n"
    if organization.elsewhere:
        text = f"{organization.name}: {_to_remove(organization)}"
        yield f"  echo {shlex.quote(text)}\n"
    yield f"  finish {name}\n"


def _overview(organizations: Iterable[_Organization]) -> Iterator[str]:
    """Yield the function that shows what there is."""
    yield "\noverview() {\n"
    yield "  echo 'Nothing was changed. To revoke access: bash revocations.sh ORGANIZATION'\n"
    for organization in organizations:
        for account, members in organization.by_account.items():
            place = f"account {account}, {members[0].region}"
            text = show_hidden(f"{organization.name}: {place}: {_counted(len(members), 'command')}")
            yield f"  echo {shlex.quote(text)}\n"
        if organization.elsewhere:
            yield f"  echo {shlex.quote(f'{organization.name}: {_to_remove(organization)}')}\n"
    yield "}\n"


def _choice(organizations: Iterable[_Organization]) -> Iterator[str]:
    yield '\nif [ "$#" -eq 0 ]; then\n  overview\n  exit 0\nfi\n'
    yield "if [ \"$#\" -gt 1 ]; then\n  echo 'one organization at a time' >&2\n  exit 2\nfi\n"
    yield 'case "$1" in\n'
    for organization in organizations:
        yield f"  {shlex.quote(organization.name)}) {organization.function} ;;\n"
    yield "  *)\n    echo 'no such organization in this file:' >&2\n    overview >&2\n    exit 2\n    ;;\n"
    yield "esac\n"


def _to_remove(organization: _Organization) -> str:
    counted = _counted(len(organization.elsewhere), "membership")
    return f"{counted} to remove in the identity provider, see the comments in this file"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun if number == 1 else noun + 's'}"
