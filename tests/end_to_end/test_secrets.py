"""Secrets: looked for in everything that a run writes and says, when it goes well and when it does not."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sso_batch.aws import connection
from sso_batch.emulator import HUB, Fault, World
from sso_batch.emulator.credentials import Credentials, Vault
from tests.end_to_end.command import execute
from tests.end_to_end.conftest import Audit
from tests.end_to_end.reports import Reports
from tests.end_to_end.worlds import EXTERNAL_ID, PROFILE_SECRET, three_ways_in

WORLD = three_ways_in()
SIZES = {"accounts": 5, "pairs": 8, "groups": 4, "users": 8, "unlisted_users": 1, "gone_members": 1}


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Everything that may be nowhere: external id, keys, and those of each session as it is opened."""
    found = [EXTERNAL_ID, PROFILE_SECRET, HUB.id, HUB.secret, *(key.id for key in WORLD.access_keys)]
    open_session = Vault.open_session

    def open_and_tell(vault: Vault, *arguments: object) -> Credentials:
        session = open_session(vault, *arguments)  # type: ignore[arg-type] # as they came
        assert session.token is not None
        found.extend((session.access_key_id, session.secret, session.token))
        return session

    monkeypatch.setattr(Vault, "open_session", open_and_tell)
    return found


def everything(reports: Reports) -> Iterator[tuple[str, str]]:
    """All that a run wrote and said, by where it stands."""
    yield "stdout", reports.ended.stdout
    yield "stderr", reports.ended.stderr
    for path in reports.folder.iterdir() if reports.folder.exists() else ():
        yield path.name, path.read_text()


def leaks(reports: Reports, secrets: list[str]) -> list[tuple[str, str]]:
    """Which secret stands where; in JSON and on several lines, too."""
    return [
        (place, secret)
        for place, text in everything(reports)
        for secret in secrets
        if secret in text or secret.replace("/", "\\/") in text
    ]


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_secret_in_a_good_run(audit: Audit, secrets: list[str], log_format: str) -> None:
    """A run that goes well tells no external id, key or token, at the lowest log level either."""
    world = three_ways_in(**SIZES)

    reports = audit(world, before=("--log-level", "debug", "--log-format", log_format))

    assert reports.ended.code == 0
    assert len(secrets) > 10
    assert len(list(everything(reports))) == 12
    assert leaks(reports, secrets) == []


def test_the_search_would_find_a_secret(audit: Audit, secrets: list[str], tmp_path: Path) -> None:
    """The search itself works: it finds what is planted."""
    reports = audit(three_ways_in(**SIZES))
    (tmp_path / "reports" / "planted.txt").write_text(f"x{secrets[-1]}x{EXTERNAL_ID}")

    found = leaks(reports, secrets)

    assert sorted(found) == sorted([("planted.txt", secrets[-1]), ("planted.txt", EXTERNAL_ID)])


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("kind", ["access_denied", "expired_token", "broken_json", "internal_error"])
def test_no_secret_where_calls_fail(
    audit: Audit, secrets: list[str], monkeypatch: pytest.MonkeyPatch, log_format: str, kind: str
) -> None:
    """A run whose calls fail tells no secret in its gaps, logs and messages."""
    monkeypatch.setattr("sso_batch.aws.gateway.GIVE_UP", 0.05)
    faults = [
        Fault(kind, operation="ListGroups"),  # type: ignore[arg-type]
        Fault(kind, operation="ListInstances", organization="org-1"),  # type: ignore[arg-type]
    ]

    reports = audit(
        three_ways_in(**SIZES), faults=faults, before=("--log-level", "debug", "--log-format", log_format)
    )

    assert reports.ended.code == 4
    assert leaks(reports, secrets) == []


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_secret_in_a_traceback(
    audit: Audit, secrets: list[str], monkeypatch: pytest.MonkeyPatch, log_format: str
) -> None:
    """A bug beside the credentials leaves a traceback without the values of local variables."""
    assume = connection._AssumedRole._assume

    def assume_and_break(role: connection._AssumedRole) -> dict[str, str]:
        credentials = assume(role)
        request, external_id = role._request, EXTERNAL_ID
        raise ZeroDivisionError(len(credentials) + len(request) + len(external_id))

    monkeypatch.setattr(connection._AssumedRole, "_assume", assume_and_break)

    reports = audit(three_ways_in(**SIZES), before=("--log-level", "debug", "--log-format", log_format))

    assert reports.ended.code == 1
    assert "assume_and_break" in reports.ended.stderr
    assert leaks(reports, secrets) == []


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_secret_where_a_role_refuses(audit: Audit, secrets: list[str], log_format: str) -> None:
    """An external id that AWS itself repeats in its refusal is masked."""
    world = three_ways_in(**SIZES)
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
    """An external id that is wrong by its form is refused without being repeated."""
    right = f'    external_id: "{EXTERNAL_ID}"'

    reports = audit(three_ways_in(**SIZES), config=lambda text: text.replace(right, mistake))

    assert reports.ended.code == 2
    assert "external_id" in reports.ended.stderr
    assert "marker" not in reports.ended.stderr + reports.ended.stdout


def test_no_secret_in_the_fingerprint(audit: Audit, tmp_path: Path) -> None:
    """The configuration's checksum is the same whatever the external id is: none can be guessed from it."""
    world = three_ways_in(**SIZES)

    first = audit(world).manifest["config_sha256"]
    (tmp_path / "reports").rename(tmp_path / "first")
    second = audit(world, config=lambda text: text.replace(EXTERNAL_ID, "another")).manifest["config_sha256"]

    assert first == second


def test_a_bug_before_the_run_tells_no_values(home: Path, tmp_path: Path) -> None:
    """A bug outside of every organization ends with 1 and a traceback of places alone."""
    assert home.is_dir()
    file = tmp_path / "orgs.yaml"
    file.write_text(
        "organizations:\n  - name: acme\n    role_arn: arn:aws:iam::111122223333:role/R\n"
        "    external_id: marker-secret\n"
    )
    driver = (
        "import sso_batch.commands.validate as v\n"
        "def broken(environ, file):\n"
        "    secret = file.read_text()\n"
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
def test_no_secret_of_an_endpoint(audit: Audit, variable: str, url: str) -> None:
    """An endpoint's URL is shown by scheme, host and port; the last error stands beside the time limit."""
    marker = "marker-in-a-url-4c1d"

    reports = audit(
        three_ways_in(**SIZES),
        settings="\ncollect: {entitlements: false}\nrun: {deadline: 1s}\nreview: {fail_on: high}\n",
        environ={variable: url.format(marker=marker)},
    )

    assert reports.ended.code == 5
    assert leaks(reports, [marker]) == []
    assert {gap["code"] for name in reports.statuses for gap in reports.gaps(name)} == {"DeadlineExceeded"}
    gap = reports.gap("org-1")
    assert (
        "run.deadline (1s); the last attempt failed with AssumeRole: EndpointConnectionError"
        in gap["message"]
    )
    assert "127.0.0.1:1" in gap["message"]
    assert gap["hint"].endswith("increase run.deadline, or audit fewer organizations in one run")
