"""Tests of the workflow that publishes a version: what the checkers of workflows cannot know."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sso_batch import __version__
from tests.deployment.manifests import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yaml"))
RELEASE = ROOT / ".github/workflows/release.yaml"

TRIGGERS = True
"""The key `on` as YAML 1.1 reads it."""

DATED = f"## {__version__} - 2026-12-01"

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def read(path: Path) -> dict[Any, Any]:
    """Return a workflow."""
    workflow: dict[Any, Any] = yaml.safe_load(path.read_text())
    return workflow


JOBS: dict[str, dict[str, Any]] = read(RELEASE)["jobs"]


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    """Return the steps of all jobs."""
    return [step for job in workflow["jobs"].values() for step in job.get("steps", [])]


def needed(name: str) -> set[str]:
    """Return all jobs that must succeed before a job."""
    needs = JOBS[name].get("needs", [])
    direct = {needs} if isinstance(needs, str) else set(needs)
    return direct.union(*(needed(other) for other in direct))


def step_with(job: str, action: str) -> dict[str, Any]:
    """Return the settings of the only step of a job that uses an action."""
    (found,) = (step for step in JOBS[job]["steps"] if step.get("uses", "").startswith(f"{action}@"))
    settings: dict[str, Any] = found.get("with", {})
    return settings


# Triggers and permissions


def test_triggers() -> None:
    """Only a version's tag publishes."""
    assert read(RELEASE)[TRIGGERS] == {"push": {"tags": ["v*"]}}


@each_workflow
def test_pull_requests_cannot_write(path: Path) -> None:
    """A workflow that a pull request can start has only read permissions and no secret."""
    workflow = read(path)
    triggers = workflow[TRIGGERS]

    assert "pull_request_target" not in triggers
    assert "workflow_run" not in triggers
    if "pull_request" in triggers:
        assert workflow["permissions"] == {"contents": "read"}
        assert not any("permissions" in job for job in workflow["jobs"].values())
        assert "secrets." not in path.read_text()


def test_permissions() -> None:
    """Each job has only what it uses: no job that builds or tests has an identity token."""
    assert read(RELEASE)["permissions"] == {}
    assert {name: job["permissions"] for name, job in JOBS.items()} == {
        "version": {"contents": "read"},
        "tests": {"contents": "read"},
        "package": {"contents": "read"},
        "image": {"contents": "read", "packages": "write"},
        "publish-image": {"packages": "write", "id-token": "write", "attestations": "write"},
        "publish-package": {"id-token": "write"},
        "release": {"contents": "write"},
    }


@each_workflow
def test_actions(path: Path) -> None:
    """Every action is pinned to a commit whose version is in a comment, and a checkout stores no token."""
    for line in re.findall(r"uses: (?!\./)(.+)", path.read_text()):
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)
    for step in steps(read(path)):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@each_workflow
def test_no_secrets(path: Path) -> None:
    """No secret is stored: only the token of the job is used, and no expression is part of a script."""
    assert "secrets." not in path.read_text()
    assert all("${{" not in step.get("run", "") for step in steps(read(path)))


# The order of the jobs


@pytest.mark.parametrize("job", ["publish-image", "publish-package", "release"])
def test_nothing_is_published_untested(job: str) -> None:
    """Tests, package and images of all platforms precede everything that cannot be taken back."""
    assert {"version", "tests", "package", "image"} <= needed(job)
    assert JOBS["tests"]["uses"] == "./.github/workflows/ci.yaml"
    assert "workflow_call" in read(ROOT / ".github/workflows/ci.yaml")[TRIGGERS]


def test_approval() -> None:
    """Both publications wait for the approval of an environment, and the release for both."""
    assert JOBS["publish-image"]["environment"] == JOBS["publish-package"]["environment"] == "release"
    assert {"publish-image", "publish-package"} <= needed("release")


# What is published


def test_image() -> None:
    """Each platform is built on such a machine, with SBOM and provenance, and pushed by digest."""
    build = step_with("image", "docker/build-push-action")

    assert {
        entry["platform"]: entry["runner"] for entry in JOBS["image"]["strategy"]["matrix"]["include"]
    } == {
        "linux/amd64": "ubuntu-24.04",
        "linux/arm64": "ubuntu-24.04-arm",
    }
    assert (build["sbom"], build["provenance"]) == (True, "mode=max")
    assert {"push-by-digest=true", "push=true"} <= set(build["outputs"].split(","))
    assert "tags" not in build


def test_arguments() -> None:
    """The image gets the labels that `make image` sets, and the digest of the base image."""
    make = re.search(r"^image:.*?\n\n", (ROOT / "Makefile").read_text(), re.DOTALL | re.MULTILINE)
    given = step_with("image", "docker/build-push-action")["build-args"].split()
    facts = next(step["run"] for step in JOBS["version"]["steps"] if step.get("id") == "facts")

    assert make
    labels = set(re.findall(r"--build-arg (\w+)=", make[0]))
    assert {argument.partition("=")[0] for argument in given if "=" in argument} == labels | {"BASE_IMAGE"}
    assert 'echo "base=$base@$digest"' in facts
    assert "git rev-parse --short=12 HEAD" in facts


def test_one_image_for_all_platforms() -> None:
    """The tag and the attestation are of one index, which has the digests that were pushed and tested."""
    (join,) = (step for step in JOBS["publish-image"]["steps"] if step.get("id") == "index")
    attested = [
        step["with"]
        for step in JOBS["publish-image"]["steps"]
        if step.get("uses", "").startswith("actions/attest-build-provenance@")
    ]

    assert "imagetools create --tag" in join["run"]
    assert {"subject-name", "subject-digest", "push-to-registry"} <= attested[0].keys()
    assert attested[0]["subject-digest"] == "${{ steps.index.outputs.digest }}"
    assert attested[1] == {"subject-path": "dist/*"}


def test_package() -> None:
    """The package is built once, and published without a token or an address."""
    assert step_with("publish-package", "pypa/gh-action-pypi-publish") == {"skip-existing": True}
    assert [name for name, job in JOBS.items() if ".ci/package" in str(job)] == ["package"]
    for job in ("publish-image", "publish-package", "release"):
        assert "'name': 'package', 'path': 'dist'" in str(JOBS[job]["steps"])


# The tag and the notes


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a folder with what `.ci/release` reads, with a change log that is ready."""
    for name in (".ci/release", "sso_batch/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "CHANGELOG.md").write_text(
        f"# Changelog\n\n## Unreleased\n\nLater.\n\n{DATED}\n\nThe first.\n\n### Fixed\n\n- This.\n\n"
        "## 0.0.9 - 2026-01-02\n\nOld.\n"
    )
    return tmp_path


def release(folder: Path, tag: str) -> "subprocess.CompletedProcess[str]":
    """Run the check of a tag."""
    command = [str(folder / ".ci/release"), tag]
    return subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603


def test_notes(copy: Path) -> None:
    """The notes are the section of the version, without its heading."""
    done = release(copy, f"v{__version__}")

    assert (done.returncode, done.stdout, done.stderr) == (0, "The first.\n\n### Fixed\n\n- This.\n", "")


@pytest.mark.parametrize("tag", ["v9.9.9", __version__, f"v{__version__}rc1", "v"])
def test_wrong_tag(copy: Path, tag: str) -> None:
    """A tag that is not the program's version is refused, by name."""
    done = release(copy, tag)

    assert (done.returncode, done.stdout) == (1, "")
    assert f"the tag {tag} is not v{__version__}" in done.stderr


@pytest.mark.parametrize(
    "heading", [f"## Unreleased: {__version__}", f"## {__version__}", "## 0.1.00 - 2026-12-01"]
)
def test_missing_section(copy: Path, heading: str) -> None:
    """A version whose section is missing or has no date is refused."""
    log = copy / "CHANGELOG.md"
    log.write_text(log.read_text().replace(DATED, heading))

    done = release(copy, f"v{__version__}")

    assert (done.returncode, done.stdout) == (1, "")
    assert f"no section '## {__version__} - YYYY-MM-DD'" in done.stderr


def test_the_tag_is_checked_first() -> None:
    """The check of the tag runs before any other job, and a version is released only once."""
    commands = [step["run"] for step in JOBS["version"]["steps"] if "run" in step]

    assert commands[0] == '.ci/release "$GITHUB_REF_NAME"'
    assert commands[1].startswith("released=$(gh release list ")  # a failure of gh ends the job
    assert all("version" in needed(name) for name in JOBS if name != "version")
