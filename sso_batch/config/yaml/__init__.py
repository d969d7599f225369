"""A strict YAML reader that keeps line numbers."""
