"""`notify.sns_topic_arn`: whoever subscribes hears of a run; a topic that is deaf changes nothing."""

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.moto_api._internal.models import moto_api_backend
from moto.server import ThreadedMotoServer
from moto.sns.models import sns_backends

from sso_batch.emulator import Emulator, Limits, configuration
from tests.end_to_end.command import finish, start
from tests.end_to_end.conftest import Audit
from tests.end_to_end.expected import COLLECT, assert_exact
from tests.end_to_end.worlds import denying, small

REGION = "us-east-2"  # not the organizations'
ACCOUNT_ID = "123456789012"  # moto's own


@pytest.fixture
def sns(home: Path) -> Iterator[str]:
    """Serve moto's SNS."""
    assert home.is_dir()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    moto_api_backend.reset()
    server.stop()


def topic(url: str, name: str = "audits", **attributes: str) -> str:
    """Make a topic, and give its ARN."""
    client = boto3.client(
        "sns", REGION, endpoint_url=url, aws_access_key_id="made-up", aws_secret_access_key="made-up"
    )
    return client.create_topic(Name=name, Attributes=attributes)["TopicArn"]


def published(topic_arn: str) -> list[tuple[str, dict[str, Any]]]:
    """The subjects and messages that a topic has taken."""
    sent = sns_backends[ACCOUNT_ID][REGION].topics[topic_arn].sent_notifications
    return [(str(subject), json.loads(message)) for _, message, subject, *_ in sent]


def notify(topic_arn: str) -> str:
    return f"notify: {{sns_topic_arn: '{topic_arn}'}}\n"


def test_a_topic_that_is_not_there(audit: Audit, sns: str) -> None:
    """A failing notice is an error in the log with what to do; files and exit code are as without it."""
    world = small()
    missing = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:nobody"

    reports = audit(world, settings=notify(missing) + COLLECT, environ={"AWS_ENDPOINT_URL_SNS": sns})

    assert reports.ended.code == reports.manifest["exit_code"] == 0
    assert_exact(reports, world, "org-0", "org-1")
    (failed,) = reports.ended.named("notify.failed")
    assert (failed["level"], failed["topic"], failed["code"]) == ("error", missing, "NotFound")
    assert failed["hint"].startswith("create the topic, or fix notify.sns_topic_arn")
    assert failed["run_id"] == reports.manifest["run_id"]
    assert reports.ended.events[-1]["event"] == "run.completed"


def test_an_incomplete_run(audit: Audit, sns: str) -> None:
    """Subscribers hear how it ended, of which gaps, and where the manifest is; never of people."""
    world = denying(small(), "identitystore:ListUsers")
    arn = topic(sns)

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
    assert [(one["name"], one["status"], one["rows"]) for one in message["organizations"]] == [
        (one["name"], one["status"], one["counts"]["rows"]) for one in manifest["organizations"]
    ]
    assert message["organizations"][0]["gaps"] == [
        {"operation": "ListUsers", "code": "AccessDeniedException", "count": 1}
    ]
    words = json.dumps(message)
    for user in (one for organization in world.organizations for one in organization.users):
        for word in (user.id, user.user_name, user.display_name):
            assert word
            assert word not in words
    (told,) = reports.ended.named("notify.published")
    assert told["topic"] == arn


def test_a_topic_that_keeps_an_order(audit: Audit, sns: str) -> None:
    """A FIFO topic needs no settings of its own."""
    arn = topic(sns, "audits.fifo", FifoTopic="true")

    reports = audit(small(1), settings=notify(arn) + COLLECT, environ={"AWS_ENDPOINT_URL_SNS": sns})

    assert reports.ended.named("notify.failed") == []
    assert [message["status"] for _, message in published(arn)] == ["complete"]


def test_a_signal_ends_the_attempt(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While SNS hangs a signal ends the process soon; what was written before stays as it is."""
    assert home.is_dir()
    world, folder = small(1), tmp_path / "reports"
    config = tmp_path / "orgs.yaml"
    arn = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:audits"
    config.write_text(configuration(world, directory=str(folder)) + COLLECT + notify(arn))
    with Emulator(world, limits=Limits.off()) as emulator, socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        for name, value in emulator.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", f"http://127.0.0.1:{silent.getsockname()[1]}")
        process = start("run", "-c", config)
        connection, _ = silent.accept()

        process.send_signal(signal.SIGTERM)
        ended = finish(process, within=5)

        connection.close()
    assert [event["code"] for event in ended.named("notify.failed")] == ["Interrupted"]
    (manifest,) = folder.glob("*_manifest.json")
    assert json.loads(manifest.read_bytes())["exit_code"] == ended.code == 0
