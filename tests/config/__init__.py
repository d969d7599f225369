"""The configuration's tests, a module for each of its own."""
