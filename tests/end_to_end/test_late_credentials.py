"""Credentials that come late, as on a node that has just started: waited for, no configuration error."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from botocore.utils import IMDSFetcher

from sso_batch.aws import connection_pool
from sso_batch.aws.s3 import client
from sso_batch.emulator import HUB
from tests.end_to_end.conftest import Audit
from tests.end_to_end.expected import assert_exact
from tests.end_to_end.test_s3 import S3, URL, s3
from tests.end_to_end.worlds import small
from tests.support.agents import LATE, Agent, Answer, keys, serving

__all__ = ["s3"]

WITHOUT_KEYS: dict[str, str | None] = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}

Environment = dict[str, str | None]
Source = Callable[[list[Answer]], AbstractContextManager[tuple[Agent, Environment]]]


@contextmanager
def container(late: list[Answer]) -> Iterator[tuple[Agent, Environment]]:
    """EKS Pod Identity, or ECS."""
    with serving(keys(HUB.id, HUB.secret), late) as agent:
        yield agent, WITHOUT_KEYS | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{agent.url}/v1/credentials"}


@contextmanager
def metadata(late: list[Answer]) -> Iterator[tuple[Agent, Environment]]:
    """EC2's instance metadata service."""
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


@pytest.mark.parametrize("trouble", LATE)
def test_an_organization_waits(audit: Audit, source: Source, trouble: str) -> None:
    """Every organization is complete, however the agent's first answers looked."""
    world = small()
    with source([LATE[trouble]] * 8) as (agent, environ):
        reports = audit(world, environ=environ)

        assert reports.ended.code == 0, reports.ended.stderr
        assert_exact(reports, world, "org-0", "org-1")
        assert not agent.late


@pytest.mark.parametrize("trouble", LATE)
def test_the_writer_waits(audit: Audit, s3: S3, source: Source, trouble: str) -> None:
    """A run into S3 starts once its writer has credentials."""
    with source([LATE[trouble]] * 8) as (agent, environ):
        reports = audit(small(), "--output", URL, environ=environ)

        assert reports.ended.code == 0, reports.ended.stderr
        assert s3.contents()
        assert not agent.late


def test_an_agent_that_stays_late(audit: Audit, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the end the organizations have failed, with the last answer and the agents by name."""
    monkeypatch.setattr(connection_pool, "PATIENCE", 0.2)
    with source([(503, "starting")] * 9999) as (_, environ):
        reports = audit(small(), environ=environ)

    assert reports.ended.code == 5
    gap = reports.gap("org-0")
    assert gap["code"] == "CredentialsUnavailable"
    assert "503" in gap["message"]
    assert "EKS Pod Identity" in gap["hint"]


def test_a_writer_whose_agent_stays_late(
    audit: Audit, s3: S3, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run fails, but not as a configuration error: the same run may succeed later."""
    monkeypatch.setattr(client, "PATIENCE", 0.2)
    with source([(503, "starting")] * 9999) as (_, environ):
        ended = audit(small(), "--output", URL, environ=environ).ended

    assert ended.code == 5
    assert "cannot write to the output place" in ended.stderr
    assert "503" in ended.stderr
    assert s3.contents() == {}


NOTHING = WITHOUT_KEYS | {"AWS_EC2_METADATA_DISABLED": "true"}


@pytest.mark.parametrize(
    ("environ", "code"),
    [
        (NOTHING, "NoCredentials"),
        (NOTHING | {"AWS_PROFILE": "nobody"}, "ProfileNotFound"),
        (WITHOUT_KEYS | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/"}, "UnusableCredentials"),
        (NOTHING | {"AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent"}, "InvalidConfigError"),
    ],
    ids=["nothing", "profile", "foreign host", "web identity without role"],
)
def test_configuration_is_not_waited_for(
    audit: Audit, monkeypatch: pytest.MonkeyPatch, environ: Environment, code: str
) -> None:
    """Without credentials to come the organizations fail at once."""
    monkeypatch.setattr(connection_pool, "PATIENCE", 3600)
    monkeypatch.setattr("sso_batch.aws.backoff.FIRST_PAUSE", 3600)

    reports = audit(small(), environ=environ)

    assert reports.ended.code == 5
    assert reports.gap("org-0")["code"] == code


@pytest.mark.parametrize(
    "environ", [NOTHING, NOTHING | {"AWS_PROFILE": "nobody"}], ids=["nothing", "profile"]
)
def test_a_writer_that_is_not_configured(
    audit: Audit, s3: S3, monkeypatch: pytest.MonkeyPatch, environ: Environment
) -> None:
    """Exit code 2 is for what another try cannot change."""
    monkeypatch.setattr("sso_batch.aws.backoff.FIRST_PAUSE", 3600)

    ended = audit(small(), "--output", URL, environ=environ).ended

    assert ended.code == 2
    assert s3.contents() == {}


@pytest.mark.parametrize(("status", "waits"), [(503, True), (429, True), (404, False), (401, False)])
def test_a_metadata_service_that_nobody_configured(
    audit: Audit, monkeypatch: pytest.MonkeyPatch, status: int, *, waits: bool
) -> None:
    """At EC2's own address other clouds answer, too, with 404: that is no service of AWS's that is late."""
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
def test_a_bucket_that_stays_out(audit: Audit, s3: S3, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """S3 that gives no answer is no configuration error, either."""
    monkeypatch.setattr("sso_batch.aws.backoff.FIRST_PAUSE", 0.001)
    monkeypatch.setattr("sso_batch.aws.s3.bucket._PATIENCE", 0.2)
    with serving("", [(status, "")] * 9999) as agent:
        ended = audit(small(), "--output", URL, environ={"AWS_ENDPOINT_URL_S3": agent.url}).ended

    assert ended.code == 5
    assert f"cannot write to the output place {URL.rstrip('/')}" in ended.stderr
    assert s3.contents() == {}
