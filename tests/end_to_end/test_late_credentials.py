"""Credentials that arrive late, as on a node that has just started, are waited for."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from botocore.utils import IMDSFetcher

from sso_batch.aws import connection_pool
from sso_batch.aws.s3 import client
from sso_batch.emulator import HUB
from tests.support.agents import LATE, Agent, Answer, keys, serving
from tests.support.audits import Audit
from tests.support.expected_reports import assert_exact
from tests.support.moto_s3 import S3, URL
from tests.support.sample_worlds import small

WITHOUT_KEYS: dict[str, str | None] = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}

Environment = dict[str, str | None]
Source = Callable[[list[Answer]], AbstractContextManager[tuple[Agent, Environment]]]


@contextmanager
def container(late: list[Answer]) -> Iterator[tuple[Agent, Environment]]:
    """Serve an agent of EKS Pod Identity or ECS; yield it with the environment that names it."""
    with serving(keys(HUB.id, HUB.secret), late) as agent:
        yield agent, WITHOUT_KEYS | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{agent.url}/v1/credentials"}


@contextmanager
def metadata(late: list[Answer]) -> Iterator[tuple[Agent, Environment]]:
    """Serve EC2's instance metadata service; yield it with the environment that names it."""
    with serving(keys(HUB.id, HUB.secret), late) as agent:
        yield (
            agent,
            WITHOUT_KEYS
            | {"AWS_EC2_METADATA_SERVICE_ENDPOINT": agent.url, "AWS_EC2_METADATA_DISABLED": "false"},
        )


SOURCES = {"container": container, "metadata": metadata}


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest) -> Source:
    return SOURCES[request.param]


@pytest.mark.parametrize("first_answers", LATE)
def test_organizations_wait_for_credentials(audit: Audit, source: Source, first_answers: str) -> None:
    """Every organization is complete, whatever the agent's first answers were."""
    world = small()
    with source([LATE[first_answers]] * 8) as (agent, environ):
        reports = audit(world, environ=environ)

        assert reports.ended.code == 0, reports.ended.stderr
        assert_exact(reports, world, "org-0", "org-1")
        assert not agent.late


@pytest.mark.parametrize("first_answers", LATE)
def test_a_run_into_s3_waits_for_credentials(
    audit: Audit, s3: S3, source: Source, first_answers: str
) -> None:
    """A run into S3 starts as soon as there are credentials to write with."""
    with source([LATE[first_answers]] * 8) as (agent, environ):
        reports = audit(small(), "--output", URL, environ=environ)

        assert reports.ended.code == 0, reports.ended.stderr
        assert s3.contents()
        assert not agent.late


def test_an_agent_that_never_has_credentials(
    audit: Audit, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the end the organizations fail, with the agent's last answer, and the hint names the agents."""
    monkeypatch.setattr(connection_pool, "PATIENCE", 1.0)
    with source([(503, "starting")] * 9999) as (_, environ):
        reports = audit(small(), environ=environ)

    assert reports.ended.code == 5
    gap = reports.gap("org-0")
    assert gap["code"] == "CredentialsUnavailable"
    assert "503" in gap["message"]
    assert "EKS Pod Identity" in gap["hint"]


def test_a_run_into_s3_whose_agent_never_has_credentials(
    audit: Audit, s3: S3, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run fails with 5, not as a configuration error, because the same run may succeed later."""
    monkeypatch.setattr(client, "PATIENCE", 0.2)
    with source([(503, "starting")] * 9999) as (_, environ):
        ended = audit(small(), "--output", URL, environ=environ).ended

    assert ended.code == 5
    assert URL.rstrip("/") in ended.stderr
    assert "503" in ended.stderr
    assert s3.contents() == {}


NO_SOURCE = WITHOUT_KEYS | {"AWS_EC2_METADATA_DISABLED": "true"}


@pytest.mark.parametrize(
    ("environ", "code"),
    [
        (NO_SOURCE, "NoCredentials"),
        (NO_SOURCE | {"AWS_PROFILE": "nobody"}, "ProfileNotFound"),
        (WITHOUT_KEYS | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/"}, "UnusableCredentials"),
        (NO_SOURCE | {"AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent"}, "InvalidConfigError"),
    ],
    ids=["no source", "unknown profile", "foreign host", "web identity without role"],
)
def test_configuration_errors_are_not_waited_for(
    audit: Audit, monkeypatch: pytest.MonkeyPatch, environ: Environment, code: str
) -> None:
    """If no credentials can arrive, the organizations fail at once."""
    monkeypatch.setattr(connection_pool, "PATIENCE", 3600)
    monkeypatch.setattr("sso_batch.aws.backoff.FIRST_PAUSE", 3600)

    reports = audit(small(), environ=environ)

    assert reports.ended.code == 5
    assert reports.gap("org-0")["code"] == code


@pytest.mark.parametrize(
    "environ", [NO_SOURCE, NO_SOURCE | {"AWS_PROFILE": "nobody"}], ids=["no source", "unknown profile"]
)
def test_a_run_into_s3_without_a_credential_source(
    audit: Audit, s3: S3, monkeypatch: pytest.MonkeyPatch, environ: Environment
) -> None:
    """If another attempt cannot help, the run ends with 2."""
    monkeypatch.setattr("sso_batch.aws.backoff.FIRST_PAUSE", 3600)

    ended = audit(small(), "--output", URL, environ=environ).ended

    assert ended.code == 2
    assert s3.contents() == {}


@pytest.mark.parametrize(("status", "waits"), [(503, True), (429, True), (404, False), (401, False)])
def test_the_default_metadata_service(
    audit: Audit, monkeypatch: pytest.MonkeyPatch, status: int, *, waits: bool
) -> None:
    """At EC2's address 503 and 429 are waited for; 404 and 401, as from other clouds, are not."""
    with metadata([(status, "no")] * (8 if waits else 9999)) as (agent, _):
        monkeypatch.setattr(IMDSFetcher, "get_base_url", lambda _: agent.url)
        monkeypatch.setattr(IMDSFetcher, "_construct_url", lambda _, path: f"{agent.url}/{path}")
        reports = audit(small(), environ=WITHOUT_KEYS | {"AWS_EC2_METADATA_DISABLED": "false"})

    if waits:
        assert reports.ended.code == 0, reports.ended.stderr
    else:
        assert reports.ended.code == 5
        assert reports.gap("org-0")["code"] == "NoCredentials"


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_bucket_that_never_answers(
    audit: Audit, s3: S3, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """S3 that never answers ends the run with 5, not as a configuration error."""
    monkeypatch.setattr("sso_batch.aws.backoff.FIRST_PAUSE", 0.001)
    monkeypatch.setattr("sso_batch.aws.s3.bucket._PATIENCE", 0.2)
    with serving("", [(status, "")] * 9999) as agent:
        ended = audit(small(), "--output", URL, environ={"AWS_ENDPOINT_URL_S3": agent.url}).ended

    assert ended.code == 5
    assert URL.rstrip("/") in ended.stderr
    assert s3.contents() == {}
