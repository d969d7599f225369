"""Make text from AWS safe for its target: one module for each target."""
