"""The part of the organizations that one of several workers audits. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sso_batch.errors import UsageError

COUNT = "SSO_BATCH_SHARD_COUNT"
INDICES = ("JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX")
"""The variables in which Kubernetes Indexed Jobs and AWS Batch array jobs number their workers, from 0."""

_NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)
_FORM = "use --shard I/N with I from 0 to N-1, such as 0/3"


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` parts of a run; `index` counts from 0."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def part(self, names: Sequence[str]) -> frozenset[str]:
        """Return the names that belong to this shard, in whatever order all names are given.

        Names are sorted and distributed evenly; shard sizes differ by at most one. A job takes as long as
        its largest part, and hashing 300 names into 10 parts would give 20 to 41 names each.
        """
        return frozenset(sorted(names)[self.index :: self.count])


def shard_of(written: str | None, environ: Mapping[str, str]) -> Shard | None:
    """Return the shard from --shard, or from the variables of the job engine; None without shards.

    `I/N` is complete, `I` alone needs the variable SSO_BATCH_SHARD_COUNT. Raise UsageError for anything else.
    """
    if written:
        source, (index, slash, count) = "--shard", written.partition("/")
        if not slash:
            count = environ.get(COUNT, "")
        if not count:
            raise UsageError(f"--shard {written} does not include the number of shards", hint=_FORM)
    else:
        count = environ.get(COUNT, "")
        if not count:
            return None
        source, index = next(
            ((name, environ[name]) for name in INDICES if environ.get(name)), ("--shard", "")
        )
        if not index:
            raise UsageError(
                f"{COUNT} is {count}, but the index of this shard is not set",
                hint=f"{_FORM}, or set {' or '.join(INDICES)}",
            )
    return _shard(source, index, count)


def _shard(source: str, index: str, count: str) -> Shard:
    if not _NUMBER.fullmatch(index) or not _NUMBER.fullmatch(count):
        raise UsageError(
            f"{source} gives the shard {index}/{count}, which is not of the form I/N", hint=_FORM
        )
    shard = Shard(int(index), int(count))
    if shard.index >= shard.count:
        raise UsageError(
            f"{source} gives shard {shard.index} of {shard.count}, but the last shard is {shard.count - 1}"
            if shard.count
            else f"{source} gives a shard count of 0",
            hint=_FORM,
        )
    return shard
