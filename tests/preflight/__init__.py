"""The preflight's records."""
