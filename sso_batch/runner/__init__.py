"""Runs: all organizations in parallel, each isolated from the others' failures; resume, shards and merge."""

from sso_batch.runner.context import RunContext
from sso_batch.runner.run import Run

__all__ = ["Run", "RunContext"]
