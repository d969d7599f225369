"""The commands, one a file; each gives its exit code."""
