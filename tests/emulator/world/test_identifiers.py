"""Tests of identifiers."""

import re

import pytest

from sso_batch.emulator.world import identifiers


@pytest.mark.parametrize(
    ("identifier", "pattern"),
    [
        (identifiers.organization_id("acme"), r"o-[a-z0-9]{10,32}"),
        (identifiers.root_id("acme"), r"r-[0-9a-z]{4,32}"),
        (identifiers.organizational_unit_id("r-ab12", "Prod"), r"ou-ab12-[a-z0-9]{8,32}"),
        (identifiers.instance_arn("acme"), r"arn:aws:sso:::instance/ssoins-[a-zA-Z0-9-.]{16}"),
        (identifiers.instance_arn("acme", "aws-us-gov"), r"arn:aws-us-gov:sso:::instance/ssoins-.{16}"),
        (
            identifiers.permission_set_arn("arn:aws:sso:::instance/ssoins-0123456789abcdef", "Admin"),
            r"arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-[a-f0-9]{16}",
        ),
        (
            identifiers.sso_application_arn(
                "arn:aws-cn:sso:::instance/ssoins-0123456789abcdef", "111122220001", "Wiki"
            ),
            r"arn:aws-cn:sso::111122220001:application/ssoins-0123456789abcdef/apl-[a-f0-9]{16}",
        ),
        (identifiers.identity_store_id("acme"), r"d-[0-9a-f]{10}"),
        (identifiers.principal_id("d-0123456789", "USER", "a"), r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        (
            identifiers.principal_id("d-0123456789", "USER", "a", prefixed=True),
            r"0123456789-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        ),
        (
            identifiers.application_arn("aws", "eu-west-1", "111122220001", "access"),
            r"arn:aws:account-access:eu-west-1:111122220001:application/[a-zA-Z0-9-]+",
        ),
    ],
)
def test_ids_have_the_formats_of_aws(identifier: str, pattern: str) -> None:
    """Each kind of id matches its pattern."""
    assert re.fullmatch(pattern, identifier)


def test_names_are_separated() -> None:
    """The digest of two names differs from that of their concatenation."""
    assert identifiers.digest(16, "ab", "c") != identifiers.digest(16, "a", "bc")
