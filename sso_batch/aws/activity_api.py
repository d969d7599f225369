"""The calls about the activity in an instance: CloudTrail's event history of the caller's account."""

from collections.abc import AsyncIterator
from datetime import datetime

from sso_batch.aws import operations
from sso_batch.aws.event_parsing import EventParser, LookedUp
from sso_batch.aws.exceptions import endless_listing
from sso_batch.aws.gateway import Gateway
from sso_batch.model import EventName


class ActivityApi:
    """The events about one instance of IAM Identity Center and its identity store."""

    def __init__(self, gateway: Gateway, instance_arn: str, identity_store_id: str) -> None:
        self._gateway = gateway
        self._parser = EventParser(instance_arn, identity_store_id)

    async def events(
        self, name: EventName, since: datetime, until: datetime
    ) -> AsyncIterator[list[LookedUp]]:
        """Yield pages of the events with a name, the newest first; raise AwsFailure without an answer.

        CloudTrail keeps events for 90 days. They are looked up by name, because by source the audit's own
        calls would be among them.
        """
        pages = 0
        previous: frozenset[str] = frozenset()
        async for page in self._gateway.pages(
            operations.LOOKUP_EVENTS,
            lambda item: self._parser.parse(name, item),
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}],
            StartTime=since,
            EndTime=until,
        ):
            pages += 1
            ids = frozenset(event.id for event in page)
            if ids and ids <= previous:
                raise endless_listing(operations.LOOKUP_EVENTS, pages)
            previous = ids or previous
            yield page
