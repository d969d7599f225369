"""What a person sees at a terminal: progress, summary, streams."""
