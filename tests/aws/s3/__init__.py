"""Tests of `sso_batch.aws.s3`."""
