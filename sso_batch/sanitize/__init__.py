"""Text from AWS made harmless, one module for each target."""
