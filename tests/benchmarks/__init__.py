"""How fast, beside floors that the made-up worlds set: `python -m tests.benchmarks --help`."""
