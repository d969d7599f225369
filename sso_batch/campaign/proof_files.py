"""The files of a proof: a CSV file, a record for programs, and a page."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import count

from sso_batch import __version__
from sso_batch.campaign import file_names
from sso_batch.campaign.closed import Closed, manifest_sha256, read_file
from sso_batch.campaign.csv_files import ItemLines
from sso_batch.campaign.pages.proof_page import render_proof
from sso_batch.campaign.proof import ProvedItem, Result
from sso_batch.campaign.proof_record import (
    SCHEMA,
    Proof,
    ProofCounts,
    ProofRow,
    ProvedCampaign,
    ProvedOrganization,
    ProvingRun,
    encode_proof,
    read_proof,
)
from sso_batch.campaign.proving import EarlierProof
from sso_batch.campaign.publishing import publish_once
from sso_batch.campaign.record import CampaignError, File
from sso_batch.coverage import Scope
from sso_batch.run_files.stored_runs import StoredRun
from sso_batch.store import Store

_MOST_PROOFS = 1000
_FIRST = ("Item", "Result", "Detail")
_ABSENT = {Result.GONE.value, Result.REACHABLE_OTHERWISE.value}


def earlier_proofs(store: Store, closed: Closed, run: StoredRun) -> Iterator[EarlierProof]:
    """Yield the proofs of a campaign with runs before this one; raise CampaignError or OSError."""
    for file in store.stored():
        if not file_names.is_proof(file.name):
            continue
        proof = read_proof(read_file(store, file.name), f"{store.name}/{file.name}")
        is_earlier = proof.run.started_at < run.manifest.started_at
        if is_earlier and proof.campaign.signoff_sha256 == closed.signoff_sha256:
            gone = frozenset(row.item for row in proof.rows if row.result in _ABSENT)
            yield EarlierProof(proof.run.run_id, gone)


def publish_proof(
    store: Store, closed: Closed, run: StoredRun, proved: Sequence[ProvedItem], *, proved_at: datetime
) -> tuple[str, Proof]:
    """Write the files of a proof; return the name that they have in common, and the record.

    A proof with the same result stays as it is. If the campaign has another proof with this run, such as
    before the run was resumed, the new one has a number in its name. Raises CampaignError or OSError.
    """
    record = closed.record
    lines = ItemLines(record.people, escape=record.escape_formulas)
    rows = [lines.header_after(_FIRST, start=1)]
    for each in proved:
        values = (each.item.id, each.result.value, each.detail)
        rows.append(lines.line_after(list(zip(_FIRST, values, strict=True)), each.item, start=1))
    digest = manifest_sha256(run)
    for number in count(1):
        run_id = run.manifest.run_id if number == 1 else f"{run.manifest.run_id}-{number}"
        name = file_names.proof(run_id, "json")
        existing = _existing(store, name)
        if existing is not None and existing.run.manifest_sha256 != digest:
            continue
        try:
            files = publish_once(store, [(file_names.proof(run_id, "csv"), rows, len(proved))])
        except CampaignError:
            if number < _MOST_PROOFS:
                continue
            raise
        proof = existing or _proof(closed, run, digest, proved, files, proved_at)
        publish_once(store, [(name, [encode_proof(proof).decode()], 0)])
        publish_once(store, [(file_names.proof(run_id, "html"), [render_proof(proof)], 0)])
        return run_id, proof
    raise AssertionError("unreachable")


def _existing(store: Store, name: str) -> Proof | None:
    try:
        return read_proof(read_file(store, name), f"{store.name}/{name}")
    except FileNotFoundError:
        return None


def _proof(
    closed: Closed,
    run: StoredRun,
    digest: str,
    proved: Sequence[ProvedItem],
    files: Sequence[File],
    proved_at: datetime,
) -> Proof:
    counts = Counter(each.result.value for each in proved)
    manifest = run.manifest
    return Proof(
        schema=SCHEMA,
        version=__version__,
        proved_at=proved_at,
        campaign=ProvedCampaign(
            run_id=closed.record.run.run_id,
            closed_at=closed.signoff.closed_at,
            undecided=closed.signoff.totals.undecided,
            signoff_sha256=closed.signoff_sha256,
        ),
        run=ProvingRun(
            run_id=manifest.run_id,
            started_at=manifest.started_at,
            finished_at=manifest.finished_at,
            status=manifest.status.value,
            manifest_sha256=digest,
            endpoint_overrides=manifest.endpoint_overrides,
        ),
        organizations=tuple(_organizations(closed, run)),
        counts=ProofCounts(**{result.value: counts[result.value] for result in Result}),
        rows=tuple(map(_row, proved)),
        files=tuple(files),
    )


def _organizations(closed: Closed, run: StoredRun) -> Iterator[ProvedOrganization]:
    """Yield what the later run says about the organizations of the campaign."""
    outcomes = {outcome.name: outcome for outcome in run.manifest.outcome.organizations}
    for organization in closed.record.organizations:
        outcome = outcomes.get(organization.name)
        if outcome is not None:
            left_out = (each.text for each in outcome.not_examined if each.scope is Scope.COLLECTION)
            yield ProvedOrganization(
                name=outcome.name, status=outcome.status.value, not_examined=tuple(left_out)
            )


def _row(proved: ProvedItem) -> ProofRow:
    item = proved.item
    return ProofRow(
        item=item.id,
        result=proved.result.value,
        detail=proved.detail,
        kind=item.kind,
        organization=item.organization,
        who=item.who,
        what=item.what,
        where=item.where,
        reviewer=item.reviewer,
    )
