"""Minimum IAM policies for a configuration, generated from the table of operations."""
