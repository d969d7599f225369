"""Benchmarks, compared with the minimum that the worlds allow: `python -m tests.benchmarks --help`."""
