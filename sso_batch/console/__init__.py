"""The terminal: progress bars, closing summary, standard streams."""
