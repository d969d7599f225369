"""The collection of one organization: which calls to make, in which order, and how many at a time."""

from sso_batch.collect.audit import Audit

__all__ = ["Audit"]
