"""The part of the organizations that a worker audits, and where its number comes from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_batch.errors import UsageError
from sso_batch.sharding import Shard, shard_of

# Refused


@pytest.mark.parametrize(
    ("written", "environ", "message"),
    [
        ("1", {}, "--shard 1 does not include the number of shards"),
        ("1/", {}, "--shard 1/ does not include the number of shards"),
        ("/3", {}, "--shard gives the shard /3, which is not of the form I/N"),
        ("x/3", {}, "--shard gives the shard x/3, which is not of the form I/N"),
        ("1/3/5", {}, "--shard gives the shard 1/3/5, which is not of the form I/N"),
        ("-1/3", {}, "--shard gives the shard -1/3, which is not of the form I/N"),
        ("٣/9", {}, "--shard gives the shard ٣/9, which is not of the form I/N"),
        ("3/3", {}, "--shard gives shard 3 of 3, but the last shard is 2"),
        ("0/0", {}, "--shard gives a shard count of 0"),
        ("3", {"SSO_BATCH_SHARD_COUNT": "3"}, "--shard gives shard 3 of 3, but the last shard is 2"),
        (
            None,
            {"SSO_BATCH_SHARD_COUNT": "3", "JOB_COMPLETION_INDEX": "3"},
            "JOB_COMPLETION_INDEX gives shard 3 of 3, but the last shard is 2",
        ),
        (
            None,
            {"SSO_BATCH_SHARD_COUNT": "many", "AWS_BATCH_JOB_ARRAY_INDEX": "3"},
            "AWS_BATCH_JOB_ARRAY_INDEX gives the shard 3/many, which is not of the form I/N",
        ),
        (
            None,
            {"SSO_BATCH_SHARD_COUNT": "3"},
            "SSO_BATCH_SHARD_COUNT is 3, but the index of this shard is not set",
        ),
    ],
)
def test_refused(written: str | None, environ: dict[str, str], message: str) -> None:
    """An invalid shard is refused with the name of its option or variable, and with the right form."""
    with pytest.raises(UsageError) as caught:
        shard_of(written, environ)

    assert caught.value.message == message
    assert "use --shard I/N with I from 0 to N-1" in caught.value.hint


# Read


@pytest.mark.parametrize(
    ("written", "environ", "shard"),
    [
        (None, {}, None),
        ("", {}, None),
        (None, {"JOB_COMPLETION_INDEX": "2"}, None),
        (None, {"SSO_BATCH_SHARD_COUNT": "", "JOB_COMPLETION_INDEX": "2"}, None),
        ("0/1", {}, Shard(0, 1)),
        ("2/3", {}, Shard(2, 3)),
        ("2", {"SSO_BATCH_SHARD_COUNT": "3"}, Shard(2, 3)),
        ("2/3", {"SSO_BATCH_SHARD_COUNT": "9", "JOB_COMPLETION_INDEX": "7"}, Shard(2, 3)),
        (None, {"SSO_BATCH_SHARD_COUNT": "9", "JOB_COMPLETION_INDEX": "7"}, Shard(7, 9)),
        (None, {"SSO_BATCH_SHARD_COUNT": "9", "AWS_BATCH_JOB_ARRAY_INDEX": "0"}, Shard(0, 9)),
    ],
)
def test_source_of_the_shard(written: str | None, environ: dict[str, str], shard: Shard | None) -> None:
    """The command line wins over the engine's variables; without a count nothing is sharded."""
    assert shard_of(written, environ) == shard


# Distributed


@given(
    st.lists(st.text(alphabet="ab-0", min_size=1), unique=True, max_size=40),
    st.integers(1, 12),
    st.randoms(use_true_random=False),
)
def test_parts(names: list[str], count: int, dice: object) -> None:
    """Each name belongs to one shard, sizes differ by at most one, and the order of names does not matter."""
    shuffled = list(names)
    dice.shuffle(shuffled)  # type: ignore[attr-defined] # a random.Random

    parts = [Shard(index, count).part(names) for index in range(count)]

    assert sorted(name for part in parts for name in part) == sorted(names)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert parts == [Shard(index, count).part(shuffled) for index in range(count)]


def test_text() -> None:
    """A shard is written in the form that --shard takes."""
    assert str(Shard(2, 10)) == "2/10"
