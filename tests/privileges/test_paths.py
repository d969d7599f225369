"""Tests of the table of escalation paths."""

from sso_batch.privileges.access_levels import actions_of
from sso_batch.privileges.paths import EVERYWHERE, PATHS, Privilege


def test_the_table() -> None:
    """Ids are unique, actions exist, and there are at least forty ways to become administrator."""
    escalations = [path for path in PATHS if path.leads_to is Privilege.CAN_ESCALATE]
    actions = {need.action for path in PATHS for need in path.needs}
    unknown = {
        action
        for action in actions
        if action.partition(":")[2].lower() not in actions_of(action.partition(":")[0])
    }

    assert len({path.id for path in PATHS}) == len(PATHS)
    assert unknown == set()
    assert len(escalations) >= 40
    assert all(path.accounts == EVERYWHERE for path in escalations)


def test_services() -> None:
    """The paths cover the services through which others have become administrators."""
    services = {need.action.partition(":")[0] for path in PATHS for need in path.needs}

    assert services >= {
        *("iam", "sts", "lambda", "ec2", "cloudformation", "glue", "codebuild", "ssm", "sagemaker"),
        *("bedrock-agentcore", "ecs", "sso", "identitystore", "account-access", "organizations"),
    }
