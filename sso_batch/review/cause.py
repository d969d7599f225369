"""The cause of findings: the issue that several findings have in common. Pure."""

from sso_batch.access import NOT_READ
from sso_batch.model import USER
from sso_batch.review.finding import Finding, normalize_address, short_hash


def cause(finding: Finding) -> str:
    """Return the id of a finding's cause: check, user or group, and permission set or role.

    A user is the same person in all organizations if the email address is the same; users without an address
    and groups are identified by their ids. Permission sets and roles are identified by their names, an unread
    permission set by its ARN. A finding with neither principal nor permission set is about its application or
    its account.
    """
    access = finding.permission_set_arn if finding.permission_set == NOT_READ else finding.permission_set
    access = access or finding.role_arn.rpartition("/")[2]
    subject = _principal(finding)
    about = finding.application_arn or finding.account_id
    parts = (finding.check, *subject, access) if subject[1] or access else (finding.check, about)
    return f"c{short_hash(parts)}"


def _principal(finding: Finding) -> tuple[str, str]:
    """Return what identifies a finding's principal: its type, and an address or an id."""
    address = "" if finding.user_email == NOT_READ else normalize_address(finding.user_email)
    if finding.principal_type == USER and address:
        return USER, address
    return finding.principal_type, finding.principal_id
