"""What to ask of AWS about one organization, in which order, how much at once."""

from sso_batch.collect.audit import Audit

__all__ = ["Audit"]
