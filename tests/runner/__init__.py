"""The run as a whole, and how it begins."""
