"""Standard streams that cannot be written, or that lack characters: no audit fails because of them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_batch.emulator import Emulator, Limits, configuration
from tests.support.command import SOURCES, Command, finish, start
from tests.support.sample_worlds import denying, small

TROUBLES = {"full": "/dev/full", "closed": "&-", "reader gone": ""}
"""How a shell redirects a stream; a reader that is gone needs a pipe."""

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
"""Commands whose answer is what they print."""

IN_UTF_8 = {"diff as csv", "schema", "snapshot schema"}
"""Files for programs, which are in UTF-8 wherever they are made."""


@pytest.fixture
def config(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A configuration for one incomplete and one complete organization on an emulated AWS."""
    assert home.is_dir()
    world = denying(small(), "identitystore:ListUsers")
    file = tmp_path / "orgs.yaml"
    text = configuration(world, directory=str(tmp_path / "reports"))
    file.write_text(text + "collect: {requests_per_second: 1000}\n")
    with Emulator(world, limits=Limits.off()) as emulator:
        for name, value in emulator.environment().items():
            monkeypatch.setenv(name, value)
        yield file


@pytest.fixture
def run(config: Path, sso_batch: Command) -> dict[str, str]:
    """A run that has ended: its manifest, and its configuration."""
    assert sso_batch("run", "-c", config, "--run-id", "first").code == 4
    return {"manifest": str(manifest(config.parent / "reports")), "config": str(config)}


def manifest(folder: Path) -> Path:
    """The one manifest in a folder."""
    (path,) = folder.glob("*_manifest.json")
    return path


def redirected(
    streams: tuple[str, ...], trouble: str, *arguments: str, environ: dict[str, str] | None = None
) -> tuple[int, bytes, bytes]:
    """Run with the named streams (1, 2) in trouble: the exit code, and what the others hold."""
    reader, writer = os.pipe()
    os.close(reader)
    target = TROUBLES[trouble] or f"&{writer}"
    words = " ".join(f"{number}>{target}" for number in streams)
    with os.fdopen(writer, "wb"):
        ended = subprocess.run(  # noqa: S603 - our own program
            ["/bin/bash", "-c", f'"$@" {words}', "bash", sys.executable, "-m", "sso_batch", *arguments],
            env=dict(os.environ) | {"PYTHONPATH": str(SOURCES)} | (environ or {}),
            capture_output=True,
            pass_fds=[writer],
            check=False,
            timeout=60,
        )
    return ended.returncode, ended.stdout, ended.stderr


# Streams that cannot be written


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_python_s_own_buffer_makes_no_difference(
    home: Path, monkeypatch: pytest.MonkeyPatch, unbuffered: str
) -> None:
    """Containers often set PYTHONUNBUFFERED."""
    assert home.is_dir()
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)

    assert redirected(("1",), "full", "policy")[0] == 2
    assert redirected(("2",), "full", "policy")[0] == 0


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("streams", STREAMS, ids=STREAMS.get)
def test_an_audit_ends_as_it_would(config: Path, streams: tuple[str, ...], trouble: str) -> None:
    """A run without a log or a summary writes all its files and exits with its own code."""
    code, out, err = redirected(streams, trouble, "run", "-c", str(config))

    written = json.loads(manifest(config.parent / "reports").read_bytes())
    assert (code, written["exit_code"], written["status"]) == (4, 4, "incomplete")
    assert [one["status"] for one in written["organizations"]] == ["incomplete", "complete"]
    assert len(written["files"]) == 2
    assert b"Traceback" not in out + err
    assert b"Exception ignored" not in out + err


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("streams", STREAMS, ids=STREAMS.get)
def test_a_demo_ends_as_it_would(home: Path, tmp_path: Path, streams: tuple[str, ...], trouble: str) -> None:
    """The demo prints much, and needs none of it."""
    assert home.is_dir()

    code, out, err = redirected(streams, trouble, "demo", "-o", str(tmp_path / "demo"), "--with-failure")

    assert code == json.loads(manifest(tmp_path / "demo").read_bytes())["exit_code"] == 4
    assert b"Traceback" not in out + err
    assert b"Exception ignored" not in out + err


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("streams", STREAMS, ids=STREAMS.get)
def test_validate_answers_with_its_exit_code(config: Path, streams: tuple[str, ...], trouble: str) -> None:
    """A valid configuration is valid, and an invalid one is not, whoever reads about it."""
    wrong = config.with_name("wrong.yaml")
    wrong.write_text("organizations: []\n")

    assert redirected(streams, trouble, "validate", "-c", str(config))[0] == 0
    assert redirected(streams, trouble, "validate", "-c", str(wrong))[0] == 2


@pytest.mark.parametrize(
    ("name", "trouble", "words"),
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
def test_a_result_that_nobody_gets_is_no_success(
    run: dict[str, str], name: str, trouble: str, words: bytes
) -> None:
    """Where the answer is what is printed, an answer that is cut off exits with 2, and in words."""
    code, _, err = redirected(("1",), trouble, *(word.format(**run) for word in RESULTS[name]))

    assert (code, err) == (2, words)


@pytest.mark.parametrize(
    ("name", "trouble"),
    [*((name, "full") for name in RESULTS), ("diff as json", "closed"), ("diff as csv", "reader gone")],
)
def test_a_result_needs_no_stderr(run: dict[str, str], name: str, trouble: str) -> None:
    """What cannot be written to stderr changes neither the answer nor the exit code."""
    arguments = [word.format(**run) for word in RESULTS[name]]
    right = finish(start(*arguments), within=60)

    code, out, _ = redirected(("2",), trouble, *arguments)

    assert (code, out.decode().splitlines()) == (right.code, right.stdout.splitlines())


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("arguments", [("nonsense",), ("run",), ()], ids=["command", "option", "nothing"])
def test_a_usage_error_needs_no_stderr(home: Path, arguments: tuple[str, ...], trouble: str) -> None:
    """A wrong command line exits with 2, whoever reads about it."""
    assert home.is_dir()
    assert redirected(("2",), trouble, *arguments)[0] == 2


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_bug_needs_no_stderr(home: Path, trouble: str) -> None:
    """A bug exits with 1, and its traceback never replaces it."""
    assert home.is_dir()
    script = "import sso_batch.cli as c; c.cli = lambda **_: 1 / 0; c.main()"
    redirection = TROUBLES[trouble] or "&9"

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


def test_a_log_is_written_again_once_it_can_be(config: Path) -> None:
    """A log that fails once goes on: the events after the trouble are there."""
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
    "an old code page": {"PYTHONIOENCODING": "cp437", "PYTHONUTF8": "0"},
}


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        *((name, "C") for name in (*RESULTS, "validate", "wrong option", "wrong name")),
        *((name, encoding) for name in ("checks", "snapshot schema", "wrong name") for encoding in ENCODINGS),
    ],
)
def test_a_poor_encoding_shows_replacements(
    run: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str, encoding: str
) -> None:
    """Whatever a command prints, a character that the terminal lacks is replaced."""
    others = {
        "validate": ("validate", "-c", "{config}"),
        "wrong option": ("run", "--\u017bó\u0142w"),
        "wrong name": ("validate", "-c", "\u017bó\u0142w.yaml"),
    }
    arguments = [word.format(**run) for word in (RESULTS | others)[name]]
    right = finish(start(*arguments), within=60).code
    for variable, value in ENCODINGS[encoding].items():
        monkeypatch.setenv(variable, value)

    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "sso_batch", *arguments],
        env=dict(os.environ) | {"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        check=False,
    )

    assert ended.returncode == right
    assert b"Traceback" not in ended.stderr
    assert b"UnicodeEncodeError" not in ended.stderr
    if encoding in {"C", "ASCII"} and name not in IN_UTF_8:
        assert (ended.stdout + ended.stderr).isascii()


@pytest.mark.parametrize("encoding", ["C", "Latin-1"])
def test_a_demo_with_a_poor_encoding(home: Path, tmp_path: Path, encoding: str) -> None:
    """The demo's table, with its lines, and its folder's name are shown as well as they can be."""
    assert home.is_dir()
    folder = tmp_path / "demo"

    code, out, err = redirected(("0",), "closed", "demo", "-o", str(folder), environ=ENCODINGS[encoding])

    assert code == 0
    assert b"Traceback" not in err
    assert b"Organization" in out
    assert b"????" not in out


def test_files_for_programs_are_in_utf_8(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the answer is a file for programs, the terminal's encoding changes nothing."""
    assert home.is_dir()
    right = redirected(("0",), "closed", "schema", "snapshot")
    for variable, value in ENCODINGS["C"].items():
        monkeypatch.setenv(variable, value)

    assert redirected(("0",), "closed", "schema", "snapshot") == right
    assert not right[1].isascii()


@pytest.mark.parametrize("encoding", ["C"])
@pytest.mark.parametrize("command", [("run",), ("check",), ("merge", "--run-id", "nightly")], ids=str)
def test_a_folder_s_name_that_the_system_cannot_write(
    home: Path, tmp_path: Path, command: tuple[str, ...], encoding: str
) -> None:
    """A folder's name in the file that the locale's encoding lacks is a matter of configuration."""
    assert home.is_dir()
    file = tmp_path / "orgs.yaml"
    file.write_text("output: {directory: b\u00fccher}\norganizations: [{name: acme}]\n", encoding="utf-8")

    code, out, err = redirected(
        ("0",), "closed", *command, "-c", str(file), environ=ENCODINGS[encoding] | {"PWD": str(tmp_path)}
    )

    assert (code, out) == (2, b"")
    assert b"set a UTF-8 locale" in err


# Signals


def test_a_hangup_ends_like_a_termination(config: Path) -> None:
    """SIGHUP ends a run with 129: its manifest is written, and nothing finished is lost."""
    log = hung_up(config)

    written = json.loads(manifest(config.parent / "reports").read_bytes())
    assert log.returncode == 128 + signal.SIGHUP
    assert written["exit_code"] == 129
    assert {one["status"] for one in written["organizations"]} <= {"interrupted", "incomplete", "complete"}
    assert "interrupted" in {one["status"] for one in written["organizations"]}


def test_nohup_is_obeyed(config: Path) -> None:
    """A run under `nohup` ends by itself."""
    log = hung_up(config, before=("nohup",))

    assert log.returncode == 4
    assert json.loads(manifest(config.parent / "reports").read_bytes())["exit_code"] == 4


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_outside_of_a_run(home: Path, number: signal.Signals) -> None:
    """Every command exits with 128 and the signal's number, without a traceback."""
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
    """A run that gets SIGHUP in its middle."""
    return subprocess.run(  # noqa: S603 - our own program
        [*before, sys.executable, "-c", HANG_UP, "run", "-c", str(config)],
        env=dict(os.environ) | {"PYTHONPATH": str(SOURCES)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
