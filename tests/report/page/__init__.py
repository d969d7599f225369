"""Tests of the page, rendered from whole runs."""
