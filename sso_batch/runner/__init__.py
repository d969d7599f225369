"""All organizations of a run: at once, each by itself, until they end or are told to."""

from sso_batch.runner.run import Run, Surroundings

__all__ = ["Run", "Surroundings"]
