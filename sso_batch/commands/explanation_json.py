"""Explanations of permission sets as JSON."""

import json
from collections.abc import Sequence
from typing import Any

from sso_batch import __version__
from sso_batch.privileges.judgement import FoundPath
from sso_batch.privileges.paths import AccountKind
from sso_batch.privileges.permissions import Source
from sso_batch.report.explanation import Explanation, Level
from sso_batch.run_files.manifest import Manifest

SCHEMA = 1


def document(
    manifest: Manifest, explanations: Sequence[Explanation], not_explained: Sequence[tuple[str, str]]
) -> str:
    """Return the document; `not_explained` has the organizations that could not be read, and why."""
    content = {
        "schema": SCHEMA,
        "version": __version__,
        "run": {"run_id": manifest.run_id, "ts": manifest.ts},
        "permission_sets": [_explanation(explanation) for explanation in explanations],
        "not_explained": [{"organization": name, "reason": reason} for name, reason in not_explained],
    }
    return json.dumps(content, indent=2) + "\n"


def _explanation(explanation: Explanation) -> dict[str, Any]:
    permission_set, everything = explanation.permission_set, explanation.everything
    source = explanation.level_source
    return {
        "organization": explanation.organization,
        "name": permission_set.name,
        "arn": permission_set.arn,
        "policies": [
            {
                "kind": policy.kind.value,
                "name": policy.name,
                "version_id": policy.version_id,
                "read": policy.read,
            }
            for policy in explanation.policies
        ],
        "assigned": explanation.assigned,
        "levels": [_level(level) for level in explanation.levels],
        "everything": None if everything is None else [_source(each) for each in everything.sources],
        "level_source": None if source is None else _source(source),
        "paths": [_path(found) for found in (*explanation.certain, *explanation.possible)],
        "paths_in_other_accounts": [_path(found) for found in explanation.elsewhere],
        "restrictions": [_source(each) for each in explanation.restrictions],
        "unread": list(explanation.unread),
        "assignments_unread": list(explanation.assignments_unread),
    }


def _level(level: Level) -> dict[str, Any]:
    judgement = level.judgement
    return {
        "account_kind": level.kind and level.kind.value,
        "privilege": judgement.privilege.name,
        "certain": judgement.certain,
        "reason": judgement.reason,
        "accounts": level.accounts,
        "people": level.people,
        "groups_unread": level.groups_unread,
    }


def _path(found: FoundPath) -> dict[str, Any]:
    return {
        "id": found.path.id,
        "words": found.words,
        "leads_to": found.path.leads_to.name,
        "certain": found.certain,
        "conditional": found.allowance.conditional,
        "account_kinds": [kind.value for kind in AccountKind if kind in found.path.accounts],
        "actions": [need.action for need in found.path.needs],
        "allowed_by": [_source(source) for source in found.allowance.sources],
    }


def _source(source: Source) -> dict[str, Any]:
    """Return a statement, with the patterns as written; `action` is what it was looked at for."""
    statement, written = source.statement, source.statement.written
    return {
        "policy": source.policy,
        "statement": written.number,
        "sid": written.sid,
        "action": source.action,
        "effect": "Allow" if statement.allows else "Deny",
        "NotAction" if statement.excludes_actions else "Action": list(written.actions),
        "NotResource" if statement.excludes_resources else "Resource": list(written.resources),
        "condition_keys": list(written.condition_keys),
        "conditional": statement.conditional,
    }
