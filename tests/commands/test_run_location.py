"""Tests of naming a run on the command line: the newest of an output place."""

from pathlib import Path

import pytest

from sso_batch.commands.run_location import RunFinder
from sso_batch.errors import UsageError
from tests.commands.test_explain import ACME, write_run


def test_newest_run(tmp_path: Path) -> None:
    """Of several runs in an output place, the newest one is read."""
    for ts in ("20260304_050607", "20260306_050607", "20260305_050607"):
        write_run(tmp_path / "reports", ACME, ts=ts)
    config = tmp_path / "orgs.yaml"
    config.write_text("organizations: [{name: acme}]\noutput: {directory: elsewhere}\n")

    for file in (None, str(config)):
        run = RunFinder({}, file, str(tmp_path / "reports")).newest(1, otherwise="pass --run")[0]
        assert run.manifest.ts == "20260306_050607"


def test_output_of_a_configuration(tmp_path: Path) -> None:
    """The output place is the configuration's if the command line names none."""
    write_run(tmp_path / "reports", ACME)
    config = tmp_path / "orgs.yaml"
    config.write_text(f"organizations: [{{name: acme}}]\noutput: {{directory: {tmp_path / 'reports'}}}\n")

    assert (
        RunFinder({}, str(config), None).newest(1, otherwise="pass --run")[0].manifest.run_id == "nightly-04"
    )


def test_a_run_outranks_the_output_place(tmp_path: Path) -> None:
    """A run that is named is read, whatever else is in the output place."""
    old = write_run(tmp_path / "reports", ACME)
    write_run(tmp_path / "reports", ACME, ts="20260306_050607")

    run = RunFinder({}, None, str(tmp_path / "reports")).named(str(old))

    assert run.manifest.ts == "20260304_050607"


@pytest.mark.parametrize("output", [None, "."])
def test_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str | None) -> None:
    """Without a run there is nothing to read."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UsageError, match=r"no run was given|contains no finished run") as raised:
        RunFinder({}, None, output).newest(1, otherwise="pass --run")

    assert "--run" in raised.value.hint


def test_a_place_that_cannot_be_read(tmp_path: Path) -> None:
    """A file instead of a folder has no runs."""
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="contains no finished run"):
        RunFinder({}, None, str(tmp_path / "file")).newest(1, otherwise="pass --run")


def test_a_run_by_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of the output place can be named by its id; an existing folder of that name comes first."""
    write_run(tmp_path / "reports", ACME)
    monkeypatch.chdir(tmp_path)
    finder = RunFinder({}, None, str(tmp_path / "reports"))

    assert finder.named("nightly-04").manifest.run_id == "nightly-04"
    with pytest.raises(UsageError, match="does not contain"):
        finder.named("nightly-05")
    with pytest.raises(UsageError, match="neither a folder nor a manifest"):
        RunFinder({}, None, None).named("nightly-04")
