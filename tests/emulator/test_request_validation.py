"""Tests of request validation: what each rule rejects, and which violation is reported first."""

from typing import Any

import pytest

from sso_batch.emulator.request_validation import (
    Choice,
    ListOf,
    Pattern,
    Rule,
    Structure,
    Violation,
    WholeNumber,
    find_violation,
)

ACCOUNT = Pattern(r"\d{12}")


@pytest.mark.parametrize(
    ("rule", "value", "reason"),
    [
        (ACCOUNT, "000000000001", None),
        (ACCOUNT, "0000000000012", "INVALID_PATTERN"),
        (ACCOUNT, 1, "INVALID_PATTERN"),
        (WholeNumber(1, 20), 20, None),
        (WholeNumber(1, 20), 0, "MIN_VALUE_EXCEEDED"),
        (WholeNumber(1, 20), 21, "MAX_VALUE_EXCEEDED"),
        (WholeNumber(1, 20), "20", "MIN_VALUE_EXCEEDED"),
        (WholeNumber(0, 1), True, "MIN_VALUE_EXCEEDED"),
        (Choice(("USER", "GROUP")), "USER", None),
        (Choice(("USER", "GROUP")), "ROLE", "INVALID_ENUM"),
        (ListOf(ACCOUNT, 1, 2), ["000000000001"], None),
        (ListOf(ACCOUNT, 1, 2), [], "MIN_LENGTH_EXCEEDED"),
        (ListOf(ACCOUNT, 1, 2), "000000000001", "MIN_LENGTH_EXCEEDED"),
        (ListOf(ACCOUNT, 1, 2), ["000000000001"] * 3, "MAX_LENGTH_EXCEEDED"),
        (ListOf(ACCOUNT, 1, 2), ["000000000001", "1"], "INVALID_PATTERN"),
        (Structure({"account": ACCOUNT}), {}, None),
        (Structure({"account": ACCOUNT}), [], "INVALID_PATTERN"),
        (Structure({"account": ACCOUNT}), {"user": "1"}, "INVALID_PATTERN"),
        (Structure({"account": ACCOUNT}), {"account": "1"}, "INVALID_PATTERN"),
    ],
)
def test_a_rule_returns_its_reason(rule: Rule, value: Any, reason: str | None) -> None:  # noqa: ANN401 - any JSON
    """A value of the wrong type, out of bounds or outside an enumeration violates its rule."""
    violation = rule.check(value)

    assert (violation and violation[1]) == reason


@pytest.mark.parametrize(
    ("request_", "violation"),
    [
        ({"Id": "000000000001", "Size": 3}, None),
        ({"Size": 0}, Violation("Id", "Member must not be null", "INPUT_REQUIRED")),
        (
            {"Id": "000000000001", "Other": 1},
            Violation("Other", "Member is not served by the emulator", "INVALID_PATTERN", 1),
        ),
        (
            {"Id": "000000000001", "Size": 0},
            Violation("Size", "Member must have value greater than or equal to 1", "MIN_VALUE_EXCEEDED", 0),
        ),
    ],
)
def test_the_first_violation_is_reported(request_: dict[str, Any], violation: Violation | None) -> None:
    """Missing members come first, and a member that the operation does not accept is a violation."""
    rules: dict[str, Rule] = {"Id": ACCOUNT, "Size": WholeNumber(1, 20)}

    assert find_violation(request_, rules, ("Id",), frozenset({"Id", "Size"})) == violation
