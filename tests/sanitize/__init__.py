"""Tests of `sso_batch.sanitize`."""
