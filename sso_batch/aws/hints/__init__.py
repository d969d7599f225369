"""What to do about a failure of AWS, in words for the person who reads the log: every hint in one place."""
