"""The files of a run, one module a format."""
