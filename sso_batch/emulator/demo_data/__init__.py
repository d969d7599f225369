"""The demo's organizations, and the hub account from which they are audited."""

from sso_batch.emulator.demo_data import (
    harbor_bank,
    kestrel_health,
    lumen_games,
    ostsee_logistik,
    vesper_media,
)
from sso_batch.emulator.world import World
from sso_batch.emulator.world.hub import HUB, audit_role


def demo_world(*, with_failure: bool = False) -> World:
    """Return three organizations; with failure, also an incomplete one and one that denies access."""
    bank, ostsee, studio = harbor_bank.build(), ostsee_logistik.build(), lumen_games.build()
    organizations = [bank, ostsee, studio]
    roles = [
        audit_role(bank),
        audit_role(ostsee, external_id="hafen-42/ostsee"),
        audit_role(studio),
    ]
    if with_failure:
        clinic, publisher = kestrel_health.build(), vesper_media.build()
        organizations += [clinic, publisher]
        roles += [
            audit_role(clinic, denied=kestrel_health.DENIED),
            audit_role(publisher, trusted=vesper_media.TRUSTED),
        ]
    return World(tuple(organizations), (HUB,), tuple(roles))
