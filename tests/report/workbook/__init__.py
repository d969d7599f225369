"""The workbook, made from whole runs."""
