"""Tests of standard streams that cannot be written or encode few characters, in real processes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_batch.emulator import Emulator, Limits, configuration
from tests.stress.audit import audit
from tests.support.command import SOURCES, Command, finish, start
from tests.support.drivers import UNHURRIED_DEMO
from tests.support.reports import manifest_in
from tests.support.sample_worlds import denying, small

PROBLEMS = {"full": "/dev/full", "closed": "&-", "reader gone": ""}
"""How a shell redirects a stream; `reader gone` needs a pipe."""

STREAMS = {("1",): "stdout", ("2",): "stderr", ("1", "2"): "both"}

RESULTS = {
    "checks": ("checks",),
    "checks as json": ("checks", "--format", "json"),
    "policy": ("policy",),
    "template": ("policy", "--format", "cloudformation"),
    "schema": ("schema",),
    "snapshot schema": ("schema", "snapshot"),
    "diff": ("diff", "{manifest}", "{manifest}"),
    "diff as csv": ("diff", "{manifest}", "{manifest}", "--format", "csv"),
    "diff as json": ("diff", "{manifest}", "{manifest}", "--format", "json"),
    "verify": ("verify", "{manifest}"),
    "help": ("run", "--help"),
}
"""Commands whose result is on stdout."""

IN_UTF_8 = {"diff as csv", "schema", "snapshot schema"}
"""Commands that print files for programs, always in UTF-8."""


@pytest.fixture
def config(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a configuration with an incomplete and a complete organization, while their emulator runs."""
    assert home.is_dir()
    world = denying(small(), "identitystore:ListUsers")
    file = tmp_path / "orgs.yaml"
    text = configuration(world, directory=str(tmp_path / "reports"))
    file.write_text(text + "collect: {requests_per_second: 1000}\n")
    with Emulator(world, limits=Limits.off()) as emulator:
        for name, value in emulator.environment().items():
            monkeypatch.setenv(name, value)
        yield file


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the manifest and the configuration of a finished run; tests must not change its files."""
    folder = tmp_path_factory.mktemp("finished")
    world = denying(small(), "identitystore:ListUsers")
    reports = audit(world, folder / "run")
    assert reports.ended.code == 4
    return {"manifest": str(manifest_in(reports.folder)), "config": str(folder / "run" / "orgs.yaml")}


def redirected(
    streams: tuple[str, ...],
    problem: str,
    *arguments: str,
    environ: dict[str, str] | None = None,
    python: tuple[str, ...] = ("-m", "sso_batch"),
) -> tuple[int, bytes, bytes]:
    """Run with these streams broken; return the exit code and the content of the others."""
    reader, writer = os.pipe()
    os.close(reader)
    target = PROBLEMS[problem] or f"&{writer}"
    words = " ".join(f"{number}>{target}" for number in streams)
    with os.fdopen(writer, "wb"):
        ended = subprocess.run(  # noqa: S603 - our own program
            ["/bin/bash", "-c", f'"$@" {words}', "bash", sys.executable, *python, *arguments],
            env=dict(os.environ) | {"PYTHONPATH": str(SOURCES)} | (environ or {}),
            capture_output=True,
            pass_fds=[writer],
            check=False,
            timeout=60,
        )
    return ended.returncode, ended.stdout, ended.stderr


# Streams that cannot be written


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_unbuffered(home: Path, monkeypatch: pytest.MonkeyPatch, unbuffered: str) -> None:
    """PYTHONUNBUFFERED, which containers often set, makes no difference."""
    assert home.is_dir()
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)

    assert redirected(("1",), "full", "policy")[0] == 2
    assert redirected(("2",), "full", "policy")[0] == 0


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("streams", STREAMS, ids=STREAMS.get)
def test_run(config: Path, streams: tuple[str, ...], problem: str) -> None:
    """A run whose log or summary cannot be written still writes its files and has the same exit code."""
    code, out, err = redirected(streams, problem, "run", "-c", str(config))

    written = json.loads(manifest_in(config.parent / "reports").read_bytes())
    assert (code, written["exit_code"], written["status"]) == (4, 4, "incomplete")
    assert [entry["status"] for entry in written["organizations"]] == ["incomplete", "complete"]
    assert len(written["files"]) == 2
    assert b"Traceback" not in out + err
    assert b"Exception ignored" not in out + err


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("streams", STREAMS, ids=STREAMS.get)
def test_demo(home: Path, tmp_path: Path, streams: tuple[str, ...], problem: str) -> None:
    """A demo whose output cannot be written still has the same exit code."""
    assert home.is_dir()

    arguments = ("demo", "-o", str(tmp_path / "demo"), "--with-failure")
    code, out, err = redirected(streams, problem, *arguments, python=("-c", UNHURRIED_DEMO))

    assert code == json.loads(manifest_in(tmp_path / "demo").read_bytes())["exit_code"] == 4
    assert b"Traceback" not in out + err
    assert b"Exception ignored" not in out + err


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("streams", STREAMS, ids=STREAMS.get)
def test_validate(config: Path, streams: tuple[str, ...], problem: str) -> None:
    """The exit code of `validate` does not depend on the streams."""
    wrong = config.with_name("wrong.yaml")
    wrong.write_text("organizations: []\n")

    assert redirected(streams, problem, "validate", "-c", str(config))[0] == 0
    assert redirected(streams, problem, "validate", "-c", str(wrong))[0] == 2


@pytest.mark.parametrize(
    ("name", "problem", "message"),
    [
        *(
            (name, "full", b"sso-batch: cannot write to standard output: No space left on device\n")
            for name in RESULTS
        ),
        ("diff", "closed", b"sso-batch: cannot write to standard output: Bad file descriptor\n"),
        ("policy", "closed", b"sso-batch: cannot write to standard output: Bad file descriptor\n"),
        ("diff as csv", "reader gone", b""),
        ("verify", "reader gone", b""),
    ],
    ids=str,
)
def test_result_that_cannot_be_written(
    home: Path, finished: dict[str, str], name: str, problem: str, message: bytes
) -> None:
    """A command whose result cannot be written ends with exit code 2 and an error message."""
    assert home.is_dir()
    code, _, err = redirected(("1",), problem, *(word.format(**finished) for word in RESULTS[name]))

    assert (code, err) == (2, message)


@pytest.mark.parametrize(
    ("name", "problem"),
    [*((name, "full") for name in RESULTS), ("diff as json", "closed"), ("diff as csv", "reader gone")],
)
def test_result_without_stderr(sso_batch: Command, finished: dict[str, str], name: str, problem: str) -> None:
    """A broken stderr changes neither the result nor the exit code."""
    arguments = [word.format(**finished) for word in RESULTS[name]]
    expected = sso_batch(*arguments)

    code, out, _ = redirected(("2",), problem, *arguments)

    assert (code, out.decode().splitlines()) == (expected.code, expected.stdout.splitlines())


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("arguments", [("nonsense",), ("run",), ()], ids=["command", "option", "nothing"])
def test_usage_error_without_stderr(home: Path, arguments: tuple[str, ...], problem: str) -> None:
    """A usage error ends with exit code 2 if stderr is broken."""
    assert home.is_dir()
    assert redirected(("2",), problem, *arguments)[0] == 2


@pytest.mark.parametrize("problem", PROBLEMS)
def test_internal_error_without_stderr(home: Path, problem: str) -> None:
    """An internal error ends with exit code 1 if stderr is broken."""
    assert home.is_dir()
    script = "import sso_batch.cli as c; c.cli = lambda **_: 1 / 0; c.main()"
    redirection = PROBLEMS[problem] or "&9"

    ended = subprocess.run(  # noqa: S603 - our own program
        [
            "/bin/bash",
            "-c",
            f'exec 9> >(true); sleep 0.2; "$@" 2>{redirection}',
            "-",
            sys.executable,
            "-c",
            script,
        ],
        env=dict(os.environ) | {"PYTHONPATH": str(SOURCES)},
        check=False,
    )

    assert ended.returncode == 1


def test_log_recovers(config: Path) -> None:
    """After a failed write to the log, later events are written again."""
    script = (
        "import os, sys\n"
        "from sso_batch import cli\n"
        "class Once:\n"
        "    encoding = errors = 'utf-8'\n"
        "    failed = False\n"
        "    def write(self, text):\n"
        "        if 'run.started' in text:\n"
        "            self.failed = True\n"
        "            raise OSError(28, 'No space left on device')\n"
        "        return os.write(2, text.encode())\n"
        "    def flush(self): pass\n"
        "    def isatty(self): return False\n"
        "sys.stderr = Once()\n"
        "cli.main()\n"
    )

    ended = finish(start("run", "-c", config, python=("-c", script)), within=60)

    assert ended.code == 4
    assert "run.started" not in {event["event"] for event in ended.events}
    assert ended.events[-1]["event"] == "run.completed"


# Encodings that lack characters

ENCODINGS = {
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "Latin-1": {"PYTHONIOENCODING": "iso-8859-1", "PYTHONUTF8": "0"},
    "ASCII": {"PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "0"},
    "code page 437": {"PYTHONIOENCODING": "cp437", "PYTHONUTF8": "0"},
}


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        *((name, "C") for name in (*RESULTS, "validate", "wrong option", "wrong name")),
        *((name, encoding) for name in ("checks", "snapshot schema", "wrong name") for encoding in ENCODINGS),
    ],
)
def test_limited_encoding(
    sso_batch: Command,
    finished: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    encoding: str,
) -> None:
    """A character that the encoding lacks is replaced, in the output of every command."""
    others = {
        "validate": ("validate", "-c", "{config}"),
        "wrong option": ("run", "--\u017bó\u0142w"),
        "wrong name": ("validate", "-c", "\u017bó\u0142w.yaml"),
    }
    arguments = [word.format(**finished) for word in (RESULTS | others)[name]]
    expected = sso_batch(*arguments).code
    for variable, value in ENCODINGS[encoding].items():
        monkeypatch.setenv(variable, value)

    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "sso_batch", *arguments],
        env=dict(os.environ) | {"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        check=False,
    )

    assert ended.returncode == expected
    assert b"Traceback" not in ended.stderr
    assert b"UnicodeEncodeError" not in ended.stderr
    if encoding in {"C", "ASCII"} and name not in IN_UTF_8:
        assert (ended.stdout + ended.stderr).isascii()


@pytest.mark.parametrize("encoding", ["C", "Latin-1"])
def test_demo_in_a_limited_encoding(home: Path, tmp_path: Path, encoding: str) -> None:
    """The table of the demo is readable in a limited encoding."""
    assert home.is_dir()
    folder = tmp_path / "demo"

    code, out, err = redirected(
        ("0",),
        "closed",
        *("demo", "-o", str(folder)),
        environ=ENCODINGS[encoding],
        python=("-c", UNHURRIED_DEMO),
    )

    assert code == 0
    assert b"Traceback" not in err
    assert b"Organization" in out
    assert b"????" not in out


def test_utf_8_for_programs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file for programs is UTF-8 in every encoding of the terminal."""
    assert home.is_dir()
    expected = redirected(("0",), "closed", "schema", "snapshot")
    for variable, value in ENCODINGS["C"].items():
        monkeypatch.setenv(variable, value)

    assert redirected(("0",), "closed", "schema", "snapshot") == expected
    assert not expected[1].isascii()


@pytest.mark.parametrize("encoding", ["C"])
@pytest.mark.parametrize("command", [("run",), ("check",), ("merge", "--run-id", "nightly")], ids=str)
def test_folder_name_that_cannot_be_encoded(
    home: Path, tmp_path: Path, command: tuple[str, ...], encoding: str
) -> None:
    """A folder name that the locale cannot encode is a configuration error."""
    assert home.is_dir()
    file = tmp_path / "orgs.yaml"
    file.write_text("output: {directory: b\u00fccher}\norganizations: [{name: acme}]\n", encoding="utf-8")

    code, out, err = redirected(
        ("0",), "closed", *command, "-c", str(file), environ=ENCODINGS[encoding] | {"PWD": str(tmp_path)}
    )

    assert (code, out) == (2, b"")
    assert b"set a UTF-8 locale" in err


# Signals


def test_sighup(config: Path) -> None:
    """SIGHUP ends a run with exit code 129; the manifest is written and finished results are kept."""
    ended = hung_up(config)

    written = json.loads(manifest_in(config.parent / "reports").read_bytes())
    assert ended.returncode == 128 + signal.SIGHUP
    assert written["exit_code"] == 129
    assert {entry["status"] for entry in written["organizations"]} <= {
        "interrupted",
        "incomplete",
        "complete",
    }
    assert "interrupted" in {entry["status"] for entry in written["organizations"]}


def test_output_before_an_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command has written before an error arrives, although the interpreter does not end normally."""
    assert home.is_dir()
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    script = """
import sys
import sso_batch.cli as c
from sso_batch.errors import UsageError
kept = []
def command():
    kept.append(sys.stdout)  # a stream that is not deleted is not flushed
    sys.stdout.write("a part")
    raise UsageError("late")
c._run_command = command
c.main()
"""

    ended = finish(start(python=("-c", script)), within=20)

    assert (ended.code, ended.stdout, ended.stderr) == (2, "a part", "sso-batch: late\n")


def test_exit_while_threads_use_openssl(home: Path) -> None:
    """A command that ends while its daemon threads still prepare connections keeps its exit code."""
    assert home.is_dir()
    script = """
import ssl, threading, time
import sso_batch.cli as c
def prepare():
    while True:
        ssl.create_default_context()
def command(**_):
    for _ in range(4):
        threading.Thread(target=prepare, daemon=True).start()
    time.sleep(0.2)
    return 5
c._run_command = command
c.main()
"""

    codes = [finish(start(python=("-c", script)), within=20).code for _ in range(5)]

    assert codes == [5] * 5


def test_nohup(config: Path) -> None:
    """A run under `nohup` ignores SIGHUP."""
    ended = hung_up(config, before=("nohup",))

    assert ended.returncode == 4
    assert json.loads(manifest_in(config.parent / "reports").read_bytes())["exit_code"] == 4


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_signal_outside_of_a_run(home: Path, number: signal.Signals) -> None:
    """A signal ends every command with 128 plus its number, without a traceback."""
    assert home.is_dir()
    script = (
        f"import os, sso_batch.cli as c; c.cli = lambda **_: os.kill(os.getpid(), {int(number)}); c.main()"
    )

    ended = finish(start(python=("-c", script)), within=20)

    assert (ended.code, ended.stderr) == (128 + number, "")


HANG_UP = """
import os, signal, sys
from sso_batch.collect import Audit
run = Audit.run
async def hang_up(audit):
    os.kill(os.getpid(), signal.SIGHUP)
    return await run(audit)
Audit.run = hang_up
from sso_batch.cli import main
main()
"""


def hung_up(config: Path, *, before: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[bytes]":
    """Return the result of a run that receives SIGHUP."""
    return subprocess.run(  # noqa: S603 - our own program
        [*before, sys.executable, "-c", HANG_UP, "run", "-c", str(config)],
        env=dict(os.environ) | {"PYTHONPATH": str(SOURCES)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
