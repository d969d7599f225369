"""The fixtures of the end-to-end tests, for the tests of the terminal."""

from tests.end_to_end.conftest import home, sso_batch

__all__ = ["home", "sso_batch"]
