"""The workbook: what an auditor works with, from a page that explains it to a table of all access paths.

Every value from AWS is text: none becomes a formula, a link or a number, and account ids keep their leading
zeros. Numbers are our own counts; dates are dates, in UTC. The same run gives the same bytes.
"""

from sso_batch.report.workbook.document import render_workbook

__all__ = ["render_workbook"]
