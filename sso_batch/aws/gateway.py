"""The one way to AWS: every call is paced, tried again where that can help, counted, and understood.

botocore makes a single attempt; this is the only retry layer. Its own layers lose answers: with 8 threads at
the limit default retries lose 15 of 400, and standard mode stops trying when its 500 tokens are spent.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, TypeVar

from sso_batch import open_files
from sso_batch.aws.error_mapping import OPEN_FILES_CODE, from_exception
from sso_batch.aws.exceptions import (
    AwsFailure,
    endless,
    given_up,
    list_left_out,
    malformed,
    past_deadline,
)
from sso_batch.aws.operations import Limit, Operation
from sso_batch.aws.rate_limiter import Pace
from sso_batch.aws.time_limit import TimeLimit
from sso_batch.daemon_threads import DaemonThreads

T = TypeVar("T")

Answer = Mapping[str, Any]

GIVE_UP = 300.0
"""Seconds after a call's first attempt in which it is tried again."""

MOST_PAGES = 10_000
"""Of one listing: four times what the largest that AWS allows has, 50,000 accounts in pages of 20."""

MOST_EMPTY_PAGES = 500
"""One after the other; AWS may send some."""

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 20.0
MOST_DOUBLINGS = 16


def pause_after(attempt: int) -> float:
    """Return the seconds to wait after a failed attempt, the first being 0: full jitter, longer each time."""
    longest = min(FIRST_PAUSE * 2 ** min(attempt, MOST_DOUBLINGS), LONGEST_PAUSE)
    return random.uniform(0, longest)  # noqa: S311 - no secret


@dataclass(slots=True)
class Tally:
    """The calls of one organization as the manifest counts them: every attempt is one."""

    by_operation: Counter[str] = field(default_factory=Counter)
    throttled: int = 0
    retried: int = 0


class Gateway:
    """The calls of one organization, through `clients`: one for each service, by botocore's name.

    `rates` replaces the requests a second of limits, by their names. After the end of `deadline` every call
    fails at once, so that whatever is unfinished becomes a gap.
    `secrets` appear in no message. `renew` has credentials that AWS calls expired made anew, and tells
    whether they can be. `release` closes idle connections, for want of file descriptors.
    """

    def __init__(
        self,
        clients: Callable[[str], Any],
        workers: DaemonThreads,
        *,
        rates: Mapping[str, float],
        tally: Tally,
        deadline: TimeLimit | None = None,
        secrets: tuple[str, ...] = (),
        renew: Callable[[], bool] = lambda: False,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self.tally = tally
        self._clients = clients
        self._workers = workers
        self._rates = rates
        self._deadline = deadline
        self._secrets = secrets
        self._renew = renew
        self._release = release
        self._paces: dict[str, Pace] = {}

    async def call(self, operation: Operation, parse: Callable[[Answer], T], **parameters: object) -> T:
        """What `parse` makes of the answer; raises AwsFailure when there is none to be had.

        An answer that `parse` cannot understand, for want of a key, is a broken one and asked for again.
        """
        pace = self._pace(operation.limit)
        clock = asyncio.get_running_loop().time
        begun = clock()
        renewed = False
        last: AwsFailure | None = None
        for attempt in count():
            if self._deadline is not None and clock() >= self._deadline.end:
                raise past_deadline(operation, self._deadline, last)
            self.tally.retried += attempt > 0
            try:
                return await self._in_time(operation, self._attempt(operation, pace, parse, parameters), last)
            except AwsFailure as failure:
                last = failure
                if failure.throttle:
                    self.tally.throttled += 1
                    pace.throttled()
                if failure.code == OPEN_FILES_CODE:
                    self._release()
                    open_files.free()
                pause = pause_after(attempt)
                too_late = clock() + pause > begun + GIVE_UP
                if failure.expired and not renewed:
                    renewed = self._renew()
                    if not renewed:
                        raise
                elif not failure.transient:
                    raise
                elif too_late or self._hopeless(failure, attempt + 1):
                    raise given_up(failure, attempt + 1, clock() - begun) from None
            await self._in_time(operation, asyncio.sleep(pause), last)
        raise AssertionError  # pragma: no cover - count() does not end

    async def pages(
        self, operation: Operation, parse: Callable[[Any], T], **parameters: object
    ) -> AsyncIterator[list[T]]:
        """The items of a listing, page by page; a page can be empty, only the token ends the listing.

        A token that was there before would make it endless: such an answer is a broken one, too. With ever
        new tokens a listing ends as a failure once it is longer than any of AWS's.
        """
        tokens: set[str] = set()
        empty = 0

        def page(answer: Answer) -> tuple[list[T], str | None]:
            token: str | None = answer.get(operation.token_key) or None
            if token in tokens:
                raise malformed(operation, "a page token came back a second time")
            if operation.bare and operation.items not in answer and token is None:
                raise list_left_out(operation)
            return [parse(item) for item in answer[operation.items]], token

        if operation.page is not None:
            parameters[operation.page_size_key] = operation.page
        while True:
            items, token = await self.call(operation, page, **parameters)
            yield items
            if token is None:
                return
            tokens.add(token)
            empty = 0 if items else empty + 1
            if len(tokens) >= MOST_PAGES or empty >= MOST_EMPTY_PAGES:
                raise endless(operation, len(tokens))
            parameters[operation.token_key] = token

    async def _attempt(
        self,
        operation: Operation,
        pace: Pace,
        parse: Callable[[Answer], T],
        parameters: Mapping[str, object],
    ) -> T:
        await pace.take()
        method = getattr(self._clients(operation.service), operation.method)
        self.tally.by_operation[operation.name] += 1
        try:
            answer = await self._workers.run(partial(method, **parameters))
        except Exception as error:  # noqa: BLE001 - what is not AWS's is raised again
            raise from_exception(operation, error, secrets=self._secrets, asked=parameters) from None
        try:
            return parse(answer)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise malformed(operation, f"{type(error).__name__} {error}") from None

    def _hopeless(self, failure: AwsFailure, attempts: int) -> bool:
        """Whether nothing answers, and the time limit says not to wait for that."""
        limit = None if self._deadline is None else self._deadline.attempts
        return limit is not None and failure.unreachable and attempts >= limit

    async def _in_time(self, operation: Operation, waiting: Awaitable[T], last: AwsFailure | None) -> T:
        """Wait until the time limit; `last` is how the attempt before failed."""
        limit = self._deadline
        if limit is None:
            return await waiting
        timeout = asyncio.timeout_at(limit.end)
        try:
            async with timeout:
                return await waiting
        except TimeoutError:
            if not timeout.expired():
                raise
            raise past_deadline(operation, limit, last) from None

    def _pace(self, limit: Limit) -> Pace:
        if limit.name not in self._paces:
            raised = self._rates.get(limit.name, limit.rate)
            self._paces[limit.name] = Pace(Limit(limit.name, raised, limit.burst * raised / limit.rate))
        return self._paces[limit.name]
