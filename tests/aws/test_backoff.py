"""Tests of the pauses between attempts."""

from types import SimpleNamespace

import pytest

from sso_batch.aws.backoff import FIRST_PAUSE, LONGEST_PAUSE, Backoff


def test_pauses_double_up_to_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest possible pause doubles with each failed attempt until it reaches the cap."""
    monkeypatch.setattr("sso_batch.aws.backoff.random", SimpleNamespace(uniform=lambda _, longest: longest))
    backoff = Backoff()

    assert [backoff.next_pause() for _ in range(7)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_PAUSE]
    assert backoff.failed_attempts == 7


def test_pauses_are_drawn_from_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """Full jitter: a pause is anything from zero up, so that callers do not retry in step."""
    drawn: list[tuple[float, float]] = []

    def draw(shortest: float, longest: float) -> float:
        drawn.append((shortest, longest))
        return shortest

    monkeypatch.setattr("sso_batch.aws.backoff.random", SimpleNamespace(uniform=draw))

    assert Backoff().next_pause() == 0
    assert drawn == [(0, FIRST_PAUSE)]


def test_any_number_of_attempts() -> None:
    """The pause stays below the cap after any number of attempts."""
    assert 0 <= Backoff(failed_attempts=100_000).next_pause() <= LONGEST_PAUSE


def test_end() -> None:
    """An attempt may start until the end, and at any time without an end."""
    assert [Backoff(10.0).allows(start) for start in (9.9, 10.0, 10.1)] == [True, True, False]
    assert Backoff().allows(1e9)
