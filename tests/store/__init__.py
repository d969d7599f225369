"""Where files go, one test module a place."""
