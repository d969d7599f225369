"""AWS: credentials, the calls and their pace. The only place that knows boto3."""
