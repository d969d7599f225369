"""The files of a run, one test module a format."""
