"""The sheets of reviewers: written as CSV files and workbooks, and read as spreadsheets save them again."""
