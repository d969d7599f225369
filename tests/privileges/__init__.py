"""Tests of sso_batch.privileges."""
