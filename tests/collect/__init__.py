"""What an audit asks, in which order, and what it makes of refusals."""
