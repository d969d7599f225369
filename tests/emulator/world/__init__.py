"""Tests of the worlds that are served."""
