"""The made-up companies of the demo, and the hub from which each of them is audited."""

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
    """Return three companies that can be audited; with failure one that can in part, and one that cannot."""
    bank, ostsee, studio = harbor_bank.build(), ostsee_logistik.build(), lumen_games.build()
    companies = [bank, ostsee, studio]
    roles = [
        audit_role(bank),
        audit_role(ostsee, external_id="hafen-42/ostsee"),
        audit_role(studio),
    ]
    if with_failure:
        clinic, publisher = kestrel_health.build(), vesper_media.build()
        companies += [clinic, publisher]
        roles += [
            audit_role(clinic, denied=kestrel_health.DENIED),
            audit_role(publisher, trusted=vesper_media.TRUSTED),
        ]
    return World(tuple(companies), (HUB,), tuple(roles))
