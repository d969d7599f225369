"""What happened in the demo's organizations in the last 90 days: assignments, group members and sign-ins."""

from sso_batch.emulator.world.builder import OrganizationBuilder
from sso_batch.emulator.world.events import History

_DAY = 24 * 3600


def record_harbor_bank(bank: OrganizationBuilder, now: float) -> None:
    """Record a pipeline, administrators, and a user who has not signed in for a long time."""
    history = History(bank)
    pipeline = history.role("IdentityPipeline", "gitlab-runner-4711")
    amara = history.role("AWSReservedSSO_AdministratorAccess_6b2f0c1d", "amara.okafor")
    cards = "222233330003"
    for account_id in ("222233330001", cards, "012345670006"):
        history.assigned(
            now - 61 * _DAY, pipeline, "AdministratorAccess", "GROUP", "platform/platform-oncall", account_id
        )
    history.assigned(
        now - 33 * _DAY,
        amara,
        "LedgerDeveloper",
        "USER",
        "tomas.vinter",
        "222233330001",
        error="AccessDenied",
    )
    history.assigned(now - 32 * _DAY, amara, "LedgerDeveloper", "USER", "tomas.vinter", "222233330001")
    history.assigned(now - 12 * _DAY, pipeline, "LedgerDeveloper", "GROUP", "contractors", "222233330002")
    history.assigned(now - 80 * _DAY, history.root(), "AdministratorAccess", "USER", "break.glass", cards)
    history.member(now - 20 * _DAY, amara, "AddMemberToGroup", "contractors", "mei.lin")
    history.member(now - 45 * _DAY, pipeline, "CreateGroupMembership", "auditors", "o.brien")
    history.signed_in(now - _DAY / 3, "amara.okafor")
    history.signed_in(now - 2 * _DAY, "amara.okafor")
    history.signed_in(now - 3 * _DAY, "siobhan.ni.bhriain")
    history.signed_in(now - 41 * _DAY, "tomas.vinter")
    history.signed_in(now - 5 * _DAY, "mei.lin")
    history.signed_in(now - 4 * _DAY, "grace.hall", failed=True)


def record_ostsee_logistik(ostsee: OrganizationBuilder, now: float) -> None:
    """Record an IAM user who assigns access, and sign-ins."""
    history = History(ostsee)
    user = history.iam_user("it-betrieb")
    history.assigned(now - 70 * _DAY, user, "Administrator", "USER", "j.schroeder", "444455550001")
    history.assigned(now - 9 * _DAY, user, "Zugangsverwaltung", "USER", "k.wisniewska", "333344440001")
    history.member(now - 8 * _DAY, user, "AddMemberToGroup", "zoll", "m.tamm")
    for days, name in enumerate(("j.schroeder", "k.wisniewska", "a.lindqvist", "m.tamm"), start=1):
        history.signed_in(now - days * _DAY, name)


def record_lumen_games(studio: OrganizationBuilder, now: float) -> None:
    """Record assignments by a delegated administrator, which the management account's history lacks."""
    history = History(studio)
    staging, live = "666677770002", "666677770001"
    noor = history.role("AWSReservedSSO_Admin_0d5e9a77", "noor.haddad", account_id=staging)
    history.assigned(now - 6 * _DAY, noor, "Analyst", "USER", "freya", "666677770003", account_id=staging)
    central = history.role("AWSReservedSSO_Admin_51c2ae90", "noor.haddad")
    history.assigned(now - 15 * _DAY, central, "Admin", "GROUP", "engineers/live-ops", live)
    history.member(now - 14 * _DAY, central, "CreateGroupMembership", "data", "yuki.tanaka")
    for days, name in ((1, "noor.haddad"), (2, "diego.fuentes"), (88, "freya")):
        history.signed_in(now - days * _DAY, name)
