"""Tests of each emulated service, asked by a real client."""
