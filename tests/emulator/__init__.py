"""Tests of the emulator: it is as strict as AWS, and its answers match botocore's models."""
