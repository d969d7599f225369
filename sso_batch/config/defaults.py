"""`defaults`, merged into each organization of the tree before validation.

A node keeps the line and the path where it was written, so that an error in a default is reported once.
"""

from dataclasses import replace

from sso_batch.config.organization import ROLE_KEYS, Defaults
from sso_batch.config.yaml.nodes import Node

_KEYS = frozenset(field.alias or name for name, field in Defaults.model_fields.items())
_EXCLUSIVE = {"profile": "role_arn", "role_arn": "profile"}


def apply_defaults(root: Node) -> Node:
    """Return the tree with the defaults in each organization; what is not a mapping stays unchanged."""
    if not isinstance(root.value, dict):
        return root
    defaults, organizations = root.value.get("defaults"), root.value.get("organizations")
    if defaults is None or not isinstance(defaults.value, dict):
        return root
    if organizations is None or not isinstance(organizations.value, tuple):
        return root
    shared = {key: node for key, node in defaults.value.items() if key in _KEYS}
    filled = tuple(_with_defaults(organization, shared) for organization in organizations.value)
    return replace(root, value={**root.value, "organizations": replace(organizations, value=filled)})


def _with_defaults(organization: Node, shared: dict[str, Node]) -> Node:
    """Return an organization with the defaults of the keys that it does not set itself."""
    own = organization.value
    if not isinstance(own, dict):
        return organization
    inherited = {key: node for key, node in shared.items() if _EXCLUSIVE.get(key) not in own}
    merged = {**inherited, **own}
    if "tags" in inherited and "tags" in own:
        merged["tags"] = _merge_tags(inherited["tags"], own["tags"])
    if "role_arn" not in merged:
        for key in set(ROLE_KEYS) - own.keys():
            merged.pop(key, None)
    return replace(organization, value=merged)


def _merge_tags(shared: Node, own: Node) -> Node:
    """Merge two sets of tags by key; the organization's own value wins."""
    if isinstance(shared.value, dict) and isinstance(own.value, dict):
        return replace(own, value={**shared.value, **own.value})
    return own
