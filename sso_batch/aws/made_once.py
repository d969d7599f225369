"""Makes what threads share once, although several of them ask for it at the same time."""

import threading
from collections.abc import Callable, Hashable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def made_once(make: Callable[P, T]) -> Callable[P, T]:
    """Return `make` with a cache: threads with equal arguments wait for the result of the first one.

    With `functools.cache`, each of them would make its own. What `make` raises is not cached. `make` must not
    call itself with the same arguments.
    """
    results: dict[Hashable, T] = {}
    making: dict[Hashable, threading.Lock] = {}

    @wraps(make)
    def made(*args: P.args, **kwargs: P.kwargs) -> T:
        key = args, tuple(kwargs.items())
        with making.setdefault(key, threading.Lock()):
            if key not in results:
                results[key] = make(*args, **kwargs)
            return results[key]

    return made
