"""IAM policies with the least that a configuration needs, from the one table of operations."""
