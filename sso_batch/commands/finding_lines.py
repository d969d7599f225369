"""The findings that gave a run exit code 3, for its closing summary: the first ones, grouped by cause."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from sso_batch.exit_codes import ExitCode
from sso_batch.review.finding import OFF, SEVERITIES
from sso_batch.run_files.results import RunOutcome
from sso_batch.store import FileKind, Store

_SHOWN = 5

Row = Mapping[str, str]


def finding_lines(outcome: RunOutcome, store: Store) -> tuple[str, ...]:
    """Return a line for each of the first causes; none if findings did not decide the exit code.

    Nothing is returned, either, if the findings cannot be read: the summary is optional.
    """
    file = outcome.file(FileKind.FINDINGS_CSV)
    if outcome.exit_code != ExitCode.FINDINGS or file is None:
        return ()
    try:
        text = b"".join(store.read(file.name)).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ()
    return tuple(_lines(csv.DictReader(io.StringIO(text, newline="")), outcome.fail_on))


def _lines(rows: Iterable[Row], fail_on: str) -> Iterator[str]:
    counted = SEVERITIES[: SEVERITIES.index(fail_on) + 1] if fail_on != OFF else ()
    first: dict[str, Row] = {}
    findings: Counter[str] = Counter()
    for row in rows:
        if row["Severity"] in counted and row["Waived"] != "yes":
            first.setdefault(row["Cause"], row)
            findings[row["Cause"]] += 1
    order = sorted(first, key=lambda cause: (counted.index(first[cause]["Severity"]), -findings[cause]))
    for cause in order[:_SHOWN]:
        yield f"  {_line(first[cause], findings[cause])}"
    if len(order) > _SHOWN:
        yield f"  and {len(order) - _SHOWN:,} more causes"


def _line(row: Row, findings: int) -> str:
    who = row["UserEmail"] or row["UserName"] or row["GroupName"] or row["PrincipalId"]
    access = row["PermissionSet"] or row["RoleArn"]
    what = ", ".join(filter(None, (who, access))) or row["Message"]
    where = f" ({findings:,} findings)" if findings > 1 else f" ({row['Organization']})"
    return f"{row['Severity']} {row['Check']}: {what}{where}"
