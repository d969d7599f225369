"""Tests of `sso_batch.console`."""
