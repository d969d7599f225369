"""`defaults` put into each organization of the tree, before anything is validated.

A node keeps its line and path where it was written, so that an error of a default is told once, there.
"""

from dataclasses import replace

from sso_batch.config.organization import ROLE_KEYS, Defaults
from sso_batch.config.yaml.nodes import Node

_KEYS = frozenset(field.alias or name for name, field in Defaults.model_fields.items())
_EITHER = {"profile": "role_arn", "role_arn": "profile"}


def merged(root: Node) -> Node:
    """Give the tree with the defaults in each organization; what is no mapping is left as it is."""
    if not isinstance(root.value, dict):
        return root
    defaults, organizations = root.value.get("defaults"), root.value.get("organizations")
    if defaults is None or not isinstance(defaults.value, dict):
        return root
    if organizations is None or not isinstance(organizations.value, tuple):
        return root
    shared = {key: node for key, node in defaults.value.items() if key in _KEYS}
    filled = tuple(_filled(organization, shared) for organization in organizations.value)
    return replace(root, value={**root.value, "organizations": replace(organizations, value=filled)})


def _filled(organization: Node, shared: dict[str, Node]) -> Node:
    """Give one organization with what it does not say itself."""
    own = organization.value
    if not isinstance(own, dict):
        return organization
    kept = {key: node for key, node in shared.items() if _EITHER.get(key) not in own}
    both = {**kept, **own}
    if "tags" in kept and "tags" in own:
        both["tags"] = _joined(kept["tags"], own["tags"])
    if "role_arn" not in both:
        for key in set(ROLE_KEYS) - own.keys():
            both.pop(key, None)
    return replace(organization, value=both)


def _joined(shared: Node, own: Node) -> Node:
    """Give both sets of tags, key by key."""
    if isinstance(shared.value, dict) and isinstance(own.value, dict):
        return replace(own, value={**shared.value, **own.value})
    return own
