"""The fixtures of all tests from end to end."""

from tests.support.audits import audit, emulator, home, nightly, sso_batch, unhurried
from tests.support.moto_s3 import s3

__all__ = ["audit", "emulator", "home", "nightly", "s3", "sso_batch", "unhurried"]
