"""Tests of `sso_batch.runner`."""
