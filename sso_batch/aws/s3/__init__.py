"""An output place in S3: the bucket, uploads and errors."""
