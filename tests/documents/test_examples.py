"""The examples in the documents work as they are written, as far as they can be run here."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from sso_batch import cli
from sso_batch.config.loading import load
from sso_batch.review.roster_csv import parse_roster
from tests.documents.text import Block, blocks

_CALL = r"(?:(?:^ *(?:- )?|bin/|&& )sso-batch|docker run .*\"\$IMAGE\") (?=-|[a-z])(.*)$"
"""A call of the program: by its name, or by an image in a variable."""

IMAGE = "ghcr.io/OWNER/sso-batch@sha256:DIGEST"
"""The image in every example: one placeholder, explained in verify-image.md."""


def test_rosters() -> None:
    """Every CSV in the documents is a roster, as a run without employee numbers accepts it."""
    rosters = [parse_roster(block.text.encode(), numbers_are_read=False) for block in blocks("csv")]

    assert rosters


def test_script() -> None:
    """The script that tells somebody is one that bash can read, and knows our exit codes."""
    (block,) = blocks("bash", within="docs/how-to/alerts.md")
    script = block.text

    subprocess.run(["bash", "-n"], input=script, text=True, check=True)  # noqa: S607 - whichever bash

    assert re.findall(r"^  ([0-9 |]+)\)", script, re.MULTILINE) == ["0", "3", "4 | 5"]
    for words in our_commands(script.replace("|| code=$?", "")):
        parse(words)


def test_workflow() -> None:
    """The workflow is YAML of the right form, and its actions have versions."""
    (text,) = [block.text for block in blocks("yaml") if "jobs:" in block.text]

    workflow: dict[Any, Any] = yaml.safe_load(text)

    (job,) = workflow["jobs"].values()
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert workflow["permissions"] == {"id-token": "write", "contents": "read"}
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", action) for action in used)
    assert job["env"] == {"IMAGE": IMAGE}
    (run,) = [step["run"] for step in job["steps"] if "run" in step]
    assert '-e GITHUB_STEP_SUMMARY -v "$GITHUB_STEP_SUMMARY:$GITHUB_STEP_SUMMARY"' in run


def test_image() -> None:
    """Every example names the image by the placeholder, or by the version whose digest is looked up."""
    texts = [block.text for block in blocks("console", "yaml", "text")]
    found = {name for text in texts for name in re.findall(r"ghcr\.io/[^\s\"']+", text)}

    assert found == {IMAGE, "ghcr.io/OWNER/sso-batch:0.1.0"}


def test_pipeline(tmp_path: Path) -> None:
    """GitLab's job runs by schedule only, and only the job can read the file with its token."""
    (text,) = [block.text for block in blocks("yaml") if "script:" in block.text]

    job = yaml.safe_load(text)["access-audit"]

    assert job["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "schedule"'}]
    assert job["image"] == {"name": IMAGE, "entrypoint": [""]}
    assert job["artifacts"] == {
        "when": "always",
        "access": "none",
        "expire_in": "7 days",
        "paths": ["reports/"],
    }
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} & job["variables"].keys()
    token = tmp_path / "token"
    (name,) = job["id_tokens"]
    subprocess.run(  # noqa: S603 - the command of the example
        ["sh", "-c", job["script"][0]],  # noqa: S607 - whichever sh
        env={name: "a-token", "AWS_WEB_IDENTITY_TOKEN_FILE": str(token)},
        check=True,
    )
    assert (token.read_text(), token.stat().st_mode & 0o777) == ("a-token", 0o600)


@pytest.mark.parametrize("block", blocks("console", "bash", "yaml", "text"), ids=str)
def test_commands(block: Block) -> None:
    """Every call of sso-batch in an example is one that the program understands."""
    if not block.text.startswith("Usage:"):
        for words in our_commands(block.text.replace("|| code=$?", "")):
            parse(words)


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_configuration(block: Block, tmp_path: Path) -> None:
    """Every example of a configuration, or of a part of one, is valid."""
    if "jobs:" in block.text or "script:" in block.text:
        return
    text = (
        block.text if "organizations:" in block.text else f"{block.text}\norganizations: [{{name: acme}}]\n"
    )
    path = tmp_path / "orgs.yaml"
    path.write_text(text)

    config = load(path, {"GLOBEX_EXTERNAL_ID": "an-external-id"})

    assert config.organizations


def our_commands(script: str) -> list[list[str]]:
    """Return the words of each call of sso-batch in a script, its name left out."""
    joined = script.replace("\\\n", " ")
    calls = re.findall(_CALL, joined, re.MULTILINE)
    return [shlex.split(re.sub(r"2>>.*$", "", call), comments=True) for call in calls]


def parse(words: list[str]) -> None:
    """Raise click's error where the command line would not be understood; nothing runs."""
    with cli.cli.make_context("sso-batch", words) as context:
        name, command, arguments = cli.cli.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None
        while isinstance(command, click.Group):
            group = command.make_context(name, arguments, parent=context)
            name, command, arguments = command.resolve_command(group, [*group._protected_args, *group.args])
            assert command is not None
        command.make_context(name, arguments, parent=context)
