"""Tests of the wire: requests out of bytes, signatures, protocols."""
