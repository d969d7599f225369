"""Tests of the JSON Schema, its file, and the examples that it validates."""
# ruff: noqa: E501 - the example of the contract is shown as users read it

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sso_batch.config import Organization, load, schema, schema_text
from sso_batch.config.yaml_reader import read
from tests.config.conftest import Load

FOLDER = Path(__file__).parents[2] / "config"
CONTRACT = """\
# yaml-language-server: $schema=schema.json
version: 1
output:
  directory: reports              # or s3://bucket/prefix
  formats: [csv]                  # csv, html, xlsx; the snapshots are always written
  escape_formulas: true           # see Columns
  # for S3 only: profile or role_arn, region, kms_key_id
run:
  max_parallel_organizations: 20
  deadline: 2h                    # the whole run; what is unfinished by then is a gap
  resume_max_age: 12h             # an older finished organization is audited again
collect:
  strategy: complete              # complete | fastest   (see DESIGN.md)
  permission_set_details: true    # policies, boundary, tags
  entitlements: true              # account-access grants of IAM roles
  account_paths: true             # names of the OUs above an account
  requests_per_second: 20         # Identity Center's collective limit; more if AWS raised yours
review:                           # findings and changes; see `sso-batch checks`
  fail_on: off                    # off | low | medium | high -> exit 3
  compare: none                   # none | previous: each organization with the newest run that has it complete
  checks: {long-session: {severity: high, max: 8h}, user-without-email: off}
  waivers: []                     # check, organization, account, principal (patterns), reason, until
notify: {}                        # sns_topic_arn: the summary, never people's names
defaults:                         # any key of an organization but its name
  region: eu-west-1
organizations:
  - name: acme                    # ^[a-z0-9][a-z0-9-]{0,62}$, unique
    profile: acme-management
  - name: globex
    role_arn: arn:aws:iam::111122223333:role/SsoBatchAudit   # or a list: a chain, assumed in turn
    external_id: ${GLOBEX_EXTERNAL_ID}
    source_profile: hub           # whose credentials assume the first role; none: the environment's
    session_name: sso-batch
    duration_seconds: 3600        # at least 1800
    region: us-east-1             # the instance's primary Region; "auto" finds it
    organization_id: o-a1b2c3d4e5 # optional: another organization answering is a failure
    tags: {tier: prod}            # free labels, for --only tag:tier=prod
"""


def as_json(text: str) -> object:
    """Return what an editor validates: the file with its variables unexpanded."""
    return json.loads(json.dumps(read(text, str)[0].plain()))


def mistakes(text: str) -> list[str]:
    return [error.message for error in Draft202012Validator(schema()).iter_errors(as_json(text))]


def described(part: dict[str, Any], path: str) -> Iterator[tuple[str, bool]]:
    """Yield every key of a schema, and whether it has a description."""
    for key, value in part.get("properties", {}).items():
        yield f"{path}.{key}", bool(value.get("description"))
    for name, definition in part.get("$defs", {}).items():
        yield from described(definition, name)


def test_the_file_is_the_schema() -> None:
    """`config/schema.json` is the schema of the models."""
    written = (FOLDER / "schema.json").read_text(encoding="utf-8")

    assert written == schema_text() + "\n", (
        "the schema has changed: update the file with `sso-batch schema > config/schema.json`"
    )


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "organizations: []",
        "organizations: [{}]",
        "organizations: [{name: Acme}]",
        "organizations: [{name: a, colour: red}]",
        "organizations: [{name: a, profile: }]",
        "organizations: [{name: a, role_arn: audit}]",
        "organizations: [{name: a, role_arn: []}]",
        "organizations: [{name: a, profile: p, role_arn: 'arn:aws:iam::111122223333:role/A'}]",
        "organizations: [{name: a, tags: {tier: 1}}]",
        "organizations: [{name: a, duration_seconds: 900}]",
        "organizations: [{name: a}]\nversion: 2",
        "organizations: [{name: a}]\nrun: {deadline: 2 hours}",
        "organizations: [{name: a}]\nrun: {deadline: ''}",
        "organizations: [{name: a}]\ncollect: {entitlements: yes}",
        "organizations: [{name: a}]\nreview: {fail_on: warn}",
        "organizations: [{name: a}]\nreview: {checks: {direct-grant: warn}}",
        "organizations: [{name: a}]\nreview: {checks: {direct-grant: {max: 4h}}}",
        "organizations: [{name: a}]\nreview: {waivers: [{check: '*'}]}",
        "organizations: [{name: a}]\ndefaults: {name: a}",
    ],
)
def test_mistakes_are_found(text: str) -> None:
    """The schema finds mistakes in an editor."""
    assert mistakes(text)


@pytest.mark.parametrize(
    "text",
    [
        "organizations: [{name: a}]",
        "organizations: [{name: '${N}', region: '${R}', duration_seconds: '${D:-3600}', role_arn: '${A}'}]",
        "organizations: [{name: a, role_arn: ['${A}', 'arn:aws:iam::${ID}:role/A'], tags: {tier: '${T}'}}]",
        "organizations: [{name: a}]\ncollect: {entitlements: '${E}', requests_per_second: '${R}'}",
        "organizations: [{name: a}]\ncollect: {strategy: '${S}'}\nrun: {deadline: '${D}'}",
        "organizations: [{name: a}]\nreview: {checks: {direct-grant: '${S}', long-session: {max: '${M}'}}}",
        "organizations: [{name: a, tags: }]\noutput:\nrun:\nreview: {checks: }\nnotify:\ndefaults:",
    ],
)
def test_variables_are_valid(text: str) -> None:
    """A variable is valid in place of any value, and a section may be empty."""
    assert mistakes(text) == []


def test_every_key_is_described() -> None:
    """The schema is valid, and every key has a description."""
    Draft202012Validator.check_schema(schema())

    assert [key for key, is_described in described(schema(), "") if not is_described] == []


def test_example_of_the_contract(load_text: Load) -> None:
    """The example of the contract is valid and has the documented meaning."""
    config = load_text(CONTRACT, GLOBEX_EXTERNAL_ID="shared-8471")

    assert mistakes(CONTRACT) == []
    assert config.organizations == (
        Organization(name="acme", profile="acme-management", region="eu-west-1"),
        Organization.model_validate(
            {
                "name": "globex",
                "role_arn": "arn:aws:iam::111122223333:role/SsoBatchAudit",
                "external_id": "shared-8471",
                "source_profile": "hub",
                "session_name": "sso-batch",
                "duration_seconds": 3600,
                "region": "us-east-1",
                "organization_id": "o-a1b2c3d4e5",
                "tags": {"tier": "prod"},
            }
        ),
    )
    assert (config.run.deadline, config.run.resume_max_age) == (timedelta(hours=2), timedelta(hours=12))


def test_defaults_of_the_contract(load_text: Load) -> None:
    """Output, run and collect in the example of the contract are the defaults."""
    config = load_text(CONTRACT, GLOBEX_EXTERNAL_ID="shared-8471")
    minimal = load_text("organizations: [{name: a}]")

    assert (config.output, config.run, config.collect) == (minimal.output, minimal.run, minimal.collect)


def test_example_file() -> None:
    """The example file is valid, for the schema and for the loader."""
    path = FOLDER / "orgs.example.yaml"

    config = load(path, {"GLOBEX_EXTERNAL_ID": "shared-8471"})

    assert mistakes(path.read_text(encoding="utf-8")) == []
    assert [organization.name for organization in config.organizations] == [
        "acme",
        "globex",
        "initech-eu",
        "own-organization",
    ]


def test_example_file_shows_every_key() -> None:
    """The example file shows every key; one check represents all checks."""
    text = (FOLDER / "orgs.example.yaml").read_text(encoding="utf-8")
    definitions = schema()["$defs"]
    parts = [schema(), *(part for name, part in definitions.items() if name != "Checks")]

    keys = {key for part in parts for key in part.get("properties", {})}

    assert sorted(key for key in keys if f"{key}:" not in text) == []
