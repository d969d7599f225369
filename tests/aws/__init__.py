"""Tests of `sso_batch.aws`, mostly with fake clients."""
