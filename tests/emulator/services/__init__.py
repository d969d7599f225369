"""Tests of each emulated service with a botocore client."""
