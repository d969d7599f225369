"""What tells two configurations apart."""

import re

import pytest

from sso_batch.config import fingerprint, reading_fingerprint
from tests.config.conftest import Load

ROLE = "arn:aws:iam::111122223333:role/A"
LEAST = "organizations: [{name: acme}]\n"


@pytest.mark.parametrize(
    "other",
    [
        "organizations: [{name: acme2}]\n",
        "organizations: [{name: acme, region: eu-west-1}]\n",
        "collect: {strategy: fastest}\n" + LEAST,
        "run: {deadline: 3h}\n" + LEAST,
        "review: {checks: {outdated-provisioning: low}}\n" + LEAST,
        f"organizations: [{{name: acme, role_arn: {ROLE}}}]\n",
        f"organizations: [{{name: acme, role_arn: {ROLE}, external_id: abc}}]\n",
    ],
)
def test_a_difference_shows(load_text: Load, other: str) -> None:
    """Another configuration has another fingerprint."""
    assert fingerprint(load_text(other)) != fingerprint(load_text(LEAST))


@pytest.mark.parametrize(
    "same",
    [
        "version: 1\n" + LEAST,
        "run: {deadline: 120m}\n" + LEAST,
        "output:\ndefaults: {region: auto}\n" + LEAST,
        "defaults: {source_profile: hub}\n" + LEAST,
        "organizations: [{'name': '${NAME:-acme}', tags: {}}]\n",
    ],
)
def test_another_way_to_write_it_does_not(load_text: Load, same: str) -> None:
    """The same configuration, written otherwise, has the same fingerprint."""
    assert fingerprint(load_text(same)) == fingerprint(load_text(LEAST))


def test_secrets_do_not_count(load_text: Load) -> None:
    """Nobody can guess at a secret by the fingerprint, as every secret gives the same."""
    text = f"organizations: [{{name: acme, role_arn: {ROLE}, external_id: '${{S}}'}}]\n"

    one, other = (fingerprint(load_text(text, S=secret)) for secret in ("first-secret", "second"))

    assert one == other
    assert re.fullmatch("[0-9a-f]{64}", one)


# What decides one organization's rows

ROLES = f"organizations: [{{name: acme, role_arn: {ROLE}}}]\n"


def reading(text: str, load_text: Load) -> str:
    config = load_text(text)
    return reading_fingerprint(config, config.organizations[0], outdated=False)


@pytest.mark.parametrize(
    "other",
    [
        "organizations: [{name: acme2}]\n",
        "organizations: [{name: acme, region: eu-west-1}]\n",
        "organizations: [{name: acme, profile: p}]\n",
        "organizations: [{name: acme, organization_id: o-a1b2c3d4e5}]\n",
        "collect: {strategy: fastest}\n" + LEAST,
        "collect: {permission_set_details: false}\n" + LEAST,
        "collect: {entitlements: false}\n" + LEAST,
        "collect: {account_paths: false}\n" + LEAST,
        "output: {escape_formulas: false}\n" + LEAST,
        ROLES,
    ],
)
def test_what_decides_rows(load_text: Load, other: str) -> None:
    """An organization that is asked otherwise, or written otherwise, has another fingerprint."""
    assert reading(other, load_text) != reading(LEAST, load_text)


@pytest.mark.parametrize(
    ("one", "same"),
    [
        (LEAST, "run: {deadline: 3h, max_parallel_organizations: 3}\n" + LEAST),
        (LEAST, "collect: {requests_per_second: 40}\n" + LEAST),
        (LEAST, "output: {directory: elsewhere, formats: [csv, html]}\n" + LEAST),
        (LEAST, "review: {fail_on: high, checks: {outdated-provisioning: low}}\n" + LEAST),
        (LEAST, "organizations: [{name: acme, tags: {tier: prod}}, {name: globex}]\n"),
        (LEAST, "defaults: {region: auto}\n" + LEAST),
        (ROLES, ROLES.replace("}]", ", session_name: other, duration_seconds: 1800}]")),
        (ROLES, ROLES.replace("}]", ", external_id: secret}]")),
    ],
)
def test_what_does_not_decide_rows(load_text: Load, one: str, same: str) -> None:
    """Pace, place, labels, sessions, secrets and other organizations make no difference."""
    assert reading(one, load_text) == reading(same, load_text)
