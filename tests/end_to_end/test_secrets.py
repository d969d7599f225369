"""No secret is in any file or stream of a run, whether it succeeds or fails."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sso_batch.aws.sts import AssumedRole
from sso_batch.emulator import HUB, Fault, World
from sso_batch.emulator.credentials import Authenticator, Credentials
from tests.support.audits import Audit
from tests.support.command import execute
from tests.support.reports import Reports, files_in
from tests.support.sample_worlds import EXTERNAL_ID, PROFILE_SECRET, three_access_paths

WORLD = three_access_paths()
SIZES = {"accounts": 5, "pairs": 8, "groups": 4, "users": 8, "unlisted_users": 1, "gone_members": 1}


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the external id and all keys; those of each session are added when it is opened."""
    found = [EXTERNAL_ID, PROFILE_SECRET, HUB.id, HUB.secret, *(key.id for key in WORLD.access_keys)]
    create_session = Authenticator.create_session

    def open_and_record(authenticator: Authenticator, *arguments: object) -> Credentials:
        session = create_session(authenticator, *arguments)  # type: ignore[arg-type] # as they came
        assert session.token is not None
        found.extend((session.access_key_id, session.secret, session.token))
        return session

    monkeypatch.setattr(Authenticator, "create_session", open_and_record)
    return found


def texts(reports: Reports) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each stream and file of a run."""
    yield "stdout", reports.ended.stdout
    yield "stderr", reports.ended.stderr
    for name, path in files_in(reports.folder).items():
        yield name, path.read_text()


def leaks(reports: Reports, secrets: list[str]) -> list[tuple[str, str]]:
    """Return the name of the text and the secret of each leak; slashes escaped as in JSON count, too."""
    return [
        (name, secret)
        for name, text in texts(reports)
        for secret in secrets
        if secret in text or secret.replace("/", "\\/") in text
    ]


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_secret_in_a_complete_run(audit: Audit, secrets: list[str], log_format: str) -> None:
    """A complete run shows no external id, key or token, not even at log level debug."""
    world = three_access_paths(**SIZES)

    reports = audit(world, before=("--log-level", "debug", "--log-format", log_format))

    assert reports.ended.code == 0
    assert len(secrets) > 10
    assert len(list(texts(reports))) == 12
    assert leaks(reports, secrets) == []


def test_the_search_would_find_a_secret(audit: Audit, secrets: list[str]) -> None:
    """The search finds planted secrets."""
    reports = audit(three_access_paths(**SIZES))
    (reports.folder / "planted.txt").write_text(f"x{secrets[-1]}x{EXTERNAL_ID}")

    found = leaks(reports, secrets)

    assert sorted(found) == sorted([("planted.txt", secrets[-1]), ("planted.txt", EXTERNAL_ID)])


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("kind", ["access_denied", "expired_token", "broken_json", "internal_error"])
def test_no_secret_if_calls_fail(
    audit: Audit, secrets: list[str], monkeypatch: pytest.MonkeyPatch, log_format: str, kind: str
) -> None:
    """A run whose calls fail shows no secret in gaps, logs and messages."""
    monkeypatch.setattr("sso_batch.aws.gateway.GIVE_UP", 0.05)
    faults = [
        Fault(kind, operation="ListGroups"),  # type: ignore[arg-type]
        Fault(kind, operation="ListInstances", organization="org-1"),  # type: ignore[arg-type]
    ]

    reports = audit(
        three_access_paths(**SIZES),
        faults=faults,
        before=("--log-level", "debug", "--log-format", log_format),
    )

    assert reports.ended.code == 4
    assert leaks(reports, secrets) == []


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_secret_in_a_traceback(
    audit: Audit, secrets: list[str], monkeypatch: pytest.MonkeyPatch, log_format: str
) -> None:
    """A bug next to credentials logs a traceback without the values of local variables."""
    assume = AssumedRole._assume

    def assume_and_break(role: AssumedRole) -> dict[str, str]:
        credentials = assume(role)
        request, external_id = role._request, EXTERNAL_ID
        raise ZeroDivisionError(len(credentials) + len(request) + len(external_id))

    monkeypatch.setattr(AssumedRole, "_assume", assume_and_break)

    reports = audit(three_access_paths(**SIZES), before=("--log-level", "debug", "--log-format", log_format))

    assert reports.ended.code == 1
    assert "assume_and_break" in reports.ended.stderr
    assert leaks(reports, secrets) == []


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_secret_if_a_role_cannot_be_assumed(audit: Audit, secrets: list[str], log_format: str) -> None:
    """An external id that AWS repeats in its error message is masked."""
    world = three_access_paths(**SIZES)
    repeating = replace(world.roles[1], arn=world.roles[1].arn + EXTERNAL_ID.replace(":", "_"))
    world = World(world.organizations, world.access_keys, (world.roles[0], repeating))
    secrets.append(EXTERNAL_ID.replace(":", "_"))

    reports = audit(
        world,
        config=lambda text: text.replace(EXTERNAL_ID, EXTERNAL_ID.replace(":", "_")).replace(
            f"/SsoBatchAudit{EXTERNAL_ID.replace(':', '_')}", f"/Wrong/{EXTERNAL_ID.replace(':', '_')}"
        ),
        before=("--log-level", "debug", "--log-format", log_format),
    )

    assert reports.statuses["org-2"] == "failed"
    assert "/Wrong/***" in reports.gap("org-2")["message"]
    assert leaks(reports, secrets) == []


@pytest.mark.parametrize(
    "mistake",
    [
        "    external_id: 'marker secret with spaces'",
        "    external_id: [marker-secret]",
        "    external_id: marker-secret-é",
    ],
)
def test_no_secret_in_a_configuration_error(audit: Audit, mistake: str) -> None:
    """An external id in an invalid form is refused without being shown."""
    valid = f'    external_id: "{EXTERNAL_ID}"'

    reports = audit(three_access_paths(**SIZES), config=lambda text: text.replace(valid, mistake))

    assert reports.ended.code == 2
    assert "external_id" in reports.ended.stderr
    assert "marker" not in reports.ended.stderr + reports.ended.stdout


def test_no_secret_in_the_fingerprint(audit: Audit, tmp_path: Path) -> None:
    """The configuration's checksum does not depend on the external id, so that it cannot be guessed."""
    world = three_access_paths(**SIZES)

    first = audit(world).manifest["config_sha256"]
    (tmp_path / "reports").rename(tmp_path / "first")
    second = audit(world, config=lambda text: text.replace(EXTERNAL_ID, "another")).manifest["config_sha256"]

    assert first == second


def test_no_secret_in_a_traceback_before_the_run(home: Path, tmp_path: Path) -> None:
    """A bug outside of every organization ends with 1 and a traceback without values."""
    assert home.is_dir()
    file = tmp_path / "orgs.yaml"
    file.write_text(
        "organizations:\n  - name: acme\n    role_arn: arn:aws:iam::111122223333:role/R\n"
        "    external_id: marker-secret\n"
    )
    driver = (
        "import sso_batch.commands.validate as v\n"
        "def broken(environ, file):\n"
        "    secret = open(file).read()\n"
        "    raise ZeroDivisionError(secret)\n"
        "v.validate_command = broken\n"
        "from sso_batch.cli import main\n"
        "main()\n"
    )

    ended = execute("validate", "-c", file, python=("-c", driver))

    assert ended.code == 1
    assert "internal error in sso-batch" in ended.stderr
    assert "ZeroDivisionError" in ended.stderr
    assert "marker-secret" not in ended.stderr + ended.stdout


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/{marker}/aws",
        "http://127.0.0.1:1/?token={marker}",
        "http://127.0.0.1:1/#{marker}",
        "http://user:{marker}@127.0.0.1:1/{marker}",
    ],
)
@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"])
def test_no_secret_in_the_url_of_an_endpoint(audit: Audit, variable: str, url: str) -> None:
    """Of an endpoint's URL only scheme, host and port are shown; the time limit names the last error, too."""
    marker = "marker-in-a-url-4c1d"

    reports = audit(
        three_access_paths(**SIZES),
        settings="\ncollect: {entitlements: false}\nrun: {deadline: 1s}\nreview: {fail_on: high}\n",
        environ={variable: url.format(marker=marker)},
    )

    assert reports.ended.code == 5
    assert leaks(reports, [marker]) == []
    assert {gap["code"] for name in reports.statuses for gap in reports.gaps(name)} == {"DeadlineExceeded"}
    gap = reports.gap("org-1")
    for part in ("run.deadline (1s)", "AssumeRole: EndpointConnectionError", "127.0.0.1:1"):
        assert part in gap["message"]
    assert "run.deadline" in gap["hint"]
