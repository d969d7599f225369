"""Tests of `sso_batch.iam`."""
