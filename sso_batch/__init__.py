"""Audits AWS IAM Identity Center in every AWS Organizations organization that a YAML file lists."""

__version__ = "0.1.0"
