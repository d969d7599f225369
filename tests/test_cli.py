"""Tests of the command line: options, environment variables, exit codes and errors."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from sso_batch import __version__, cli
from sso_batch.errors import ConfigurationError, OrganizationError, UsageError
from tests.support.command import SOURCES, Command, execute, isolate

COMMANDS = {
    "run": {
        "-c, --config": "SSO_BATCH_CONFIG",
        "-o, --output": "SSO_BATCH_OUTPUT",
        "--only": "SSO_BATCH_ONLY",
        "--exclude": "SSO_BATCH_EXCLUDE",
        "--format": "SSO_BATCH_RUN_FORMAT",
        "--run-id": "SSO_BATCH_RUN_ID",
        "--resume": "SSO_BATCH_RESUME",
        "--shard": "SSO_BATCH_SHARD",
    },
    "merge": {
        "-c, --config": "SSO_BATCH_CONFIG",
        "-o, --output": "SSO_BATCH_OUTPUT",
        "--format": "SSO_BATCH_MERGE_FORMAT",
        "--run-id": "SSO_BATCH_RUN_ID",
        "--wait": "SSO_BATCH_WAIT",
    },
    "validate": {"-c, --config": "SSO_BATCH_CONFIG"},
    "demo": {"-o, --output": "SSO_BATCH_DEMO_OUTPUT", "--campaign": "SSO_BATCH_DEMO_CAMPAIGN"},
    "explain": {
        "--run": "SSO_BATCH_RUN",
        "-c, --config": "SSO_BATCH_CONFIG",
        "-o, --output": "SSO_BATCH_OUTPUT",
        "--organization": "SSO_BATCH_ORGANIZATION",
        "--format": "SSO_BATCH_EXPLAIN_FORMAT",
    },
    "campaign open": {
        "-c, --config": "SSO_BATCH_CONFIG",
        "--run": "SSO_BATCH_CAMPAIGN_OPEN_RUN",
        "-o, --output": "SSO_BATCH_CAMPAIGN_OPEN_OUTPUT",
        "--scope": "SSO_BATCH_SCOPE",
        "--since": "SSO_BATCH_SINCE",
        "--organization": "SSO_BATCH_ORGANIZATION",
    },
    "campaign status": {"--format": "SSO_BATCH_CAMPAIGN_STATUS_FORMAT"},
    "campaign close": {"--partial": "SSO_BATCH_PARTIAL"},
    "campaign prove": {"--run": "SSO_BATCH_CAMPAIGN_PROVE_RUN"},
    "schema": {},
    "verify": {},
}


@pytest.fixture
def sso_batch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    isolate(monkeypatch, tmp_path)
    return Command(monkeypatch, capsys)


def test_version(sso_batch: Command) -> None:
    """--version prints the name and the version."""
    ended = sso_batch("--version")

    assert (ended.code, ended.stdout, ended.stderr) == (0, f"sso-batch {__version__}\n", "")


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help(sso_batch: Command, flag: str) -> None:
    """--help names every command, and the global options with their variables."""
    ended = sso_batch(flag)

    commands = [command.split()[0] for command in COMMANDS]
    words = ["--log-level", "--log-format", "--quiet", "--version", "SSO_BATCH_LOG_LEVEL"]
    assert ended.code == 0
    assert [word for word in [*commands, *words] if word not in ended.stdout] == []
    assert ended.stderr == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(sso_batch: Command, command: str) -> None:
    """The help of a command names its options, each with its environment variable."""
    ended = sso_batch(*command.split(), "--help")

    assert ended.code == 0
    for option, variable in COMMANDS[command].items():
        assert option in ended.stdout
        assert variable in ended.stdout


def _options() -> list[tuple[str, click.Option]]:
    """Return every option with its command."""
    return [
        (command, option)
        for command, group in [("", cli.cli), *_commands(cli.cli)]
        for option in group.params
        if isinstance(option, click.Option) and option.name not in {"version", "help"}
    ]


def _commands(group: click.Group) -> Iterator[tuple[str, click.Command]]:
    """Yield the commands of a group and those in them, as `campaign_open`."""
    for name, command in group.commands.items():
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name}_{inner}", each) for inner, each in _commands(command))


def test_names_of_variables() -> None:
    """A variable is SSO_BATCH_, the command if another one has the same option, and the option's name."""
    for command, option in _options():
        long = next(name for name in option.opts if name.startswith("--"))[2:]
        words = {f"SSO_BATCH_{long}", f"SSO_BATCH_{command}_{long}"}
        assert option.envvar in {word.upper().replace("-", "_") for word in words}, (command, long)
        assert option.show_envvar


def test_meanings_of_variables() -> None:
    """Options that share a variable take the same values and have the same meaning."""
    meanings: dict[str, set[tuple[object, ...]]] = {}
    for command, option in _options():
        choices = tuple(option.type.choices) if isinstance(option.type, click.Choice) else ()
        meaning = (type(option.type), choices, type(option), option.multiple, option.is_flag)
        meanings.setdefault(str(option.envvar), set()).add(meaning)
        if (command, option.name) == ("demo", "output"):  # a demo refuses the folder of real runs
            assert option.envvar == "SSO_BATCH_DEMO_OUTPUT"

    assert {variable: kinds for variable, kinds in meanings.items() if len(kinds) > 1} == {}


@pytest.mark.parametrize(
    "variables",
    [
        {"SSO_BATCH_RUN_FORMAT": "csv,html"},
        {"SSO_BATCH_FORMAT": "csv,html"},
        {"SSO_BATCH_MERGE_FORMAT": "xlsx", "SSO_BATCH_RUN_ID": "nightly", "SSO_BATCH_SHARD": "0/2"},
        {"SSO_BATCH_OUTPUT": "s3://audits/nightly", "SSO_BATCH_ONLY": "acme", "SSO_BATCH_FAIL_ON": "low"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "arguments", [("checks",), ("policy",), ("schema",), ("validate", "-c", "orgs.yaml")], ids=str
)
def test_variables_of_a_run_affect_no_other_command(
    sso_batch: Command,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variables: dict[str, str],
    arguments: tuple[str, ...],
) -> None:
    """The variables of a run do not change the output of other commands."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orgs.yaml").write_text("organizations:\n  - name: acme\n")
    expected = sso_batch(*arguments)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert sso_batch(*arguments) == expected
    assert expected.code == 0


@pytest.mark.parametrize(
    "arguments", [("--version",), ("--help",), ("run", "--help"), ("demo", "--help"), ("nonsense",)]
)
def test_imports_of_help_and_version(arguments: tuple[str, ...]) -> None:
    """Help, version and usage errors import neither boto3 nor botocore, pydantic, rich or structlog."""
    script = (
        "import sys\n"
        f"sys.argv = ['sso-batch', *{arguments!r}]\n"
        "from sso_batch.cli import command_line\n"
        "code = command_line()\n"
        "heavy = {'boto3', 'botocore', 'pydantic', 'yaml', 'rich', 'structlog', 'asyncio', 'urllib3'}\n"
        "heavy |= {'jinja2', 'xlsxwriter'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "sys.exit(code)\n"
    )

    ended = execute(python=("-c", script))

    assert "AssertionError" not in ended.stderr
    assert ended.code == (2 if arguments == ("nonsense",) else 0)


@pytest.mark.parametrize("location", ["orgs.yaml", "env:ORGS"])
def test_imports_of_validate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str) -> None:
    """`validate` does not import boto3."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORGS", "organizations:\n  - name: acme\n")
    Path("orgs.yaml").write_text("organizations:\n  - name: acme\n")
    script = (
        "import sys\n"
        f"sys.argv = ['sso-batch', 'validate', '-c', {location!r}]\n"
        "from sso_batch.cli import command_line\n"
        "code = command_line()\n"
        "assert not {'boto3', 'botocore', 'rich', 'structlog'} & set(sys.modules)\n"
        "sys.exit(code)\n"
    )

    ended = execute(python=("-c", script))

    assert (ended.code, ended.stderr) == (0, "")


def test_python_m() -> None:
    """`python -m sso_batch` is the same program, with the same name."""
    ended = execute("--version")

    assert (ended.code, ended.stdout) == (0, f"sso-batch {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("nonsense",), "nonsense"),
        (("run",), "--config"),
        (("run", "--nonsense"), "--nonsense"),
        (("--log-level", "loud", "schema"), "loud"),
        (("--log-format", "xml", "schema"), "xml"),
        (("validate",), "--config"),
    ],
)
def test_usage_errors(sso_batch: Command, arguments: tuple[str, ...], word: str) -> None:
    """A wrong command line ends with exit code 2 and names the wrong word; stdout stays empty."""
    ended = sso_batch(*arguments)

    assert (ended.code, ended.stdout) == (2, "")
    assert word in ended.stderr


@pytest.mark.parametrize(
    ("variable", "name"), [(None, "'--fail-on'"), ("SSO_BATCH_FAIL_ON", "'SSO_BATCH_FAIL_ON'")]
)
def test_source_of_a_wrong_value(
    sso_batch: Command, monkeypatch: pytest.MonkeyPatch, variable: str | None, name: str
) -> None:
    """The error of a wrong value names the option or the environment variable, not both."""
    if variable is not None:
        monkeypatch.setenv(variable, "critical")

    ended = sso_batch("run", "-c", "orgs.yaml", *(() if variable else ("--fail-on", "critical")))

    assert ended.code == 2
    assert f"Invalid value for {name}: 'critical' is not one of" in ended.stderr


def test_no_command(sso_batch: Command) -> None:
    """Without a command the help is shown, and the exit code is 2."""
    ended = sso_batch()

    assert ended.code == 2
    assert "Usage: sso-batch" in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (UsageError("this cannot be", hint="do that"), 2, "sso-batch: this cannot be\n  do that\n"),
        (UsageError("without a hint"), 2, "sso-batch: without a hint\n"),
        (OrganizationError("nothing was read", code="None"), 5, "sso-batch: nothing was read\n"),
        (ConfigurationError(["a.yaml:1: x: no", "a.yaml:2: y: no"]), 2, "a.yaml:1: x: no\na.yaml:2: y: no\n"),
        (KeyboardInterrupt(), 130, ""),
        (click.Abort(), 130, ""),
        (click.UsageError("not so"), 2, "Error: not so\n"),
    ],
    ids=["usage", "no hint", "organization", "configuration", "interrupt", "abort", "click"],
)
def test_errors(
    sso_batch: Command, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, words: str
) -> None:
    """Every error of a command is printed with its hint, and has its exit code."""
    monkeypatch.setattr(cli, "cli", _raising(error))

    ended = sso_batch("schema")

    assert (ended.code, ended.stdout, ended.stderr) == (code, "", words)


def test_internal_error(sso_batch: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """An internal error ends with exit code 1 and shows its traceback and type, but not its message."""
    monkeypatch.setattr(cli, "cli", _raising(ValueError("a secret")))

    ended = sso_batch("schema")

    assert ended.code == 1
    assert "internal error in sso-batch" in ended.stderr
    assert "ValueError" in ended.stderr
    assert "in fail" in ended.stderr
    assert "a secret" not in ended.stderr


def test_unencodable_characters() -> None:
    """Characters that stderr's encoding lacks are escaped, and do not hide the error."""
    ended = subprocess.run(
        [sys.executable, "-m", "sso_batch", "validate", "-c", "nirgendwo-ü-\udcff.yaml"],
        env={"PYTHONPATH": str(SOURCES), "PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )

    assert ended.returncode == 2
    assert b"nirgendwo-\\xfc-" in ended.stderr
    assert b"no such file" in ended.stderr


def test_closed_pipe(tmp_path: Path) -> None:
    """A reader that closes the pipe causes no traceback."""
    script = tmp_path / "reader.py"
    script.write_text(
        "import subprocess, sys\n"
        "writer = subprocess.Popen([sys.executable, '-m', 'sso_batch', 'schema'], stdout=subprocess.PIPE,"
        " stderr=subprocess.PIPE)\n"
        "writer.stdout.close()\n"
        "print(writer.stderr.read().decode())\n"
        "writer.wait()\n"
    )

    ended = execute(python=(str(script),))

    assert (ended.code, ended.stdout.strip()) == (0, "")


def test_schema(sso_batch: Command) -> None:
    """`schema` prints only the JSON Schema of the configuration."""
    ended = sso_batch("schema")

    document: dict[str, Any] = json.loads(ended.stdout)
    assert (ended.code, ended.stderr) == (0, "")
    assert document["$schema"].startswith("https://json-schema.org/")
    sections = ("version", "output", "run", "collect", "review", "campaign", "notify", "defaults")
    assert {*sections, "organizations"} == set(document["properties"])


def test_validate_a_valid_file(sso_batch: Command, tmp_path: Path) -> None:
    """`validate` prints the file and the number of its organizations."""
    file = tmp_path / "orgs.yaml"
    file.write_text("organizations:\n  - name: acme\n  - name: globex\n")

    ended = sso_batch("validate", "--config", file)

    assert (ended.code, ended.stdout, ended.stderr) == (0, f"{file}: valid, 2 organizations\n", "")


def test_validate_an_invalid_file(sso_batch: Command, tmp_path: Path) -> None:
    """`validate` ends with exit code 2 and prints a line for each error on stderr, all of the same form."""
    file = tmp_path / "orgs.yaml"
    file.write_text("version: 3\norganizations:\n  - name: acme\n  - name: acme\n    colour: red\n")

    ended = sso_batch("validate", "-c", file)

    assert (ended.code, ended.stdout) == (2, "")
    assert [line.split(":")[:2] for line in ended.stderr.splitlines()] == [
        [str(file), number] for number in ("1", "4", "5")
    ]


def test_validate_makes_no_calls(sso_batch: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`validate` works without network and credentials, even if a profile does not exist."""
    file = tmp_path / "orgs.yaml"
    file.write_text("organizations:\n  - name: acme\n    profile: nobody\n")
    monkeypatch.setattr("socket.socket.connect", _raising(AssertionError("a connection was opened")))

    ended = sso_batch("validate", "-c", file)

    assert ended.code == 0


@pytest.mark.parametrize(
    ("config", "credentials", "unknown"),
    [
        ("[default]\n[profile acme]\n", "[hub]\n", ["organizations[1].profile"]),
        ('[profile "acme"]\n', "", ["organizations[0].source_profile", "organizations[1].profile"]),
        ("", "", []),
        ("not an INI file", None, []),
        (None, None, []),
    ],
    ids=["both files", "config only", "empty files", "invalid file", "no files"],
)
def test_validate_unknown_profiles(
    sso_batch: Command,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    config: str | None,
    credentials: str | None,
    unknown: list[str],
) -> None:
    """`validate` warns of profiles that this machine lacks, unless it has no profiles at all."""
    for variable, text in (("AWS_CONFIG_FILE", config), ("AWS_SHARED_CREDENTIALS_FILE", credentials)):
        monkeypatch.setenv(variable, str(tmp_path / variable))
        if text is not None:
            (tmp_path / variable).write_text(text)
    file = tmp_path / "orgs.yaml"
    file.write_text(
        "organizations:\n"
        "  - {name: a, role_arn: 'arn:aws:iam::111122223333:role/A', source_profile: hub}\n"
        "  - {name: b, profile: globex}\n"
        "  - {name: c, profile: acme}\n"
    )

    ended = sso_batch("validate", "-c", file)

    assert (ended.code, ended.stdout) == (0, f"{file}: valid, 3 organizations\n")
    assert [line.split(": ")[2] for line in ended.stderr.splitlines()] == unknown
    assert ended.stderr.count("run `aws configure list-profiles`") == len(unknown)


def test_configuration_in_the_environment(
    sso_batch: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SSO_BATCH_CONFIG names the file; the option takes precedence."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(f"organizations:\n  - name: {name}\n")
    monkeypatch.setenv("SSO_BATCH_CONFIG", str(tmp_path / "one.yaml"))

    by_variable = sso_batch("validate")
    by_flag = sso_batch("validate", "-c", tmp_path / "two.yaml")

    assert f"{tmp_path}/one.yaml: valid" in by_variable.stdout
    assert f"{tmp_path}/two.yaml: valid" in by_flag.stdout


def _raising(error: BaseException) -> Callable[..., None]:
    def fail(*_arguments: object, **_more: object) -> None:
        raise error

    return fail
