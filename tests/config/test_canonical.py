"""What tells two configurations apart."""

import re

import pytest

from sso_batch.config import fingerprint
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
        "review: {checks: {direct-grant: off}}\n" + LEAST,
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
