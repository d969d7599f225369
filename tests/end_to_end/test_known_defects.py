"""Behaviour of the contract that the program does not have yet; each test moves to its place once it does."""

import sys
from pathlib import Path

from tests.end_to_end.conftest import Audit
from tests.end_to_end.worlds import small


def test_a_profile_whose_command_gives_expired_credentials(audit: Audit, home: Path, tmp_path: Path) -> None:
    """Credentials that are over when they are given are a user's trouble and no bug: failed, with a hint."""
    script = tmp_path / "credentials.py"
    script.write_text(
        "print('{\"Version\": 1, \"AccessKeyId\": \"AKIAEXAMPLE\", \"SecretAccessKey\": \"made-up\", '\n"
        "'\"SessionToken\": \"made-up\", \"Expiration\": \"2020-01-01T00:00:00Z\"}')\n"
    )
    (home / "aws-config").write_text(f"[profile over]\ncredential_process = {sys.executable} {script}\n")
    world = small()

    reports = audit(
        world, config=lambda text: text.replace(f"role_arn: {world.roles[0].arn}", "profile: over")
    )

    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "failed", "org-1": "complete"}
    assert "credentials" in reports.gap("org-0")["hint"]
