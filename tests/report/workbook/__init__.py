"""Tests of the workbook, rendered from whole runs."""
