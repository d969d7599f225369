"""The page: one self-contained HTML file that shows a whole run, offline and as an email attachment.

Its script, `page.js`, is written by hand. A table library would add hundreds of kilobytes to every page, with
updates and security to follow, and none of them joins grants and memberships into rows in the browser. That
join keeps a page of 200,000 rows small and fast: the script filters and sorts the few distinct people,
accounts and groups, and handles rows as numbers. It also shows next to each result what could not be read.
The page's Content Security Policy allows no other script.
"""

from sso_batch.report.page.document import render_page

__all__ = ["render_page"]
