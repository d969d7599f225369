"""YAML files, read strictly and with line numbers."""
