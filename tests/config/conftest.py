"""A configuration file in a folder of its own, named as a user would name it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sso_batch.config import Config, load
from sso_batch.errors import ConfigurationError

Load = Callable[..., Config]
Told = Callable[..., list[str]]


@pytest.fixture
def load_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.chdir(tmp_path)

    def load_it(text: str, **environ: str) -> Config:
        Path("orgs.yaml").write_text(text, encoding="utf-8")
        return load(Path("orgs.yaml"), environ)

    return load_it


@pytest.fixture
def told(load_text: Load) -> Told:
    """Give what is told about a configuration that must be refused."""

    def refused(text: str, **environ: str) -> list[str]:
        with pytest.raises(ConfigurationError) as caught:
            load_text(text, **environ)
        return list(caught.value.problems)

    return refused
