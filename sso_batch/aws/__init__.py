"""AWS: credentials, calls and their rate limits. The only package that imports boto3."""
