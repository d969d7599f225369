"""The wire formats: HTTP, the three AWS protocols and request signatures."""
