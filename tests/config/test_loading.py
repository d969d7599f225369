"""From a file to its configuration, or to everything that is wrong with it."""

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
from tests.config.conftest import Load, Told

SECRET = "marker-5d1f"
GONE = "the variable GONE is not set: set it, or give a default with ${GONE:-default}"
TAKEN = "has this name already: write another one"
ACCOUNT_ID = "an unquoted number of 12 digits is an account id: put it in quotes, to keep leading zeros"
KEYS = (
    "profile, region, role_arn, external_id, source_profile, session_name, duration_seconds, "
    "organization_id, tags, name"
)
CHECK = "check indentation and brackets, and put ${…} within { } or [ ] in quotes"
LEAST = "organizations: [{name: acme}]\n"


def test_a_missing_file(tmp_path: Path) -> None:
    """A file that is not there is told under the name that the user wrote."""
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path / "gone.yaml", {})

    assert caught.value.problems == (
        f"{tmp_path / 'gone.yaml'}: there is no such file: write the path of a configuration file",
    )


def test_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is no configuration."""
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()

    with pytest.raises(ConfigurationError) as caught:
        load(Path("folder"), {})

    assert caught.value.problems == (
        "folder: this is a folder: write the path of a configuration file in it",
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PermissionError(13, "Permission denied"), "orgs.yaml: the file cannot be read: Permission denied"),
        (OSError(5, "Input/output error"), "orgs.yaml: the file cannot be read: Input/output error"),
    ],
)
def test_an_unreadable_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, told: str
) -> None:
    """A file that the system does not give is told with the system's reason."""
    monkeypatch.chdir(tmp_path)
    Path("orgs.yaml").write_text(LEAST)

    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Path, "open", refuse)

    with pytest.raises(ConfigurationError) as caught:
        load(Path("orgs.yaml"), {})

    assert caught.value.problems == (told,)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_has_no_end(tmp_path: Path, kind: str) -> None:
    """A pipe that nobody writes to and a device are refused, and not waited for."""
    path = tmp_path / "pipe" if kind == "pipe" else Path("/dev/zero")
    if kind == "pipe":
        os.mkfifo(path)

    with pytest.raises(ConfigurationError) as caught:
        load(path, {})

    assert caught.value.problems == (
        f"{path}: this is a device or a pipe: write the path of a configuration file",
    )


def test_a_pipe_that_is_open_already() -> None:
    """What a shell's `<(…)` gives is read: it has its writer, and secrets may come that way."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as file:
        file.write(LEAST)

    config = load(Path(f"/dev/fd/{reading}"), {})

    os.close(reading)
    assert [one.name for one in config.organizations] == ["acme"]


def test_thousands_of_problems(told: Told) -> None:
    """A thousand problems are told one by one, the others counted."""
    problems = told("organizations:\n" + "  - {nam: x}\n" * 20_000)

    assert problems[0] == "orgs.yaml:2: organizations[0].nam: there is no such key: did you mean name?"
    assert len(problems) == 1001
    assert [one for one in problems if "more problems" in one] == [
        "orgs.yaml:501: 39,000 more problems, told once the others are mended"
    ]


def test_variables_that_hold_too_much(told: Told) -> None:
    """A short file whose variables hold megabytes is refused before it fills the memory."""
    bomb = "x" * 50_000

    assert told(f"version: {'${BOMB}' * 100_000}\n", BOMB=bomb)[1] == (
        "orgs.yaml:1: version: the variables here hold more than 100,000 characters: no setting is as long"
    )
    assert told("a: ${BOMB}\n" * 100, BOMB=bomb)[-1] == (
        "orgs.yaml:41: the variables up to here hold more than a file may: split the file"
    )


def test_an_impossible_path() -> None:
    """A path that no file can have is told, and harmless to print."""
    with pytest.raises(ConfigurationError) as caught:
        load(Path("a\0b"), {})

    assert caught.value.problems == ("a\\x00b: this is no path of a file",)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "orgs.yaml:1: the file is empty: write at least `organizations:` with one organization"),
        (b"a: 1\nb: \xff\n", "orgs.yaml:2: the file is not UTF-8: save it as UTF-8"),
        ("a: 1\n".encode("utf-16"), "orgs.yaml:1: the file is not UTF-8: save it as UTF-8"),
        (b"#" * 1_000_001, "orgs.yaml: the file is larger than 1 MB: split it"),
        (b"- a\n", "orgs.yaml:1: write keys and values here"),
        (b"acme", "orgs.yaml:1: write keys and values here"),
        (b"~", "orgs.yaml:1: the file is empty: write at least `organizations:` with one organization"),
        (b"{}", "orgs.yaml:1: organizations: this key is missing: write it"),
        (b"a: 1\n---\nb: 1\n", "orgs.yaml:2: a second document begins here: write one file for each"),
    ],
)
def test_content_that_is_no_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, told: str
) -> None:
    """A file of another kind is refused with the one thing that is wrong with it."""
    monkeypatch.chdir(tmp_path)
    Path("orgs.yaml").write_bytes(content)

    with pytest.raises(ConfigurationError) as caught:
        load(Path("orgs.yaml"), {})

    assert caught.value.problems == (told,)


def test_every_problem_at_once(told: Told) -> None:
    """Problems of the YAML, the variables and the values are told together, in the order of the file."""
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

    assert told(text) == [
        "orgs.yaml:1: run.deadline: write a span of time such as 2h, 90m, 1h30m, 45s or 1d",
        f"orgs.yaml:4: organizations[0].profile: {GONE}",
        "orgs.yaml:5: organizations[0].profile: this key stands already in line 4: keep one of the two",
        f"orgs.yaml:6: organizations[1].name: organizations[0] in line 3 {TAKEN}",
        f"orgs.yaml:7: organizations[1].organization_id: {ACCOUNT_ID}",
        f"orgs.yaml:8: organizations[1].colour: there is no such key: known here: {KEYS}",
    ]


@pytest.mark.parametrize(
    ("organization", "told_of_it"),
    [
        ("{name: acme, name: other}", ".name: this key stands already in line 1: keep one of the two"),
        ("!org {name: acme}", ": a tag (`!…`) is not understood here: take it away"),
    ],
)
def test_yaml_that_is_only_doubtful(told: Told, organization: str, told_of_it: str) -> None:
    """A file is refused for its YAML alone, even where a configuration could be made of it."""
    assert told(f"organizations: [{organization}]") == [f"orgs.yaml:1: organizations[0]{told_of_it}"]


def test_yaml_that_breaks_off_is_told_with_what_stands_before_it(told: Told) -> None:
    """What was wrong before the YAML broke is not kept back."""
    assert told("organizations:\n  - name: ${GONE}\n  - [") == [
        f"orgs.yaml:2: organizations[0].name: {GONE}",
        f"orgs.yaml:3: this is not YAML: did not find expected node content; {CHECK}",
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
    """No value of the file or of a variable is in an error, whatever is wrong with it."""
    with pytest.raises(ConfigurationError) as caught:
        load_text(f"review: {{fail_on: '${{S}}'}}\norganizations: [{organization}]\n", S=SECRET)

    assert caught.value.problems
    assert SECRET not in repr((caught.value, caught.value.problems, caught.value.__cause__))


def test_a_secret_shows_nowhere(load_text: Load) -> None:
    """An external id is masked wherever a configuration is printed or dumped."""
    config = load_text(
        "organizations: [{name: a, external_id: '${S}', role_arn: 'arn:aws:iam::111122223333:role/A'}]",
        S=SECRET,
    )

    held = config.organizations[0].external_id
    assert held is not None
    assert held.get_secret_value() == SECRET
    assert SECRET not in f"{config!r} {config} {config.model_dump()} {config.model_dump_json()}"


def test_the_least_configuration(load_text: Load) -> None:
    """One organization with a name is a configuration; everything else has its default."""
    assert load_text(LEAST) == Config(organizations=(Organization(name="acme"),))


def test_a_byte_order_mark_is_no_content(load_text: Load) -> None:
    """Files saved by editors that mark them as UTF-8 are read alike."""
    assert load_text("\ufeff" + LEAST) == load_text(LEAST)


def test_parts_whose_keys_are_all_commented_out(load_text: Load) -> None:
    """A part with nothing in it is as good as none."""
    text = "output:\nrun:\ncollect:\nreview: {checks: , waivers: }\nnotify:\ndefaults:\n"

    assert load_text(text + "organizations: [{name: acme, tags: }]") == load_text(LEAST)


def test_variables_are_typed_as_if_written(load_text: Load) -> None:
    """A variable can hold a number, a switch, a word or a secret."""
    text = """\
run: {max_parallel_organizations: "5", deadline: 1h}
collect:
  entitlements: ${ENTITLEMENTS}
  requests_per_second: ${RATE:-7.5}
organizations: [{name: acme}]
""".replace('"5"', "5")

    collect = load_text(text, ENTITLEMENTS="false").collect

    assert (collect.entitlements, collect.requests_per_second) == (False, 7.5)


def test_a_quoted_variable_is_text(told: Told) -> None:
    """A number in quotes is no number, wherever it comes from."""
    text = f'collect: {{requests_per_second: "${{RATE}}"}}\n{LEAST}'

    assert told(text, RATE="5") == ["orgs.yaml:1: collect.requests_per_second: write a number"]


def test_quick_and_without_boto() -> None:
    """Reading a configuration loads nothing of AWS."""
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
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    """Nothing but ConfigurationError comes out of whatever stands in a file."""
    path = tmp_path / "orgs.yaml"
    path.write_bytes(content)

    with pytest.raises(ConfigurationError) as caught:
        load(path, {})

    assert caught.value.problems


# Variables whose values look like something else

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
def test_text_from_a_variable_is_text(load_text: Load, lines: str, value: str) -> None:
    """Where a key takes text, a variable's value is text, whatever it looks like."""
    anchored = "name: acme\n    source_profile: &v ${V}" if "*v" in lines else "name: acme"
    text = ACME.replace("name: acme", anchored) + lines + "\n"

    assert TEXTS[lines](load_text(text, V=value)) == value


def test_each_key_takes_a_variable_as_what_it_wants(load_text: Load) -> None:
    """A number is a number where one is wanted, nothing is nothing, and text is text."""
    text = ACME + "    duration_seconds: ${N}\n    session_name: ${N}\n    tags: ${NOTHING:-}\n"

    config = load_text(text + "collect:\n  entitlements: ${B}\n", N="3600", B="false")

    (acme,) = config.organizations
    assert (acme.duration_seconds, acme.session_name, acme.tags) == (3600, "3600", {})
    assert config.collect.entitlements is False


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("duration_seconds", "111122223333", "write a whole number"),
        ("duration_seconds", "9" * 70, "write a whole number"),
        ("duration_seconds", "null", "write a whole number"),
        ("external_id", "", "there is no value: write one, or take the key away"),
        ("external_id", "x", "write an external id of 2 to 1224 letters, digits and _ + = , . @ : / -"),
    ],
)
def test_a_variable_of_the_wrong_kind(told: Told, key: str, value: str, sentence: str) -> None:
    """What a key cannot take is refused in the words of that key."""
    text = ACME + f"    {key}: ${{V:-}}\n"

    assert told(text, V=value) == [f"orgs.yaml:5: organizations[0].{key}: {sentence}"]


def test_a_literal_account_number_still_needs_quotes(told: Told) -> None:
    """What stands in the file itself is typed by YAML's rules, and leading zeros would be lost."""
    (problem,) = told(ACME + "    external_id: 111122223333\n")

    assert "an unquoted number of 12 digits is an account id" in problem


@pytest.mark.parametrize("blank", ["\n", "\r\n", "\n\n"])
@pytest.mark.parametrize(
    "key", ["external_id", "source_profile", "session_name", "duration_seconds", "region", "organization_id"]
)
def test_a_line_break_after_a_secret_is_named(told: Told, key: str, blank: str) -> None:
    """A secret that was made from a file often ends with a line break: the error says so."""
    (problem,) = told(ACME + f"    {key}: ${{V}}\n", V="3600" + blank)

    assert problem.startswith(f"orgs.yaml:5: organizations[0].{key}: ")
    assert "the value ends with a line break" in problem
    assert "3600" not in problem.replace("1800 to 43200", "")


@pytest.mark.parametrize("value", [" o-a1b2c3d4e5", "o-a1b2c3d4e5 ", "\to-a1b2c3d4e5"])
def test_blanks_around_a_value_are_named(told: Told, value: str) -> None:
    """Blanks at the ends of a value cannot be seen, so the error names them."""
    (problem,) = told(ACME + "    organization_id: ${V}\n", V=value)

    assert "the value begins or ends with a blank" in problem
