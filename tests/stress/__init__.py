"""Stress tests with random worlds, kills, leaks and damaged files; `make stress` runs the long ones."""
