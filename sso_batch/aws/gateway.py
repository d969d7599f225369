"""The only path to AWS for an audit: every call is rate-limited, retried, counted and parsed here.

botocore makes a single attempt; this is the only retry layer. Its own layers lose answers: with 8 threads at
the limit, default retries lose 15 of 400, and standard mode stops retrying once its 500 tokens are spent.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from sso_batch import open_files
from sso_batch.aws.backoff import Backoff, TimeLimit
from sso_batch.aws.error_codes import TOO_MANY_OPEN_FILES
from sso_batch.aws.error_mapping import failure_from
from sso_batch.aws.exceptions import (
    AwsFailure,
    attempts_exhausted,
    deadline_exceeded,
    endless_listing,
    malformed_answer,
    missing_list,
)
from sso_batch.aws.operations import Limit, Operation
from sso_batch.aws.rate_limiter import RateLimiter
from sso_batch.daemon_threads import DaemonThreads

T = TypeVar("T")

Answer = Mapping[str, Any]

GIVE_UP = 300.0
"""Seconds after a call's first attempt in which it is retried."""

MOST_PAGES = 10_000
"""Pages of one listing, unless the operation has a limit of its own: four times the largest that AWS allows,
50,000 accounts in pages of 20."""

MOST_EMPTY_PAGES = 500
"""Empty pages in a row; AWS may send some."""


@dataclass(slots=True)
class CallCounts:
    """The calls of one organization as the manifest reports them: every attempt counts."""

    by_operation: Counter[str] = field(default_factory=Counter)
    throttled: int = 0
    retried: int = 0


class Gateway:
    """The calls of one organization, through `clients`: one for each service, by botocore's name.

    `rates` overrides the requests a second of limits, by their names. After the end of `deadline` every call
    fails at once, so that whatever is unfinished becomes a gap. `secrets` are masked in every message.
    `renew` makes the next call renew its credentials, and returns whether they can be renewed. `release`
    closes idle connections, to free file descriptors.
    """

    def __init__(
        self,
        clients: Callable[[str], Any],
        workers: DaemonThreads,
        *,
        rates: Mapping[str, float],
        counts: CallCounts,
        deadline: TimeLimit | None = None,
        secrets: tuple[str, ...] = (),
        renew: Callable[[], bool] = lambda: False,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self._clients = clients
        self._workers = workers
        self._rates = rates
        self._counts = counts
        self._deadline = deadline
        self._secrets = secrets
        self._renew = renew
        self._release = release
        self._limiters: dict[str, RateLimiter] = {}

    async def call(self, operation: Operation, parse: Callable[[Answer], T], **parameters: object) -> T:
        """Return what `parse` makes of the answer; raise AwsFailure after the last attempt.

        An answer that `parse` cannot read, because a key is missing, is malformed, and the call is repeated.
        """
        limiter = self._limiter(operation.limit)
        clock = asyncio.get_running_loop().time
        started = clock()
        backoff = Backoff(end=started + GIVE_UP)
        renewed = False
        last: AwsFailure | None = None
        while True:
            if self._deadline is not None and clock() >= self._deadline.end:
                raise deadline_exceeded(operation, self._deadline, last)
            self._counts.retried += backoff.failed_attempts > 0
            try:
                return await self._in_time(
                    operation, self._attempt(operation, limiter, parse, parameters), last
                )
            except AwsFailure as failure:
                last = failure
                self._relieve(failure, limiter)
                pause = backoff.next_pause()
                if failure.expired and not renewed:
                    renewed = self._renew()
                    if not renewed:
                        raise
                elif not failure.transient:
                    raise
                elif not backoff.allows(clock() + pause) or self._hopeless(failure, backoff.failed_attempts):
                    raise attempts_exhausted(failure, backoff.failed_attempts, clock() - started) from None
            await self._in_time(operation, asyncio.sleep(pause), last)

    async def pages(
        self, operation: Operation, parse: Callable[[Any], T], **parameters: object
    ) -> AsyncIterator[list[T]]:
        """Yield the items of a listing page by page; a page can be empty, only its token ends the listing.

        A repeated token would make the listing endless: such an answer is malformed. A listing that is longer
        than any of AWS's fails, too.
        """
        tokens: set[str] = set()
        empty = 0

        def parse_page(answer: Answer) -> tuple[list[T], str | None]:
            token: str | None = answer.get(operation.token_key) or None
            if token in tokens:
                raise malformed_answer(operation, "a page token came back a second time")
            if operation.may_omit_list and operation.items not in answer and token is None:
                raise missing_list(operation)
            return [parse(item) for item in answer[operation.items]], token

        if operation.page is not None:
            parameters[operation.page_size_key] = operation.page
        while True:
            items, token = await self.call(operation, parse_page, **parameters)
            yield items
            if token is None:
                return
            tokens.add(token)
            empty = 0 if items else empty + 1
            if len(tokens) >= (operation.most_pages or MOST_PAGES) or empty >= MOST_EMPTY_PAGES:
                raise endless_listing(operation, len(tokens))
            parameters[operation.token_key] = token

    async def _attempt(
        self,
        operation: Operation,
        limiter: RateLimiter,
        parse: Callable[[Answer], T],
        parameters: Mapping[str, object],
    ) -> T:
        await limiter.acquire()
        method = getattr(self._clients(operation.service), operation.method)
        self._counts.by_operation[operation.label] += 1
        try:
            answer = await self._workers.run(partial(method, **parameters))
        except Exception as error:  # noqa: BLE001 - failure_from raises what is not AWS's again
            raise failure_from(operation, error, secrets=self._secrets, parameters=parameters) from None
        try:
            return parse(answer)
        except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise malformed_answer(operation, f"{type(error).__name__} {error}") from None

    def _relieve(self, failure: AwsFailure, limiter: RateLimiter) -> None:
        """Slow down after a throttle, and free file descriptors where none was left."""
        if failure.throttle:
            self._counts.throttled += 1
            limiter.slow_down()
        if failure.code == TOO_MANY_OPEN_FILES:
            self._release()
            open_files.release_garbage()

    def _hopeless(self, failure: AwsFailure, attempts: int) -> bool:
        """Return whether nothing answers, and the time limit says not to wait for that."""
        limit = None if self._deadline is None else self._deadline.attempts
        return limit is not None and failure.unreachable and attempts >= limit

    async def _in_time(self, operation: Operation, waiting: Awaitable[T], last: AwsFailure | None) -> T:
        """Wait until the time limit; `last` is the failure of the attempt before."""
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
            raise deadline_exceeded(operation, limit, last) from None

    def _limiter(self, limit: Limit) -> RateLimiter:
        if limit.name not in self._limiters:
            rate = self._rates.get(limit.name, limit.rate)
            self._limiters[limit.name] = RateLimiter(Limit(limit.name, rate, limit.burst * rate / limit.rate))
        return self._limiters[limit.name]
