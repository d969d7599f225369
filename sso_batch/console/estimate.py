"""How far a run has come, and how long it still takes. Pure."""

from collections.abc import Iterable

_CERTAIN = 0.02
"""The share that must be done before a time is estimated."""
_MOST_OF_ONE = 0.95
"""The share of a running organization's work that counts at most, because further calls become known."""


class Estimate:
    """The share of a run that is done and the seconds that are left: neither ever goes backwards.

    A running organization is compared with the calls of those that have ended, if they needed more than is
    known of it so far.
    """

    def __init__(self, total: int, start: float) -> None:
        self.total = total
        self.count = 0
        self._start = start
        self._calls = 0
        self._with_calls = 0
        self._share = 0.0
        self._left: float | None = None

    def ended(self, calls: int) -> None:
        """Count an organization that has ended, with the number of its calls; 0 for one without any."""
        self.count += 1
        self._calls += calls
        self._with_calls += calls > 0

    def look(self, running: Iterable[tuple[int, int]], now: float) -> tuple[float, float | None]:
        """Return the share, and the seconds left if they can be estimated.

        `running` has the finished and the known calls of each running organization.
        """
        usual = self._calls / self._with_calls if self._with_calls else 0.0
        done = self.count + sum(self._part(done, known, usual) for done, known in running)
        share = min(done / self.total, 1.0) if self.total else 1.0
        self._share = max(self._share, share)
        if self._share >= _CERTAIN:
            left = (now - self._start) * (1 - self._share) / self._share
            self._left = left if self._left is None else min(left, self._left)
        return self._share, self._left

    def _part(self, done: int, known: int, usual: float) -> float:
        if not known:
            return 0.0
        # Nothing has ended yet: half of what is known may be half of what there is.
        part = done / max(known, usual) if usual else done / known / 2
        return min(part, _MOST_OF_ONE)
