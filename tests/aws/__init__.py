"""What knows boto3, held against made-up clients."""
