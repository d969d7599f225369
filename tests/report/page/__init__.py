"""The page, made from whole runs."""
