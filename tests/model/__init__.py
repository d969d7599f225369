"""Tests of `sso_batch.model`."""
