"""Fixtures that load the text of a configuration from a file named orgs.yaml."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sso_batch.config import Config, load
from sso_batch.errors import ConfigurationError

Load = Callable[..., Config]
Problems = Callable[..., list[str]]


@pytest.fixture
def load_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.chdir(tmp_path)

    def load_file(text: str, **environ: str) -> Config:
        Path("orgs.yaml").write_text(text, encoding="utf-8")
        return load(Path("orgs.yaml"), environ)

    return load_file


@pytest.fixture
def problems_of(load_text: Load) -> Problems:
    """Return a function that loads an invalid configuration and returns its problems."""

    def load_invalid(text: str, **environ: str) -> list[str]:
        with pytest.raises(ConfigurationError) as caught:
            load_text(text, **environ)
        return list(caught.value.problems)

    return load_invalid
