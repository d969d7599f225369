"""The fixtures of the end-to-end tests, for the tests of the commands."""

from tests.support.audits import audit, home, sso_batch, unhurried
from tests.support.moto_s3 import s3

__all__ = ["audit", "home", "s3", "sso_batch", "unhurried"]
