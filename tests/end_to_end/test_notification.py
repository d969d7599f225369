"""`notify.sns_topic_arn`: subscribers get a notice of each run; a failing notice does not affect the run."""

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.sns.models import sns_backends

from sso_batch.emulator import Emulator, Limits, configuration
from tests.support.audits import Audit
from tests.support.command import finish, set_environment, start
from tests.support.expected_reports import COLLECT, assert_exact
from tests.support.moto_server import moto_server
from tests.support.reports import manifest_in
from tests.support.sample_worlds import denying, small

REGION = "us-east-2"  # not the organizations'
ACCOUNT_ID = "123456789012"  # moto's own


@pytest.fixture
def sns(home: Path) -> Iterator[str]:
    """Serve moto's SNS."""
    assert home.is_dir()
    with moto_server() as url:
        yield url


def create_topic(url: str, name: str = "audits", **attributes: str) -> str:
    """Create a topic and return its ARN."""
    client = boto3.client(
        "sns", REGION, endpoint_url=url, aws_access_key_id="made-up", aws_secret_access_key="made-up"
    )
    return client.create_topic(Name=name, Attributes=attributes)["TopicArn"]


def published(topic_arn: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the subjects and messages published to a topic."""
    sent = sns_backends[ACCOUNT_ID][REGION].topics[topic_arn].sent_notifications
    return [(str(subject), json.loads(message)) for _, message, subject, *_ in sent]


def notify(topic_arn: str) -> str:
    return f"notify: {{sns_topic_arn: '{topic_arn}'}}\n"


def test_a_missing_topic(audit: Audit, sns: str) -> None:
    """A failing notice is an error in the log with a hint; files and exit code are unaffected."""
    world = small()
    missing = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:nobody"

    reports = audit(world, settings=notify(missing) + COLLECT, environ={"AWS_ENDPOINT_URL_SNS": sns})

    assert reports.ended.code == reports.manifest["exit_code"] == 0
    assert_exact(reports, world, "org-0", "org-1")
    (failed,) = reports.ended.named("notify.failed")
    assert (failed["level"], failed["topic"], failed["code"]) == ("error", missing, "NotFound")
    assert "notify.sns_topic_arn" in failed["hint"]
    assert failed["run_id"] == reports.manifest["run_id"]
    assert reports.ended.events[-1]["event"] == "run.completed"


def test_an_incomplete_run(audit: Audit, sns: str) -> None:
    """The notice has status, gaps and the manifest's path, and never data of people."""
    world = denying(small(), "identitystore:ListUsers")
    arn = create_topic(sns)

    reports = audit(world, settings=notify(arn) + COLLECT, environ={"AWS_ENDPOINT_URL_SNS": sns})

    ((subject, message),) = published(arn)
    manifest = reports.manifest
    assert subject == f"sso-batch incomplete: 1 of 2 organizations, run {manifest['run_id']}"
    assert (
        (message["status"], message["exit_code"]) == ("incomplete", reports.ended.code) == ("incomplete", 4)
    )
    assert (message["run_id"], message["endpoint_overrides"]) == (
        manifest["run_id"],
        manifest["endpoint_overrides"],
    )
    assert json.loads(Path(message["manifest"]).read_bytes()) == manifest
    assert [(entry["name"], entry["status"], entry["rows"]) for entry in message["organizations"]] == [
        (entry["name"], entry["status"], entry["counts"]["rows"]) for entry in manifest["organizations"]
    ]
    assert message["organizations"][0]["gaps"] == [
        {"operation": "ListUsers", "code": "AccessDeniedException", "count": 1}
    ]
    text = json.dumps(message)
    for user in (user for organization in world.organizations for user in organization.users):
        for word in (user.id, user.user_name, user.display_name):
            assert word
            assert word not in text
    (published_event,) = reports.ended.named("notify.published")
    assert published_event["topic"] == arn


def test_a_fifo_topic(audit: Audit, sns: str) -> None:
    """A FIFO topic needs no further settings."""
    arn = create_topic(sns, "audits.fifo", FifoTopic="true")

    reports = audit(small(1), settings=notify(arn) + COLLECT, environ={"AWS_ENDPOINT_URL_SNS": sns})

    assert reports.ended.named("notify.failed") == []
    assert [message["status"] for _, message in published(arn)] == ["complete"]


def test_a_signal_while_sns_hangs(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal while SNS hangs ends the process soon and leaves manifest and exit code unchanged."""
    assert home.is_dir()
    world, folder = small(1), tmp_path / "reports"
    config = tmp_path / "orgs.yaml"
    arn = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:audits"
    config.write_text(configuration(world, directory=str(folder)) + COLLECT + notify(arn))
    with Emulator(world, limits=Limits.off()) as emulator, socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        set_environment(monkeypatch, emulator.environment())
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", f"http://127.0.0.1:{silent.getsockname()[1]}")
        process = start("run", "-c", config)
        connection, _ = silent.accept()

        process.send_signal(signal.SIGTERM)
        ended = finish(process, within=5)

        connection.close()
    assert [event["code"] for event in ended.named("notify.failed")] == ["Interrupted"]

    assert json.loads(manifest_in(folder).read_bytes())["exit_code"] == ended.code == 0
