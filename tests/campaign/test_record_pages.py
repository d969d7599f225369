"""Tests of the pages of sign-off and proof."""

import base64
import hashlib
import re
from datetime import timedelta
from html import escape
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.campaign.pages.proof_page import render_proof
from sso_batch.campaign.pages.signoff_page import render_signoff
from sso_batch.campaign.proof import Result
from sso_batch.campaign.proof_record import (
    RESULTS,
    Proof,
    ProofCounts,
    ProofRow,
    ProvedCampaign,
    ProvedOrganization,
    ProvingRun,
    encode_proof,
    read_proof,
)
from sso_batch.campaign.record import CampaignError, Earlier, File, LeftOut
from sso_batch.campaign.signoff import Signoff, encode_signoff, read_signoff
from tests.campaign.outcomes import (
    NOON,
    OPEN,
    SHA,
    UNSURE,
    assignment,
    keep,
    membership,
    organization,
    returned_file,
    revoke,
    signed,
)

HOSTILE = "<script>alert(1)</script>\"'&{{ 7*7 }}{% x %}\u202e\n\x00"
VOID = {"meta", "path", "circle", "rect"}


class Page(HTMLParser):
    """The elements and the text of a page; fails where an element is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element without content."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Check that the element was opened last."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note text, except for the style."""
        if "style" not in self._open:
            self.words.append(data)

    @property
    def text(self) -> str:
        """The text, with single spaces."""
        return " ".join(" ".join(self.words).split())

    @property
    def tags(self) -> set[str]:
        """The names of all elements."""
        return {tag for tag, _ in self.elements}


def whole() -> Signoff:
    """Return a sign-off that has everything that a page can show."""
    found = signed(
        [
            *((assignment(id=f"ax{n}"), keep()) for n in range(31)),
            *((assignment(id=f"ar{n}"), revoke()) for n in range(17)),
            *((membership(id=f"mr{n}", managed_by="idp"), revoke()) for n in range(13)),
            *((assignment(id=f"au{n}", who=f"Unsure {n}"), UNSURE) for n in range(7)),
            *((assignment(id=f"ao{n}", who=f"Open {n}"), OPEN) for n in range(5)),
        ],
        organization(items=73, not_examined=("applications", "events")),
        waivers=23,
    )
    return found.model_copy(
        update={
            "campaign": found.campaign.model_copy(
                update={
                    "scope": "changed",
                    "since": Earlier(run_id="20260901-000000", closed_at=NOON, signoff_sha256="d" * 64),
                    "endpoint_overrides": ("sts=http://localhost:1",),
                }
            ),
            "population": found.population.model_copy(
                update={"out_of_scope": 1234, "groups_without_access": 19}
            ),
            "left_out": (LeftOut(name="globex", reason="not selected in the run"),),
            "fallback": found.fallback.model_copy(update={"no_rule": 29, "own_access": 37}),
        }
    )


def proof(*results: str, status: str = "complete", **fields: str) -> Proof:
    """Return a proof whose items have these results, and these fields."""
    defaults = {"detail": "", "kind": "assignment", "organization": "acme", "who": "Ann", "what": "Admin"}
    others = {"where": "Prod", "reviewer": "ciso@example.com"}
    rows = [
        ProofRow.model_construct(
            **{"item": f"ax{number}", "result": result, **defaults, **others, **fields}  # type: ignore[arg-type] # by name
        )
        for number, result in enumerate(results)
    ]
    return Proof.model_construct(
        schema_=1,
        version="1.0",
        proved_at=NOON,
        campaign=ProvedCampaign(run_id="20261127-120000", closed_at=NOON, undecided=0, signoff_sha256=SHA),
        run=ProvingRun(
            run_id="20270111-060000",
            started_at=NOON,
            finished_at=NOON + timedelta(minutes=4),
            status=status,
            manifest_sha256="e" * 64,
            endpoint_overrides=(),
        ),
        organizations=(
            ProvedOrganization(name="acme", status=status, not_examined=("orphaned assignments",)),
        ),
        counts=ProofCounts(**{result: results.count(result) for result in RESULTS}),
        rows=tuple(rows),
        files=(File(name="proof_20270111-060000.csv", sha256="f" * 64, rows=len(rows), bytes=9876),),
    )


PAGES = {
    "partial": lambda: render_signoff(whole()),
    "complete": lambda: render_signoff(signed([(assignment(), keep())])),
    "proved": lambda: render_proof(proof("gone", "gone")),
    "not proved": lambda: render_proof(proof(*RESULTS)),
    "nothing": lambda: render_proof(proof()),
}


@pytest.mark.parametrize("name", PAGES)
def test_policy(name: str) -> None:
    """A page has no script, no link to elsewhere, no style but the one whose hash its policy names."""
    text = PAGES[name]()
    page = Page(text)

    (policy,) = (each["content"] for tag, each in page.elements if tag == "meta" and "http-equiv" in each)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'")
    assert page.tags.isdisjoint({"script", "link", "img", "iframe", "form", "object"})
    attributes = {name for _, each in page.elements for name in each}
    assert attributes.isdisjoint({"style", "src"})
    assert not any(name.startswith("on") for name in attributes)
    links = [each["href"] for tag, each in page.elements if tag == "a"]
    ids = {each["id"] for _, each in page.elements if "id" in each}
    assert all(link and link.removeprefix("#") in ids for link in links)
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("name", PAGES)
def test_ids(name: str) -> None:
    """Each id is there once, and every label that names one finds it."""
    page = Page(PAGES[name]())

    ids = [each["id"] for _, each in page.elements if "id" in each]
    assert len(ids) == len(set(ids))
    assert {each["aria-labelledby"] for _, each in page.elements if "aria-labelledby" in each} <= set(ids)


@pytest.mark.parametrize(
    "words",
    [
        "Partial: 12 of 73 items were not decided",
        "Access as of 27 November 2026",
        "Run 20261127-120000",
        "Due 2026-12-18",
        "Closed 2026-11-27 12:00 UTC",
        "31 kept 30 to revoke 7 unsure 5 without a decision",
        "23 waivers accept findings",
        "73: 60 assignments and 13 memberships",
        "changed access; out of scope: 1,234 items",
        "1,234 other items were kept in the last campaign and are unchanged",
        "the campaign on run 20260901-000000 , closed 2026-11-27 12:00 UTC",
        "19 groups without an assignment",
        "applications; events",
        "globex not selected in the run",
        "http://localhost:1 (the access that was reviewed did not come from AWS)",
        "ciso@example.com 73 31 30 7 5",
        "37 items went to the fallback",
        "29 items because no rule matched",
        "acme 17 13 30",
        "Unsure 0 au0 Admin Prod acme ciso@example.com unsure",
        "Open 4 ao4 Admin Prod acme ciso@example.com no decision",
        "decisions.csv 73 4,321",
        "Name and signature Date Name and signature Date",
    ],
)
def test_signoff(words: str) -> None:
    """The page has the facts of the record."""
    assert words in Page(render_signoff(whole())).text


def test_hashes() -> None:
    """Every hash is on the page in full."""
    found = whole()
    titles = {each.get("title") for _, each in Page(render_signoff(found)).elements}

    assert {f"SHA-256 {SHA}", f"SHA-256 {'d' * 64}"} <= titles


def test_complete() -> None:
    """A complete sign-off has no list of open items."""
    text = Page(render_signoff(signed([(assignment(), keep()), (membership(), keep())]))).text

    assert "Complete: all 2 items were decided" in text
    assert "Partial" not in text
    assert "Items that were not decided" not in text
    assert "Nothing is to be revoked." in text
    assert "No findings were accepted: there are no waivers." in text
    assert "No organization of the run's configuration was left out." in text


def test_only_item() -> None:
    """One item is not called several."""
    assert (
        "Complete: the only item was decided" in Page(render_signoff(signed([(assignment(), keep())]))).text
    )
    assert "Partial: 1 of 1 item was not decided" in Page(render_signoff(signed([(assignment(), OPEN)]))).text


def test_privileged() -> None:
    """The page of a privileged campaign says how much was not reviewed."""
    found = signed([(assignment(), keep())])
    changes = {
        "campaign": found.campaign.model_copy(update={"scope": "privileged"}),
        "population": found.population.model_copy(update={"out_of_scope": 1}),
    }

    text = Page(render_signoff(found.model_copy(update=changes))).text
    assert "The population is privileged access only" in text
    assert "1 other item was not reviewed." in text


def test_more_open_items() -> None:
    """The page says how many open items it does not name."""
    found = signed([(assignment(id=f"ax{number}"), OPEN) for number in range(1005)])

    text = Page(render_signoff(found)).text
    assert "The first 1,000 of 1,005 items. All of them are in decisions.csv ." in text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "changed 2026-11-27 12:00 UTC"),
        ({"changed": False}, "not changed since 2026-11-27 12:00 UTC"),
    ],
)
def test_sheets(fields: dict[str, object], words: str) -> None:
    """The page says of each sheet whether and when it was changed."""
    found = signed([(assignment(), keep())])
    reviewer = found.reviewers[0].model_copy(update={"files": (returned_file(**fields),)})

    text = Page(render_signoff(found.model_copy(update={"reviewers": (reviewer,)}))).text
    assert f"review_ciso_example.com.csv {words}" in text


def test_reviewer_without_sheets() -> None:
    """A reviewer whose sheets are not there is shown."""
    text = render_signoff(signed([(assignment(reviewer="cfo@example.com"), OPEN)]))

    assert "No file of this reviewer was found." in text


def test_signoff_again() -> None:
    """The page made from the file is the page made from the record."""
    found = whole()

    assert render_signoff(read_signoff(encode_signoff(found), "signoff.json")) == render_signoff(found)


def check_hostile(text: str) -> None:
    """Fail if a hostile name is more than visible text."""
    page = Page(text)
    assert "script" not in page.tags
    shown = HOSTILE.replace("\u202e", "[U+202E]").replace("\n", "[U+000A]").replace("\x00", "[U+0000]")
    assert shown in page.text
    assert escape(shown, quote=False).split('"', maxsplit=1)[0] in text


def test_hostile_signoff() -> None:
    """Names are text, whatever they contain, and hidden characters are visible."""
    names = dict.fromkeys(("id", "who", "what", "where", "reviewer"), HOSTILE)
    item = assignment(**names, organization=HOSTILE)
    acme = organization(HOSTILE, not_examined=(HOSTILE,), organization_id=HOSTILE)
    found = signed([(item, OPEN), (item, revoke())], acme)
    changes = {
        "left_out": (LeftOut(name=HOSTILE, reason=HOSTILE),),
        "version": HOSTILE,
        "files": (File.model_construct(name=HOSTILE, sha256=SHA, rows=1, bytes=1),),
        "campaign": found.campaign.model_copy(update={"run_id": HOSTILE, "endpoint_overrides": (HOSTILE,)}),
    }

    check_hostile(render_signoff(found.model_copy(update=changes)))


def test_hostile_proof() -> None:
    """Names in a proof are text, too."""
    names = dict.fromkeys(
        ("item", "detail", "kind", "organization", "who", "what", "where", "reviewer"), HOSTILE
    )

    check_hostile(render_proof(proof(*RESULTS, status=HOSTILE, **names)))


@settings(max_examples=50, deadline=None)
@given(name=st.text())
def test_any_text(name: str) -> None:
    """Whatever names are, the pages are well-formed."""
    Page(render_signoff(signed([(assignment(who=name, what=name, reviewer=name), OPEN)])))
    Page(render_proof(proof("gone", "not_read", who=name, detail=name)))


def test_results() -> None:
    """The record has the results that a proof can have."""
    assert set(RESULTS) == {result.value for result in Result}


def test_proved() -> None:
    """If everything is gone after a complete run, the page says that it is proved."""
    text = Page(render_proof(proof("gone", "gone"))).text

    assert "Proved: all 2 revocations were carried out" in text
    assert "Not proved" not in text
    assert "2 gone 0 still there 0 came back 0 reachable otherwise 0 not read" in text
    assert "Ann ax1 assignment Admin Prod acme ciso@example.com" in text
    assert "proof_20270111-060000.csv 2 9,876" in text


@pytest.mark.parametrize("result", [result for result in RESULTS if result != "gone"])
def test_not_proved(result: str) -> None:
    """One item that is not gone is enough, and stands before those that are."""
    text = Page(render_proof(proof("gone", result, detail="in run 7"))).text

    assert "NOT PROVED: Proof of revocations" in text
    assert "Not proved: 1 of 2 revocations" in text
    assert text.index("in run 7 revoked by ciso@example.com") < text.index("Gone")


def test_order() -> None:
    """Results are grouped: what is not proved first."""
    titles = re.findall(r'<h2 id="\w+">([^<]+) <span', render_proof(proof(*reversed(RESULTS))))

    assert titles == ["Still there", "Came back", "Removed, but still reachable", "Not read", "Gone"]


def test_incomplete_run() -> None:
    """After an incomplete run the page says so, even if everything is gone."""
    text = render_proof(proof("gone", status="incomplete"))

    assert "<strong>The later run is incomplete</strong>" in text
    assert 'class="verdict good"' in text


def test_undecided_items() -> None:
    """After a partial campaign, the page says that it is not about the items without a decision."""
    closed = proof("gone")
    partial = closed.model_copy(update={"campaign": closed.campaign.model_copy(update={"undecided": 2})})

    assert "closed before 2 items had a decision" in render_proof(partial)


def test_nothing_revoked() -> None:
    """Without revocations there is nothing to prove."""
    assert "Nothing was to be revoked" in render_proof(proof())


def test_many_rows() -> None:
    """A page has so many items of each result, and says how many there are."""
    text = Page(render_proof(proof(*["gone"] * 5, *["not_read"] * 2), max_rows=3)).text

    assert "The first 3 of 5 items. All of them are in the CSV file of the same name." in text
    assert text.count("The first") == 1


def test_proof_round_trip() -> None:
    """A proof is read back as it was written, and makes the same page."""
    found = proof(*RESULTS)

    read = read_proof(encode_proof(found), "proof.json")
    assert read == found
    assert render_proof(read) == render_proof(found)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"schema": 2}'])
def test_other_content(content: bytes) -> None:
    """Anything else is refused, with the name of the file."""
    with pytest.raises(CampaignError, match=r"^proof\.json: this is not a proof of this version"):
        read_proof(content, "proof.json")
