"""What the tests of the commands start from: the same machine and the same AWS as those from end to end."""

from tests.end_to_end.conftest import audit, home, sso_batch, unhurried

__all__ = ["audit", "home", "sso_batch", "unhurried"]
