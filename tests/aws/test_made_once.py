"""What threads share is made once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from sso_batch.aws.made_once import made_once


def test_threads_that_ask_at_once_get_one_result() -> None:
    together = threading.Barrier(8)
    made: list[str] = []

    @made_once
    def make(name: str) -> object:
        time.sleep(0.05)  # the others ask meanwhile
        made.append(name)
        return object()

    def ask(number: int) -> tuple[str, object]:
        together.wait()
        return "ab"[number % 2], make("ab"[number % 2])

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(ask, range(8)))
    assert sorted(made) == ["a", "b"]
    assert len({result for name, result in results if name == "a"}) == 1


def test_an_error_is_not_kept() -> None:
    attempts = []

    @made_once
    def make(*, name: str) -> str:
        attempts.append(name)
        if len(attempts) == 1:
            raise OSError("later")
        return name

    with pytest.raises(OSError, match="later"):
        make(name="a")
    assert (make(name="a"), make(name="a"), len(attempts)) == ("a", "a", 2)
