"""Which entry of the configuration audits which instance: no two the same."""

import asyncio
from collections.abc import Sequence
from typing import Any

from sso_batch.errors import OrganizationError
from sso_batch.model import Instance


class Claims:
    """The instances that entries have reached. Of two that reach the same, the later in the file fails.

    Entries are audited at once, so that the later one can come first: its task is then cancelled, and
    `lost` tells it why. One that has already ended keeps its instance.
    """

    def __init__(self, order: Sequence[str]) -> None:
        self._position = {name: position for position, name in enumerate(order)}
        self._holders: dict[str, tuple[str, asyncio.Task[Any]]] = {}
        self._lost: dict[str, OrganizationError] = {}

    def claim(self, organization: str, instance: Instance) -> None:
        """Take the instance for the current task's entry; raises OrganizationError where it is taken."""
        task = asyncio.current_task()
        assert task is not None, "claimed by a coroutine"  # noqa: S101 - for the type checker
        holder, rival = self._holders.get(instance.arn, (organization, task))
        if holder != organization:
            if rival.done() or self._position[holder] < self._position[organization]:
                raise same_instance(holder, instance.arn)
            self._lost[holder] = same_instance(organization, instance.arn)
            rival.cancel()
        self._holders[instance.arn] = (organization, task)

    def lost(self, organization: str) -> OrganizationError | None:
        """Why an entry was cancelled, if it was for its claim."""
        return self._lost.get(organization)


def same_instance(holder: str, instance_arn: str) -> OrganizationError:
    """Why an entry fails that reaches the instance of another one, the `holder`."""
    return OrganizationError(
        f"the entry {holder} already reaches this instance, {instance_arn}",
        code="SameInstance",
        operation="ListInstances",
        hint="take one of the two entries away, or mend the credentials of the wrong one; "
        "`organization_id` tells a wrong one apart",
    )
