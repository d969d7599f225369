"""The tests, a folder or module for each of the package's."""
