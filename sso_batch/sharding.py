"""Which part of the organizations one of several workers audits. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sso_batch.errors import UsageError

COUNT = "SSO_BATCH_SHARD_COUNT"
INDICES = ("JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX")
"""Where Kubernetes' Indexed Jobs and AWS Batch's array jobs tell a worker its number, from 0."""

_NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)
_FORM = "write --shard I/N with I from 0 to N-1, such as 0/3"


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` parts of a run; `index` counts from 0."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def part(self, names: Sequence[str]) -> frozenset[str]:
        """The names that are this shard's, whatever their order.

        They are dealt out in alphabetical order, so that no shard has more than one more than another:
        a job lasts as long as its largest part, and hashes of 300 names in 10 parts give 20 to 41 each.
        """
        return frozenset(sorted(names)[self.index :: self.count])


def shard_of(written: str | None, environ: Mapping[str, str]) -> Shard | None:
    """The shard that --shard asks for, else the engine's variables; None where nothing is sharded.

    `I/N` says all, `I` alone needs the variable SSO_BATCH_SHARD_COUNT. Raises UsageError.
    """
    if written:
        source, (index, slash, count) = "--shard", written.partition("/")
        if not slash:
            count = environ.get(COUNT, "")
        if not count:
            raise UsageError(f"--shard {written} does not tell how many shards there are", hint=_FORM)
    else:
        count = environ.get(COUNT, "")
        if not count:
            return None
        source, index = next(
            ((name, environ[name]) for name in INDICES if environ.get(name)), ("--shard", "")
        )
        if not index:
            raise UsageError(
                f"{COUNT} says that there are {count} shards, and nothing says which of them this is",
                hint=f"{_FORM}; engines tell it in {' or '.join(INDICES)}",
            )
    return _shard(source, index, count)


def _shard(source: str, index: str, count: str) -> Shard:
    if not _NUMBER.fullmatch(index) or not _NUMBER.fullmatch(count):
        raise UsageError(f"{source} gives the shard as {index}/{count}, which is no I/N", hint=_FORM)
    shard = Shard(int(index), int(count))
    if shard.index >= shard.count:
        raise UsageError(
            f"{source} asks for shard {shard.index} of {shard.count}: the last one is {shard.count - 1}"
            if shard.count
            else f"{source} asks for a shard of none",
            hint=_FORM,
        )
    return shard
