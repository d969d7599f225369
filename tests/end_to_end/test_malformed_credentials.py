"""Credentials in a form that botocore does not expect fail their organization, and are never a bug."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sso_batch.emulator import HUB
from tests.support.audits import Audit
from tests.support.expected_reports import assert_exact, assert_first_failed
from tests.support.moto_s3 import S3, output_in_bucket
from tests.support.sample_worlds import small, with_profile

KEYS = {"Version": 1, "AccessKeyId": HUB.id, "SecretAccessKey": HUB.secret}
NAIVE = "2099-01-01T00:00:00"

MALFORMED = {
    "time without zone": KEYS | {"Expiration": NAIVE},
    "time as number": KEYS | {"Expiration": 4070908800},
    "no time": KEYS | {"Expiration": "soon"},
    "huge time": KEYS | {"Expiration": "9" * 40},
    "null key": KEYS | {"AccessKeyId": None},
    "null secret": KEYS | {"SecretAccessKey": None},
    "list": [KEYS],
    "text": "marker",
    "null": None,
    "token of a list": KEYS | {"SessionToken": ["marker"]},
    "token with line break": KEYS | {"SessionToken": "mark\ner"},
    "token in Chinese": KEYS | {"SessionToken": "标记"},
}

AT_RENEWAL = {
    "no Expiration": KEYS,
    "null Expiration": KEYS | {"Expiration": None},
    "time without zone": KEYS | {"Expiration": NAIVE},
    "time as number": KEYS | {"Expiration": 4070908800},
    "null key": KEYS | {"AccessKeyId": None, "Expiration": f"{NAIVE}Z"},
    "list": [KEYS],
    "undecodable token": KEYS | {"SessionToken": "\udcff", "Expiration": f"{NAIVE}Z"},
}

Profile = Callable[..., None]


@pytest.fixture
def profile(home: Path, tmp_path: Path) -> Profile:
    """Return what writes the profile `odd`, whose program prints `first` as many times, and then `then`."""

    def write(then: object, *, first: object = None, times: int = 0) -> None:
        for name, given in (("first", first), ("then", then)):
            (tmp_path / f"{name}.json").write_text(json.dumps(given))
        (tmp_path / "asked").touch()
        script = tmp_path / "give.sh"
        script.write_text(
            f"cd {tmp_path}\necho >> asked\n"
            f'if [ "$(wc -l < asked)" -le {times} ]; then cat first.json; else cat then.json; fi\n'
        )
        (home / "aws-config").write_text(f"[profile odd]\ncredential_process = /bin/sh {script}\n")

    return write


def ends_soon() -> dict[str, object]:
    """Return valid credentials that are renewed at each call, since they are about to expire."""
    return KEYS | {"Expiration": (datetime.now(UTC) + timedelta(minutes=5)).isoformat()}


@pytest.mark.parametrize("given", MALFORMED)
def test_malformed_from_the_start(audit: Audit, profile: Profile, given: str) -> None:
    """Only this organization fails; the hint names the setting, and the program's output is not shown."""
    profile(MALFORMED[given])
    world = small()

    reports = audit(world, config=with_profile("odd", world))

    assert_first_failed(reports, world, "UnusableCredentials", "credential_process")
    assert "marker" not in reports.ended.stderr
    assert not reports.ended.named("org.bug")


@pytest.mark.parametrize("given", AT_RENEWAL)
def test_malformed_at_renewal(audit: Audit, profile: Profile, given: str) -> None:
    """Credentials that are malformed when they are renewed cause the same failure."""
    profile(AT_RENEWAL[given], first=ends_soon(), times=3)
    world = small()

    reports = audit(world, config=with_profile("odd", world))

    assert reports.ended.code == 4, reports.ended.stderr
    assert not reports.ended.named("org.bug")
    assert reports.statuses["org-1"] == "complete"
    assert_exact(reports, world, "org-1")
    gap = reports.gaps("org-0")[0]
    assert gap["code"] == "UnusableCredentials"
    assert "credential_process" in gap["hint"]


@pytest.mark.parametrize("given", MALFORMED)
def test_a_run_into_s3_malformed_from_the_start(audit: Audit, profile: Profile, s3: S3, given: str) -> None:
    """Malformed credentials for the output place are a configuration error."""
    profile(MALFORMED[given])

    ended = audit(small(), config=output_in_bucket("profile: odd")).ended

    assert ended.code == 2, ended.stderr
    assert "credential_process" in ended.stderr
    assert s3.contents() == {}


@pytest.mark.parametrize("given", AT_RENEWAL)
def test_a_run_into_s3_malformed_at_renewal(audit: Audit, profile: Profile, s3: S3, given: str) -> None:
    """If the credentials for the output place are malformed at renewal, files are kept in the spool."""
    profile(AT_RENEWAL[given], first=ends_soon(), times=14)

    ended = audit(small(1), config=output_in_bucket("profile: odd")).ended

    assert ended.code == 5, ended.stderr
    assert "Traceback" not in ended.stderr
    assert {name.rpartition(".")[2] for name in s3.kept()} >= {"csv", "jsonl"}
    (failed,) = ended.named("collect.gap")
    assert failed["code"] == "UnusableCredentials"
    assert "kept" in failed["message"]


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("AWS_SESSION_TOKEN", "\udcff", "the session token"),
        ("AWS_SESSION_TOKEN", "two\nlines", "the session token"),
        ("AWS_SECRET_ACCESS_KEY", "made-up\n", "the secret key"),
        ("AWS_ACCESS_KEY_ID", "AKIA\u200b", "the access key"),
    ],
    ids=["undecodable", "line break", "trailing line break", "invisible"],
)
def test_malformed_in_the_environment(audit: Audit, name: str, value: str, named: str) -> None:
    """A key or token that no request can carry fails the organization; it is named but not shown."""
    reports = audit(small(), environ={name: value})

    assert reports.ended.code == 5, reports.ended.stderr
    assert not reports.ended.named("org.bug")
    gap = reports.gap("org-0")
    assert gap["code"] == "UnusableCredentials"
    assert named in gap["message"]
    assert value not in gap["message"]


@pytest.mark.parametrize(("times", "lost"), [(18, "merge"), (19, "merge"), (20, "manifest")])
def test_a_run_into_s3_malformed_at_the_end(
    audit: Audit, profile: Profile, s3: S3, times: int, lost: str
) -> None:
    """After everything was read, the run is incomplete and keeps the files that it could not upload."""
    profile(AT_RENEWAL["no Expiration"], first=ends_soon(), times=times)

    ended = audit(small(1), config=output_in_bucket("profile: odd")).ended

    assert ended.code == 4, ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.named(f"run.{lost}_failed")
    assert "manifest.json" in s3.kept()
