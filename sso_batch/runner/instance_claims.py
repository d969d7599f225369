"""The rule that no two entries of the configuration audit the same instance."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from sso_batch.errors import OrganizationError
from sso_batch.model import Instance


class InstanceHolders:
    """Which entry has which instance, for entries that are looked at in the order of the configuration.

    Of two entries with the same instance the later one fails.
    """

    def __init__(self) -> None:
        self._holders: dict[str, str] = {}

    def conflict(self, entry: str, instance: Instance | None) -> OrganizationError | None:
        """Return why an entry fails: another entry has its instance. None where it does not fail."""
        holder = entry if instance is None else self._holders.get(instance.arn, entry)
        return None if instance is None or holder == entry else _same_instance(holder, instance)

    def claim(self, entry: str, instance: Instance | None) -> OrganizationError | None:
        """Record that an entry has an instance, unless another one has it: then return the conflict."""
        conflict = self.conflict(entry, instance)
        if conflict is None and instance is not None:
            self._holders[instance.arn] = entry
        return conflict


class Claims(Protocol):
    """Where entries that are audited in parallel claim their instances."""

    async def claim(self, organization: str, instance: Instance) -> None:
        """Take the instance for an entry, in its own task; raise OrganizationError where it is taken."""
        ...

    def lost(self, organization: str) -> OrganizationError | None:
        """Return why an entry was cancelled, if another one took its instance."""
        ...


class InstanceClaims:
    """The same rule for entries that are audited in parallel, where the later entry can come first.

    The task of the later entry is then cancelled, and `lost` returns the reason. An entry that has already
    finished keeps its instance.
    """

    def __init__(self, order: Sequence[str]) -> None:
        self._position = {name: position for position, name in enumerate(order)}
        self._holders: dict[str, tuple[str, asyncio.Task[Any]]] = {}
        self._lost: dict[str, OrganizationError] = {}

    async def claim(self, organization: str, instance: Instance) -> None:
        """Take the instance for the current task's entry; raise OrganizationError where it is taken."""
        task = asyncio.current_task()
        assert task is not None, "claimed by a coroutine"  # noqa: S101 - for the type checker
        holder, rival = self._holders.get(instance.arn, (organization, task))
        if holder != organization:
            if rival.done() or self._position[holder] < self._position[organization]:
                raise _same_instance(holder, instance)
            self._lost[holder] = _same_instance(organization, instance)
            rival.cancel()
        self._holders[instance.arn] = (organization, task)

    def lost(self, organization: str) -> OrganizationError | None:
        """Return why an entry was cancelled, if another one took its instance."""
        return self._lost.get(organization)


def _same_instance(holder: str, instance: Instance) -> OrganizationError:
    return OrganizationError(
        f"the entry {holder} already audits this instance, {instance.arn}",
        code="SameInstance",
        operation="ListInstances",
        hint="remove one of the two entries, or fix its credentials; set `organization_id` to find out "
        "which one is wrong",
    )
