"""The command line: what is said before, beside and after a command, and every way that it ends."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from sso_batch import __version__, cli
from sso_batch.errors import OrganizationError, UsageError
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
    "demo": {"-o, --output": "SSO_BATCH_DEMO_OUTPUT"},
    "schema": {},
    "verify": {},
}


@pytest.fixture
def sso_batch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    isolate(monkeypatch, tmp_path)
    return Command(monkeypatch, capsys)


def test_version(sso_batch: Command) -> None:
    """--version says the name and the version."""
    ended = sso_batch("--version")

    assert (ended.code, ended.stdout, ended.stderr) == (0, f"sso-batch {__version__}\n", "")


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_lists_the_commands_and_what_stands_before_them(sso_batch: Command, flag: str) -> None:
    """--help names every command, and the options that stand before it with their variables."""
    ended = sso_batch(flag)

    words = ["--log-level", "--log-format", "--quiet", "--version", "SSO_BATCH_LOG_LEVEL"]
    assert ended.code == 0
    assert [word for word in [*COMMANDS, *words] if word not in ended.stdout] == []
    assert ended.stderr == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_names_each_option_and_its_variable(sso_batch: Command, command: str) -> None:
    """A command's help names its options, each with the environment variable that stands for it."""
    ended = sso_batch(command, "--help")

    assert ended.code == 0
    for option, variable in COMMANDS[command].items():
        assert option in ended.stdout
        assert variable in ended.stdout


def _options() -> list[tuple[str, click.Option]]:
    """Every option with the command that it belongs to."""
    groups: list[tuple[str, click.Command]] = [("", cli.cli), *cli.cli.commands.items()]
    return [
        (command, option)
        for command, group in groups
        for option in group.params
        if isinstance(option, click.Option) and option.name not in {"version", "help"}
    ]


def test_every_option_has_a_variable_of_its_name() -> None:
    """Every option has SSO_BATCH_, the command where another one has the option too, and its name."""
    for command, option in _options():
        long = next(name for name in option.opts if name.startswith("--"))[2:]
        words = {f"SSO_BATCH_{long}", f"SSO_BATCH_{command}_{long}"}
        assert option.envvar in {word.upper().replace("-", "_") for word in words}, (command, long)
        assert option.show_envvar


def test_no_variable_means_two_things() -> None:
    """Options that share a variable take the same values, and mean the same."""
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
def test_a_run_s_variables_break_no_other_command(
    sso_batch: Command,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variables: dict[str, str],
    arguments: tuple[str, ...],
) -> None:
    """What the environment sets for a run changes no other command's answer."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orgs.yaml").write_text("organizations:\n  - name: acme\n")
    right = sso_batch(*arguments)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert sso_batch(*arguments) == right
    assert right.code == 0


@pytest.mark.parametrize(
    "arguments", [("--version",), ("--help",), ("run", "--help"), ("demo", "--help"), ("nonsense",)]
)
def test_words_come_without_heavy_imports(arguments: tuple[str, ...]) -> None:
    """What only says words imports neither boto3 nor botocore, pydantic, rich or structlog."""
    script = (
        "import sys\n"
        f"sys.argv = ['sso-batch', *{arguments!r}]\n"
        "from sso_batch.cli import main\n"
        "try:\n    main()\n"
        "finally:\n"
        "    heavy = {'boto3', 'botocore', 'pydantic', 'yaml', 'rich', 'structlog', 'asyncio', 'urllib3'}\n"
        "    heavy |= {'jinja2', 'xlsxwriter'}\n"
        "    assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )

    ended = execute(python=("-c", script))

    assert "AssertionError" not in ended.stderr
    assert ended.code == (2 if arguments == ("nonsense",) else 0)


def test_validate_comes_without_boto3(tmp_path: Path) -> None:
    """Checking a configuration needs pydantic, but no AWS."""
    file = tmp_path / "orgs.yaml"
    file.write_text("organizations:\n  - name: acme\n")
    script = (
        "import sys\n"
        f"sys.argv = ['sso-batch', 'validate', '-c', {str(file)!r}]\n"
        "from sso_batch.cli import main\n"
        "try:\n    main()\n"
        "finally:\n    assert not {'boto3', 'botocore', 'rich', 'structlog'} & set(sys.modules)\n"
    )

    ended = execute(python=("-c", script))

    assert (ended.code, ended.stderr) == (0, "")


def test_python_m_is_the_same_program() -> None:
    """`python -m sso_batch` answers as `sso-batch` does, name included."""
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
def test_a_wrong_command_line_ends_with_2(sso_batch: Command, arguments: tuple[str, ...], word: str) -> None:
    """A command line that cannot be understood ends with 2 and names the word; stdout stays empty."""
    ended = sso_batch(*arguments)

    assert (ended.code, ended.stdout) == (2, "")
    assert word in ended.stderr


def test_no_command_shows_the_help(sso_batch: Command) -> None:
    """Without a command the help is shown, and the exit code says that nothing was done."""
    ended = sso_batch()

    assert ended.code == 2
    assert "Usage: sso-batch" in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (UsageError("this cannot be", hint="do that"), 2, "sso-batch: this cannot be\n  do that\n"),
        (UsageError("without a hint"), 2, "sso-batch: without a hint\n"),
        (OrganizationError("nothing was read", code="None"), 5, "sso-batch: nothing was read\n"),
        (KeyboardInterrupt(), 130, ""),
        (click.Abort(), 130, ""),
        (click.UsageError("not so"), 2, "Error: not so\n"),
    ],
    ids=["usage", "no hint", "organization", "interrupt", "abort", "click"],
)
def test_every_error_ends_in_words_and_an_exit_code(
    sso_batch: Command, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, words: str
) -> None:
    """Whatever a command raises ends here, with its own exit code and hint."""
    monkeypatch.setattr(cli, "cli", _raising(error))

    ended = sso_batch("schema")

    assert (ended.code, ended.stdout, ended.stderr) == (code, "", words)


def test_a_bug_says_that_it_is_one(sso_batch: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug ends with 1: its place and its kind, but no value that a message may hold."""
    monkeypatch.setattr(cli, "cli", _raising(ValueError("a secret")))

    ended = sso_batch("schema")

    assert ended.code == 1
    assert "a defect of sso-batch" in ended.stderr
    assert "ValueError" in ended.stderr
    assert "in fail" in ended.stderr
    assert "a secret" not in ended.stderr


def test_words_that_the_terminal_cannot_show_are_escaped() -> None:
    """A message that stderr's encoding cannot hold is written with escapes, and does not hide the error."""
    ended = subprocess.run(
        [sys.executable, "-m", "sso_batch", "validate", "-c", "nirgendwo-ü-\udcff.yaml"],
        env={"PYTHONPATH": str(SOURCES), "PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )

    assert ended.returncode == 2
    assert b"nirgendwo-\\xfc-" in ended.stderr
    assert b"there is no such file" in ended.stderr


def test_a_reader_that_left_is_no_bug(tmp_path: Path) -> None:
    """Whoever reads our output may stop: no traceback."""
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


def test_schema_prints_the_json_schema(sso_batch: Command) -> None:
    """`schema` prints the JSON Schema of the configuration, and nothing else."""
    ended = sso_batch("schema")

    document: dict[str, Any] = json.loads(ended.stdout)
    assert (ended.code, ended.stderr) == (0, "")
    assert document["$schema"].startswith("https://json-schema.org/")
    assert {"version", "output", "run", "collect", "review", "notify", "defaults", "organizations"} == set(
        document["properties"]
    )


def test_validate_says_what_is_right(sso_batch: Command, tmp_path: Path) -> None:
    """`validate` names the file and how many organizations it lists."""
    file = tmp_path / "orgs.yaml"
    file.write_text("organizations:\n  - name: acme\n  - name: globex\n")

    ended = sso_batch("validate", "--config", file)

    assert (ended.code, ended.stdout, ended.stderr) == (0, f"{file}: valid, 2 organizations\n", "")


def test_validate_says_all_that_is_wrong(sso_batch: Command, tmp_path: Path) -> None:
    """`validate` ends with 2 and a line for every mistake, with no word on stdout."""
    file = tmp_path / "orgs.yaml"
    file.write_text("version: 3\norganizations:\n  - name: acme\n  - name: acme\n    colour: red\n")

    ended = sso_batch("validate", "-c", file)

    assert (ended.code, ended.stdout) == (2, "")
    lines = ended.stderr.removeprefix("sso-batch: ").splitlines()
    assert [line.split(":")[1] for line in lines] == ["1", "4", "5"]


def test_validate_asks_nobody(sso_batch: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`validate` works without network and credentials: a profile may be missing."""
    file = tmp_path / "orgs.yaml"
    file.write_text("organizations:\n  - name: acme\n    profile: nobody\n")
    monkeypatch.setattr("socket.socket.connect", _raising(AssertionError("asked somebody")))

    ended = sso_batch("validate", "-c", file)

    assert ended.code == 0


def test_the_configuration_can_stand_in_the_environment(
    sso_batch: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SSO_BATCH_CONFIG names the file; a flag wins over it."""
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
