"""The kinds of gaps, which of them can hide access, and endpoint overrides."""

from sso_batch.model import EndpointOverride, GapKind

HIDES_ACCESS = {
    "ORGANIZATION": True,
    "ORGANIZATION_DETAILS": False,
    "USERS": False,
    "GROUPS": False,
    "MEMBERS": False,
    "ACCOUNTS": False,
    "ACCOUNT_PATHS": False,
    "PERMISSION_SETS": True,
    "PERMISSION_SET_DETAILS": False,
    "POLICY_DOCUMENTS": False,
    "DELEGATED_ADMINISTRATORS": False,
    "PROVISIONING": True,
    "ASSIGNMENTS": True,
    "ENTITLEMENTS": True,
    "OUTDATED_PROVISIONING": False,
    "APPLICATIONS": False,
    "ACTIVITY": False,
    "OUTPUT": True,
    "MERGE": True,
    "BUG": True,
}
"""Whether assignments or entitlements can be missing because of a gap of this kind."""


def test_every_kind_is_decided() -> None:
    """A new kind of gap needs a decision here about whether it can hide access."""
    assert {kind.name: kind.hides_access for kind in GapKind} == HIDES_ACCESS


def test_kinds_as_they_are_stored() -> None:
    """A snapshot and a manifest name a kind as the code does, in lower case."""
    assert [kind.value for kind in GapKind] == [kind.name.lower() for kind in GapKind]


def test_endpoint_override() -> None:
    """An override is stored as `service=URL`, and read back from that; the URL may contain `=`."""
    override = EndpointOverride("sts", "http://127.0.0.1:1?a=b")

    assert str(override) == "sts=http://127.0.0.1:1?a=b"
    assert EndpointOverride.parse(str(override)) == override
