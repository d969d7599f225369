"""An output place in S3: its bucket and uploads."""
