"""Tests of access review campaigns."""
