"""Tests of `sso_batch.config`."""
