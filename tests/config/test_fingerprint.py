"""Tests of the fingerprints of configurations."""

import re

import pytest

from sso_batch.config import fingerprint, reading_fingerprint
from tests.config.conftest import Load

ROLE = "arn:aws:iam::111122223333:role/A"
MINIMAL = "organizations: [{name: acme}]\n"


@pytest.mark.parametrize(
    "other",
    [
        "organizations: [{name: acme2}]\n",
        "organizations: [{name: acme, region: eu-west-1}]\n",
        "collect: {strategy: fastest}\n" + MINIMAL,
        "run: {deadline: 3h}\n" + MINIMAL,
        "review: {checks: {outdated-provisioning: low}}\n" + MINIMAL,
        f"organizations: [{{name: acme, role_arn: {ROLE}}}]\n",
        f"organizations: [{{name: acme, role_arn: {ROLE}, external_id: abc}}]\n",
    ],
)
def test_different_meaning(load_text: Load, other: str) -> None:
    """Configurations that differ have different fingerprints."""
    assert fingerprint(load_text(other)) != fingerprint(load_text(MINIMAL))


@pytest.mark.parametrize(
    "same",
    [
        "version: 1\n" + MINIMAL,
        "run: {deadline: 120m}\n" + MINIMAL,
        "run: {processes: 4}\n" + MINIMAL,
        "output:\ndefaults: {region: auto}\n" + MINIMAL,
        "defaults: {source_profile: hub}\n" + MINIMAL,
        "organizations: [{'name': '${NAME:-acme}', tags: {}}]\n",
    ],
)
def test_same_meaning(load_text: Load, same: str) -> None:
    """The same configuration in other words has the same fingerprint."""
    assert fingerprint(load_text(same)) == fingerprint(load_text(MINIMAL))


def test_secrets_make_no_difference(load_text: Load) -> None:
    """The fingerprint does not depend on a secret, so it cannot be used to guess the secret."""
    text = f"organizations: [{{name: acme, role_arn: {ROLE}, external_id: '${{S}}'}}]\n"

    first, second = (fingerprint(load_text(text, S=secret)) for secret in ("first-secret", "second"))

    assert first == second
    assert re.fullmatch("[0-9a-f]{64}", first)


def test_rosters(load_text: Load) -> None:
    """The content of a roster makes a difference, and no roster makes none."""
    config = load_text(MINIMAL)

    assert len({fingerprint(config), fingerprint(config, "a"), fingerprint(config, "b")}) == 3
    assert fingerprint(config, "") == fingerprint(config)


# The fingerprint of one organization's rows

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
        "collect: {strategy: fastest}\n" + MINIMAL,
        "collect: {permission_set_details: false}\n" + MINIMAL,
        "collect: {entitlements: false}\n" + MINIMAL,
        "collect: {account_paths: false}\n" + MINIMAL,
        "output: {escape_formulas: false}\n" + MINIMAL,
        ROLES,
    ],
)
def test_reading_of_different_rows(load_text: Load, other: str) -> None:
    """A key that changes what is read or how it is written changes the fingerprint."""
    assert reading(other, load_text) != reading(MINIMAL, load_text)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (MINIMAL, "run: {deadline: 3h, max_parallel_organizations: 3}\n" + MINIMAL),
        (MINIMAL, "collect: {requests_per_second: 40}\n" + MINIMAL),
        (MINIMAL, "output: {directory: elsewhere, formats: [csv, html]}\n" + MINIMAL),
        (MINIMAL, "review: {fail_on: high, checks: {outdated-provisioning: low}}\n" + MINIMAL),
        (MINIMAL, "organizations: [{name: acme, tags: {tier: prod}}, {name: globex}]\n"),
        (MINIMAL, "defaults: {region: auto}\n" + MINIMAL),
        (ROLES, ROLES.replace("}]", ", session_name: other, duration_seconds: 1800}]")),
        (ROLES, ROLES.replace("}]", ", external_id: secret}]")),
    ],
)
def test_reading_of_the_same_rows(load_text: Load, text: str, same: str) -> None:
    """Rate, output location, tags, role sessions, secrets and other organizations make no difference."""
    assert reading(text, load_text) == reading(same, load_text)


def test_reading_with_rosters(load_text: Load) -> None:
    """A roster whose values are reported makes a difference."""
    config = load_text(MINIMAL)
    found = {
        reading_fingerprint(config, config.organizations[0], outdated=False, roster=roster)
        for roster in ("", "a", "b")
    }

    assert found >= {reading(MINIMAL, load_text)}
    assert len(found) == 3
