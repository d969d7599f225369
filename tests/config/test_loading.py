"""Tests of loading a configuration file, and of everything that can be wrong with it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sso_batch.config import Config, Organization, load
from sso_batch.errors import ConfigurationError
from tests.config.conftest import Load, Problems

SECRET = "marker-5d1f"
GONE = "the variable GONE is not set: set it, or provide a default: ${GONE:-default}"
ACCOUNT_ID = "an account ID without quotes would lose its leading zeros: put it in quotes"
KEYS = (
    "profile, region, role_arn, external_id, source_profile, session_name, duration_seconds, "
    "organization_id, tags, name"
)
CHECK = "check indentation and brackets, and put ${…} within { } or [ ] in quotes"
MINIMAL = "organizations: [{name: acme}]\n"


def test_missing_file(tmp_path: Path) -> None:
    """A missing file is reported by the path that the user wrote."""
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path / "gone.yaml", {})

    assert caught.value.problems == (
        f"{tmp_path / 'gone.yaml'}: no such file: pass the path of a configuration file",
    )


def test_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is refused."""
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()

    with pytest.raises(ConfigurationError) as caught:
        load(Path("folder"), {})

    assert caught.value.problems == ("folder: this is a folder: pass the path of a configuration file in it",)


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (PermissionError(13, "Permission denied"), "orgs.yaml: the file cannot be read: Permission denied"),
        (OSError(5, "Input/output error"), "orgs.yaml: the file cannot be read: Input/output error"),
    ],
)
def test_unreadable_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, problem: str
) -> None:
    """A file that cannot be read is reported with the reason of the operating system."""
    monkeypatch.chdir(tmp_path)
    Path("orgs.yaml").write_text(MINIMAL)

    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Path, "open", refuse)

    with pytest.raises(ConfigurationError) as caught:
        load(Path("orgs.yaml"), {})

    assert caught.value.problems == (problem,)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_endless_files(tmp_path: Path, kind: str) -> None:
    """A pipe without a writer and a device are refused without waiting."""
    path = tmp_path / "pipe" if kind == "pipe" else Path("/dev/zero")
    if kind == "pipe":
        os.mkfifo(path)

    with pytest.raises(ConfigurationError) as caught:
        load(path, {})

    assert caught.value.problems == (
        f"{path}: this is a device or a pipe: pass the path of a configuration file",
    )


def test_open_pipe() -> None:
    """The pipe of a shell's `<(…)` is read."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as file:
        file.write(MINIMAL)

    config = load(Path(f"/dev/fd/{reading}"), {})

    os.close(reading)
    assert [organization.name for organization in config.organizations] == ["acme"]


def test_number_of_problems_is_limited(problems_of: Problems) -> None:
    """A thousand problems are reported one by one; the others are counted."""
    problems = problems_of("organizations:\n" + "  - {nam: x}\n" * 20_000)

    assert problems[0] == "orgs.yaml:2: organizations[0].nam: unknown key: did you mean name?"
    assert len(problems) == 1001
    assert [problem for problem in problems if "more problems" in problem] == [
        "orgs.yaml:501: 39,000 more problems: fix the others first, then run this again"
    ]


def test_size_of_variables_is_limited(problems_of: Problems) -> None:
    """A short file whose variables contain megabytes is refused before it fills the memory."""
    bomb = "x" * 50_000

    assert problems_of(f"version: {'${BOMB}' * 100_000}\n", BOMB=bomb)[1] == (
        "orgs.yaml:1: version: the variables hold more than 100,000 characters: check their values"
    )
    assert problems_of("a: ${BOMB}\n" * 100, BOMB=bomb)[-1] == (
        "orgs.yaml:41: the values up to here have more than 2,000,000 characters: split the file"
    )


def test_impossible_path() -> None:
    """A path that no file can have is reported, and is safe to print."""
    with pytest.raises(ConfigurationError) as caught:
        load(Path("a\0b"), {})

    assert caught.value.problems == ("a\\x00b: not a valid path: pass the path of a configuration file",)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "orgs.yaml:1: the configuration is empty: write at least `organizations: [{name: acme}]`"),
        (b"a: 1\nb: \xff\n", "orgs.yaml:2: not UTF-8: save it as UTF-8"),
        ("a: 1\n".encode("utf-16"), "orgs.yaml:1: not UTF-8: save it as UTF-8"),
        (b"#" * 1_000_001, "orgs.yaml: larger than 1 MB: split it"),
        (b"- a\n", "orgs.yaml:1: expected keys and values, such as `organizations: [{name: acme}]`"),
        (b"acme", "orgs.yaml:1: expected keys and values, such as `organizations: [{name: acme}]`"),
        (b"~", "orgs.yaml:1: the configuration is empty: write at least `organizations: [{name: acme}]`"),
        (
            b"{}",
            (
                "orgs.yaml:1: organizations: required key is missing: "
                "add it, such as `organizations: [{name: acme}]`"
            ),
        ),
        (b"a: 1\n---\nb: 1\n", "orgs.yaml:2: a second YAML document begins here: use one file for each"),
    ],
)
def test_invalid_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, problem: str
) -> None:
    """A file that is not a configuration is refused with one error."""
    monkeypatch.chdir(tmp_path)
    Path("orgs.yaml").write_bytes(content)

    with pytest.raises(ConfigurationError) as caught:
        load(Path("orgs.yaml"), {})

    assert caught.value.problems == (problem,)


def test_all_problems_at_once(problems_of: Problems) -> None:
    """Problems of YAML, variables and values are reported together, in the order of the file."""
    text = """\
run: {deadline: soon}
organizations:
  - name: acme
    profile: ${GONE}
    profile: other
  - name: acme
    organization_id: 111122223333
    colour: red
"""

    assert problems_of(text) == [
        "orgs.yaml:1: run.deadline: not a duration: write a duration such as 45s, 90m, 2h, 1h30m or 1d",
        f"orgs.yaml:4: organizations[0].profile: {GONE}",
        "orgs.yaml:5: organizations[0].profile: duplicate key, first defined on line 4: remove one of them",
        (
            "orgs.yaml:6: organizations[1].name: duplicate name, first used by organizations[0] on line 3: "
            "rename one of them"
        ),
        f"orgs.yaml:7: organizations[1].organization_id: {ACCOUNT_ID}",
        f"orgs.yaml:8: organizations[1].colour: unknown key: the keys of this section are {KEYS}",
    ]


@pytest.mark.parametrize(
    ("organization", "problem"),
    [
        ("{name: acme, name: other}", ".name: duplicate key, first defined on line 1: remove one of them"),
        ("!org {name: acme}", ": YAML tags (`!…`) are not supported: remove the tag"),
    ],
)
def test_problems_of_the_yaml_alone(problems_of: Problems, organization: str, problem: str) -> None:
    """A problem of the YAML is an error even if a configuration could be built from the file."""
    assert problems_of(f"organizations: [{organization}]") == [f"orgs.yaml:1: organizations[0]{problem}"]


def test_problems_before_a_syntax_error(problems_of: Problems) -> None:
    """Problems before a syntax error are reported, too."""
    assert problems_of("organizations:\n  - name: ${GONE}\n  - [") == [
        f"orgs.yaml:2: organizations[0].name: {GONE}",
        f"orgs.yaml:3: invalid YAML: did not find expected node content; {CHECK}",
    ]


@pytest.mark.parametrize(
    "organization",
    [
        "{name: '${S}'}",
        "{name: a, external_id: '${S}!'}",
        "{name: a, external_id: ['${S}']}",
        "{name: a, external_id: '${S}', profile: b}",
        "{name: a, role_arn: '${S}', session_name: '${S} x', duration_seconds: '${S}', tags: '${S}'}",
        "'${S}'",
        "{name: a, external_id: marker-5d1f!, role_arn: marker-5d1f}",
    ],
)
def test_values_are_never_repeated(load_text: Load, organization: str) -> None:
    """No error contains a value of the file or of a variable."""
    with pytest.raises(ConfigurationError) as caught:
        load_text(f"review: {{fail_on: '${{S}}'}}\norganizations: [{organization}]\n", S=SECRET)

    assert caught.value.problems
    assert SECRET not in repr((caught.value, caught.value.problems, caught.value.__cause__))


def test_secrets_are_masked(load_text: Load) -> None:
    """An external ID is masked wherever a configuration is printed or serialized."""
    config = load_text(
        "organizations: [{name: a, external_id: '${S}', role_arn: 'arn:aws:iam::111122223333:role/A'}]",
        S=SECRET,
    )

    external_id = config.organizations[0].external_id
    assert external_id is not None
    assert external_id.get_secret_value() == SECRET
    assert SECRET not in f"{config!r} {config} {config.model_dump()} {config.model_dump_json()}"


def test_minimal_configuration(load_text: Load) -> None:
    """One organization with a name is enough; everything else has a default."""
    assert load_text(MINIMAL) == Config(organizations=(Organization(name="acme"),))


def test_byte_order_mark(load_text: Load) -> None:
    """A byte order mark at the beginning of the file is ignored."""
    assert load_text("\ufeff" + MINIMAL) == load_text(MINIMAL)


def test_empty_sections(load_text: Load) -> None:
    """An empty section is like a section that is left out."""
    text = "output:\nrun:\ncollect:\nreview: {checks: , waivers: }\nnotify:\ndefaults:\n"

    assert load_text(text + "organizations: [{name: acme, tags: }]") == load_text(MINIMAL)


def test_types_of_variables(load_text: Load) -> None:
    """A variable can contain a number or a boolean."""
    text = """\
run: {max_parallel_organizations: "5", deadline: 1h}
collect:
  entitlements: ${ENTITLEMENTS}
  requests_per_second: ${RATE:-7.5}
organizations: [{name: acme}]
""".replace('"5"', "5")

    collect = load_text(text, ENTITLEMENTS="false").collect

    assert (collect.entitlements, collect.requests_per_second) == (False, 7.5)


def test_quoted_variable_is_text(problems_of: Problems) -> None:
    """A number in quotes is text, also if it comes from a variable."""
    text = f'collect: {{requests_per_second: "${{RATE}}"}}\n{MINIMAL}'

    assert problems_of(text, RATE="5") == [
        "orgs.yaml:1: collect.requests_per_second: expected a number: remove the quotes"
    ]


def test_without_boto3() -> None:
    """Loading a configuration does not import boto3."""
    code = "import sys, sso_batch.config; print([name for name in sys.modules if name.startswith('boto')])"

    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert done.stdout == "[]\n"


@settings(derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary() | st.text(st.sampled_from("organizations:name-{}[]&*!${}\n \"'1")).map(str.encode))
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    """Random content raises only ConfigurationError."""
    path = tmp_path / "orgs.yaml"
    path.write_bytes(content)

    with pytest.raises(ConfigurationError) as caught:
        load(path, {})

    assert caught.value.problems


# Variables whose values look like another type

ACME = """\
output: {directory: "${DIRECTORY:-reports}"}
organizations:
  - name: acme
    role_arn: arn:aws:iam::111122223333:role/Audit
"""

TEXTS: dict[str, Callable[[Config], object]] = {
    "    external_id: ${V}": lambda config: _secret(config.organizations[0]),
    "    external_id: &id ${V}\n    source_profile: *id": lambda config: _secret(config.organizations[0]),
    "    source_profile: ${V}": lambda config: config.organizations[0].source_profile,
    "    session_name: ${V}": lambda config: config.organizations[0].session_name,
    "    tags:\n      tier: ${V}": lambda config: config.organizations[0].tags["tier"],
    "defaults:\n  external_id: ${V}": lambda config: _secret(config.organizations[0]),
    "review:\n  waivers:\n    - {check: admin-access, account: *v, reason: x, until: 2026-12-31}": (
        lambda config: config.review.waivers[0].account
    ),
}


def _secret(organization: Organization) -> str:
    assert organization.external_id is not None
    return organization.external_id.get_secret_value()


@pytest.mark.parametrize(
    "value", ["0042", "111122223333", "1e3", "0x1F", "0o17", "true", "null", "1.50", ".nan"]
)
@pytest.mark.parametrize("lines", TEXTS)
def test_variable_in_a_text_key(load_text: Load, lines: str, value: str) -> None:
    """In a key that takes text, the value of a variable is text, whatever it looks like."""
    anchored = "name: acme\n    source_profile: &v ${V}" if "*v" in lines else "name: acme"
    text = ACME.replace("name: acme", anchored) + lines + "\n"

    assert TEXTS[lines](load_text(text, V=value)) == value


def test_variable_has_the_type_of_its_key(load_text: Load) -> None:
    """A variable is a number, a boolean, empty or text, as its key requires."""
    text = ACME + "    duration_seconds: ${N}\n    session_name: ${N}\n    tags: ${NOTHING:-}\n"

    config = load_text(text + "collect:\n  entitlements: ${B}\n", N="3600", B="false")

    (acme,) = config.organizations
    assert (acme.duration_seconds, acme.session_name, acme.tags) == (3600, "3600", {})
    assert config.collect.entitlements is False


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("duration_seconds", "111122223333", "expected a whole number"),
        ("duration_seconds", "9" * 70, "expected a whole number"),
        ("duration_seconds", "null", "expected a whole number"),
        ("external_id", "", "missing value: provide one or remove the key"),
        (
            "external_id",
            "x",
            "an external ID has at least 2 characters: use 2 to 1224 letters, digits and _ + = , . @ : / -",
        ),
    ],
)
def test_variable_of_the_wrong_type(problems_of: Problems, key: str, value: str, message: str) -> None:
    """A variable of the wrong type has the same error as a written value."""
    text = ACME + f"    {key}: ${{V:-}}\n"

    assert problems_of(text, V=value) == [f"orgs.yaml:5: organizations[0].{key}: {message}"]


def test_unquoted_account_id(problems_of: Problems) -> None:
    """An unquoted account ID in the file is refused."""
    (problem,) = problems_of(ACME + "    external_id: 111122223333\n")

    assert "an account ID without quotes" in problem


@pytest.mark.parametrize("blank", ["\n", "\r\n", "\n\n"])
@pytest.mark.parametrize(
    "key", ["external_id", "source_profile", "session_name", "duration_seconds", "region", "organization_id"]
)
def test_line_break_after_a_secret(problems_of: Problems, key: str, blank: str) -> None:
    """The error names a line break at the end of a value, as secrets made with `echo` have."""
    (problem,) = problems_of(ACME + f"    {key}: ${{V}}\n", V="3600" + blank)

    assert problem.startswith(f"orgs.yaml:5: organizations[0].{key}: ")
    assert "the value ends with a line break" in problem
    assert "3600" not in problem.replace("1800 to 43200", "")


@pytest.mark.parametrize("value", [" o-a1b2c3d4e5", "o-a1b2c3d4e5 ", "\to-a1b2c3d4e5"])
def test_spaces_around_a_value(problems_of: Problems, value: str) -> None:
    """The error names spaces at the ends of a value, because they cannot be seen."""
    (problem,) = problems_of(ACME + "    organization_id: ${V}\n", V=value)

    assert "the value begins or ends with a space" in problem
