"""The fixtures of the end-to-end tests, for the tests of the commands."""

from tests.support.audits import audit, home, sso_batch, unhurried

__all__ = ["audit", "home", "sso_batch", "unhurried"]
