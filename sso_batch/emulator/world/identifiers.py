"""Identifiers in AWS formats, derived from names so that they are the same in every run."""

import uuid
from hashlib import sha256

_NAMESPACE = uuid.UUID("6f1c1f0e-5f6b-4f0e-9a53-7d2f3f6b8c11")
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


def digest(length: int, *names: str) -> str:
    """Return `length` hexadecimal digits that depend only on `names`."""
    return sha256("\x1f".join(names).encode()).hexdigest()[:length]


def letters(length: int, *names: str) -> str:
    """Return `length` lower-case letters and digits that depend only on `names`."""
    number = int(digest(64, *names), 16)
    drawn = []
    for _ in range(length):
        number, digit = divmod(number, len(_BASE36))
        drawn.append(_BASE36[digit])
    return "".join(drawn)


def plain_uuid(*names: str) -> str:
    """Return a UUID that depends on `names` alone."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(names)))


def principal_id(store_id: str, *names: str, prefixed: bool = False) -> str:
    """Return the id of a user, a group or a membership.

    Identity stores created before 2022 put their own number before the UUID.
    """
    prefix = f"{store_id.removeprefix('d-')}-" if prefixed else ""
    return prefix + plain_uuid(store_id, *names)


def organization_id(name: str) -> str:
    """Return `o-` and ten letters."""
    return f"o-{letters(10, name, 'organization')}"


def root_id(name: str) -> str:
    """Return `r-` and four letters."""
    return f"r-{letters(4, name, 'root')}"


def organizational_unit_id(root: str, *path: str) -> str:
    """Return `ou-`, the letters of the root and eight letters."""
    return f"ou-{root.removeprefix('r-')}-{letters(8, root, *path)}"


def instance_arn(name: str, partition: str = "aws") -> str:
    """Return the ARN of an instance of IAM Identity Center."""
    return f"arn:{partition}:sso:::instance/ssoins-{digest(16, name, 'instance')}"


def permission_set_arn(instance: str, name: str) -> str:
    """Return the ARN of a permission set of `instance`."""
    owner = instance.replace(":instance/", ":permissionSet/")
    return f"{owner}/ps-{digest(16, instance, name)}"


def identity_store_id(name: str) -> str:
    """Return `d-` and ten hexadecimal digits."""
    return f"d-{digest(10, name, 'identity store')}"


def sso_application_arn(instance: str, account_id: str, name: str) -> str:
    """Return the ARN of an application of `instance`."""
    owned = instance.replace(":::instance/", f"::{account_id}:application/")
    return f"{owned}/apl-{digest(16, instance, account_id, name)}"


def application_arn(partition: str, region: str, account_id: str, name: str) -> str:
    """Return the ARN of an account-access application."""
    return f"arn:{partition}:account-access:{region}:{account_id}:application/{plain_uuid(account_id, name)}"
