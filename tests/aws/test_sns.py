"""Tests of publishing to an SNS topic, and of the hints if that fails."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.sns import publish
from tests.support.agents import LATE, keys, serving

TOPIC = "arn:aws:sns:eu-west-1:111122223333:audits"


@contextmanager
def sns(status: int, code: str) -> Iterator[str]:
    """Serve an SNS that refuses everything with this code."""
    body = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error>"
        "</ErrorResponse>"
    ).encode()

    class Refusal(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Refusal) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def failure(topic: str = TOPIC, *, within: float = 10) -> AwsFailure:
    with pytest.raises(AwsFailure) as caught:
        asyncio.run(publish(topic, "subject", "message", within=within))
    return caught.value


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (403, "AuthorizationError", "sns:Publish on the topic"),
        (404, "NotFound", "create the topic, or fix notify.sns_topic_arn"),
        (400, "InvalidParameter", "fix notify.sns_topic_arn"),
        (400, "KMSAccessDenied", "kms:GenerateDataKey and kms:Decrypt on the key that encrypts the topic"),
        (403, "InvalidClientTokenId", "AWS does not know these credentials"),
        (400, "Unheard", "look up Unheard in the AWS API reference of Publish (sns)"),
    ],
)
def test_refused(monkeypatch: pytest.MonkeyPatch, status: int, code: str, hint: str) -> None:
    """A refusal keeps AWS's code, and its hint is about topics."""
    with sns(status, code) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", url)

        refused = failure()

    assert (refused.operation, refused.code, refused.message) == ("Publish", code, "no")
    assert hint in refused.hint


def test_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that hangs is given up in time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", f"http://127.0.0.1:{silent.getsockname()[1]}")

        hung = failure(within=0.3)

    assert (hung.code, hung.message) == (
        "NoAnswer",
        "no answer before the end of the 0.3 s that SNS has to accept the notification",
    )
    assert hung.hint == "check that SNS can be reached from here with these credentials"


def test_unknown_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown profile in the environment is reported as such."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    unknown = failure()

    assert (unknown.operation, unknown.code) == ("Publish", "ProfileNotFound")


def test_no_credentials_in_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A program that never supplies credentials is given up in time, and named in the hint."""
    silent = tmp_path / "silent"
    os.mkfifo(silent)
    (tmp_path / "config").write_text(f"[profile waiting]\ncredential_process = cat {silent}\n")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_PROFILE", "waiting")

    hung = failure(within=0.3)

    assert (hung.code, hung.message) == (
        "NoAnswer",
        "no credentials before the end of the 0.3 s that SNS has to accept the notification",
    )
    assert "credential_process" in hung.hint
    os.close(os.open(silent, os.O_RDWR))  # which ends it


PUBLISHED = (
    '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>'
    "<MessageId>m-1</MessageId></PublishResult></PublishResponse>"
)


@pytest.mark.parametrize("trouble", LATE)
def test_late_credentials(monkeypatch: pytest.MonkeyPatch, trouble: str) -> None:
    """Late credentials are waited for."""
    monkeypatch.setattr("sso_batch.aws.backoff.FIRST_PAUSE", 0.001)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with serving(keys("made-up", "made-up"), [LATE[trouble]] * 8) as agent, serving(PUBLISHED) as topic:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", topic.url)

        message_id = asyncio.run(publish(TOPIC, "subject", "message", within=20))

    assert message_id == "m-1"
