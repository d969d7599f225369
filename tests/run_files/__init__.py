"""Tests of `sso_batch.run_files`."""
