"""Tests of the Helm chart, which must not differ from the kustomize overlays."""

import json
import re
import shutil
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped] # untyped
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch import __version__
from tests.deployment.chart import EXAMPLES, FOLDER, Values, chart_objects, engine, example, files
from tests.deployment.manifests import OVERLAYS, ROOT, Object, objects
from tests.deployment.test_kubernetes import NEWEST, OLDEST
from tests.documents.text import blocks

each_example = pytest.mark.parametrize("name", OVERLAYS)

CONFIG = "organizations: [{name: acme}]\n"
DIGEST = f"sha256:{'0' * 64}"
ROLE = "arn:aws:iam::111122223333:role/SsoBatchRunner"
TOLERATION = {"key": "audits", "operator": "Exists"}
EGRESS = {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"protocol": "TCP", "port": 3128}]}
NODES: Object = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "audits", "operator": "Exists"}]}]
        }
    }
}
VOLUME = {"accessMode": "ReadWriteMany", "existingClaim": "mine", "size": "20Gi", "storageClass": "efs"}

CHANGES: dict[str, Any] = {
    "schedule": "@daily",
    "timeZone": "Europe/Berlin",
    "suspend": True,
    "image.repository": "registry.example.com:5000/audits/sso-batch",
    "image.tag": "1.0",
    "image.digest": DIGEST,
    "image.pullPolicy": "Always",
    "image.pullSecrets": ["registry"],
    "config": "organizations: [{name: globex}]\n",
    "existingConfigMap": "mine",
    "existingSecret": "mine",
    "credentials.source": "pod-identity",
    "credentials.roleArn": ROLE,
    "existingServiceAccount": "mine",
    "shards.count": 3,
    "shards.mergeWait": "1h30m",
    **{f"{name}.enabled": True for name in ("reportsVolume", "spoolVolume")},
    **{f"{name}.{key}": value for name in ("reportsVolume", "spoolVolume") for key, value in VOLUME.items()},
    "resources.requests.cpu": 2,
    "resources.requests.memory": "1Gi",
    "resources.requests.ephemeral-storage": "2Gi",
    "resources.limits.cpu": 0.5,
    "resources.limits.memory": "1Gi",
    "resources.limits.ephemeral-storage": "4Gi",
    "tmpSize": "3Gi",
    "nodeSelector": {"audits": "off"},
    "tolerations": [TOLERATION],
    "affinity": NODES,
    "labels": {"team": "on"},
    "annotations": {"example.com/owner": "yes: {no}"},
    "networkPolicy.enabled": False,
    "networkPolicy.egress": [EGRESS],
    "backoffLimit": 3,
    "activeDeadlineSeconds": 1000,
    "startingDeadlineSeconds": 1000,
    "successfulJobsHistoryLimit": 0,
    "failedJobsHistoryLimit": 0,
    "ttlSecondsAfterFinished": 0,
}
"""A different value for each value of the chart."""

NEEDED: dict[str, Values] = {
    "existingConfigMap": {"config": "", "existingConfigMap": "another"},
    "credentials.roleArn": {"credentials": {"source": "irsa", "roleArn": f"{ROLE}Other"}},
    "shards.mergeWait": {"shards": {"count": 3}},
    **{
        f"{name}.{key}": {name: {"enabled": True}}
        for name in ("reportsVolume", "spoolVolume")
        for key in VOLUME
    },
}
"""Values without which another value has no effect."""


def nested(path: str, value: object) -> Values:
    """Return values with one value at a dotted path."""
    first, _, rest = path.partition(".")
    return {first: nested(rest, value) if rest else value}


def merged(*values: Values) -> Values:
    """Return values merged as Helm merges files: later ones win, and maps are merged."""
    result: Values = {}
    for part in values:
        for key, value in part.items():
            both = isinstance(value, dict) and isinstance(result.get(key), dict)
            result[key] = merged(result[key], value) if both else value
    return result


def leaves(values: Values, prefix: str = "") -> Iterator[str]:
    """Yield the dotted path of each value that is not a map with keys."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def find(items: list[Object], kind: str) -> Object:
    """Return the only object of a kind."""
    (found,) = (item for item in items if item["kind"] == kind)
    return found


def pod(values: Values, release: str = "sso-batch") -> Object:
    """Return the pod template of the chart's CronJob."""
    spec = find(chart_objects({"config": CONFIG} | values, release), "CronJob")["spec"]["jobTemplate"]["spec"]
    template: Object = spec["template"]
    return template


# What differs between a release and an overlay, and why:

HELM_LABELS = {
    "helm.sh/chart",  # Helm's convention, like the next three
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/version",
    "app.kubernetes.io/instance",  # separates the pods of two releases in one namespace
}
KEPT = {"helm.sh/resource-policy": "keep"}  # unlike kustomize, Helm deletes objects that leave a release
NOT_LABELED = {"ConfigMap", "PersistentVolumeClaim"}  # kustomize labels only the objects of the base
NOT_IN_THE_CHART = {"Namespace"}  # made by `helm install --create-namespace`
HASH = re.compile(r"\bsso-batch-[0-9a-z]{10}\b")  # of the content of the ConfigMap, only in kustomize


def without_differences(item: Object) -> Object:
    """Return an object without the permitted differences."""
    plain: Object = json.loads(HASH.sub("sso-batch", json.dumps(item)))
    kind, metadata = plain["kind"], plain["metadata"]
    labels = [metadata.setdefault("labels", {})]
    if kind == "CronJob":
        job = plain["spec"]["jobTemplate"]
        template = job["spec"]["template"]
        labels += [job["metadata"]["labels"], template["metadata"]["labels"]]
        (container,) = template["spec"]["containers"]
        # kustomize puts the items of a component first.
        for items in (container["env"], container["volumeMounts"], template["spec"]["volumes"]):
            items.sort(key=itemgetter("name"))
    if kind == "NetworkPolicy":
        labels.append(plain["spec"]["podSelector"]["matchLabels"])
    if kind in NOT_LABELED:
        metadata["labels"].pop("app.kubernetes.io/name", None)
    if kind == "PersistentVolumeClaim":
        metadata["annotations"] = dict(metadata.get("annotations", {}).items() - KEPT.items())
    for item_labels in labels:
        for name in HELM_LABELS:
            item_labels.pop(name, None)
    return plain


@each_example
def test_equal_to_the_overlay(name: str) -> None:
    """An example has the same objects as the overlay of that name, except for the differences above."""
    kustomize = [item for item in objects(name) if item["kind"] not in NOT_IN_THE_CHART]

    release = chart_objects(example(name))

    by_kind = itemgetter("kind")
    assert sorted(map(without_differences, release), key=by_kind) == sorted(
        map(without_differences, kustomize), key=by_kind
    )


def test_each_overlay_has_an_example() -> None:
    """A new overlay needs an example for Helm."""
    assert sorted(path.stem for path in EXAMPLES.iterdir()) == OVERLAYS


def test_a_difference_is_found() -> None:
    """The comparison ignores no other label or annotation, and not the configuration."""
    release = find(chart_objects({"config": CONFIG}), "ConfigMap")

    for values in (
        {"labels": {"a": "b"}},
        {"annotations": {"a": "b"}},
        {"config": "organizations: [{name: globex}]\n"},
    ):
        changed = find(chart_objects({"config": CONFIG} | values), "ConfigMap")
        assert without_differences(changed) != without_differences(release)


@each_example
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_schema_of_kubernetes(name: str, version: str) -> None:
    """Every object is valid and has no unknown field."""
    for item in chart_objects(example(name)):
        kubernetes_validate.validate(item, version, strict=True)


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_schema_of_kubernetes_with_all_values(version: str) -> None:
    """With all values that do not exclude each other, every object is valid."""
    exclusive = {
        "existingConfigMap",
        "existingServiceAccount",
        "credentials.source",
        "networkPolicy.enabled",
        "spoolVolume.existingClaim",
    }
    values = [nested(path, value) for path, value in CHANGES.items() if path not in exclusive]

    for item in chart_objects(merged({"credentials": {"source": "irsa"}}, *values)):
        kubernetes_validate.validate(item, version, strict=True)


@each_example
def test_lint(name: str) -> None:
    """Helm's own checks report only that the chart has no icon."""
    found = engine().lint(FOLDER, example(name), strict=True)

    assert found["errors"] == []
    assert [message["error"] for message in found["messages"]] == ["icon is recommended"]


def test_version() -> None:
    """The chart has the version of the package, and installs the image with that tag."""
    chart = yaml.safe_load((FOLDER / "Chart.yaml").read_text())

    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)


def test_keys() -> None:
    """values.yaml and the schema have the same keys, except for the one that Helm adds for sub-charts."""
    schema = json.loads((FOLDER / "values.schema.json").read_text())
    values = yaml.safe_load((FOLDER / "values.yaml").read_text())

    def compare(part: Values, default: Values, path: str) -> None:
        part = schema["$defs"][part["$ref"].removeprefix("#/$defs/")] if "$ref" in part else part
        if "properties" in part:
            assert part["additionalProperties"] is False, path
            assert part["properties"].keys() == default.keys(), path
            for key, inner in part["properties"].items():
                assert inner["description"].endswith("."), f"{path}{key}"
                compare(inner, default[key], f"{path}{key}.")

    del schema["properties"]["global"]
    compare(schema, values, "")


def test_every_value_has_a_test() -> None:
    """There is a different value for each value of the chart."""
    assert CHANGES.keys() == set(leaves(yaml.safe_load((FOLDER / "values.yaml").read_text())))


@pytest.mark.parametrize("path", CHANGES)
def test_every_value_has_an_effect(path: str) -> None:
    """A different value leads to a different object."""
    before = merged({"config": CONFIG}, NEEDED.get(path, {}))

    assert chart_objects(merged(before, nested(path, CHANGES[path]))) != chart_objects(before)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"config": ""}, "config is missing: add --set-file config=orgs.yaml, or set existingConfigMap"),
        ({"existingConfigMap": "mine"}, "config and existingConfigMap are both set: set only one of them"),
        ({"config": {"organizations": []}}, "at '/config': got object, want string"),
        ({"credentials": {"source": "irsa"}}, "credentials.roleArn is missing: set the ARN"),
        (
            {"credentials": {"roleArn": ROLE}},
            "credentials.roleArn is set, but credentials.source is not irsa",
        ),
        (
            {"credentials": {"source": "keys"}},
            "at '/credentials/source': value must be one of 'none', 'irsa'",
        ),
        (
            {"credentials": {"roleArn": "SsoBatchRunner"}},
            "at '/credentials/roleArn': 'SsoBatchRunner' does not",
        ),
        (
            {"shards": {"count": 2}, "reportsVolume": {"enabled": True}},
            "reportsVolume.accessMode is ReadWriteOnce: several pods need ReadWriteMany",
        ),
        (
            {"shards": {"count": 2}, "spoolVolume": {"enabled": True}},
            "spoolVolume.accessMode is ReadWriteOnce: several pods need ReadWriteMany",
        ),
        (
            {"existingServiceAccount": "mine", "credentials": {"source": "irsa", "roleArn": ROLE}},
            "credentials.roleArn has no effect on existingServiceAccount",
        ),
        ({"shards": {"count": -1}}, "at '/shards/count': minimum: got -1, want 0"),
        ({"shards": {"mergeWait": "2 hours"}}, "at '/shards/mergeWait': '2 hours' does not match"),
        ({"schedule": "0 2 * *"}, "at '/schedule': '0 2 * *' does not match"),
        ({"timeZone": "Europe Berlin"}, "at '/timeZone': 'Europe Berlin' does not match"),
        ({"image": {"tag": 1.0}}, "at '/image/tag': got number, want string"),
        ({"image": {"digest": "4f53"}}, "at '/image/digest': '4f53' does not match"),
        (
            {"image": {"repository": "sso-batch:1.0"}},
            "at '/image/repository': 'sso-batch:1.0' does not match",
        ),
        ({"labels": {"a": 1}}, "at '/labels/a': got number, want string"),
        ({"resources": {"limits": {"cpu": "much"}}}, "at '/resources/limits/cpu': 'much' does not match"),
        ({"tmpSize": "0"}, "at '/tmpSize': '0' does not match"),
        ({"existingSecret": "Mine"}, "at '/existingSecret': 'Mine' does not match"),
        ({"activeDeadlineSeconds": 86400}, "at '/activeDeadlineSeconds': maximum: got 86,400, want 86,399"),
        ({"secrets": {"EXTERNAL_ID": "made-up"}}, "at '': additional properties 'secrets' not allowed"),
        ({"image": {"name": "x"}}, "at '/image': additional properties 'name' not allowed"),
    ],
)
def test_invalid_values(values: Values, message: str) -> None:
    """Helm refuses invalid values, and its message says which value is wrong and why."""
    with pytest.raises(engine().HelmError) as error:
        files({"config": CONFIG} | values)

    assert message in str(error.value)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\n\r")))
def test_configuration_is_not_changed(text: str) -> None:
    """Any text arrives in the ConfigMap as it is."""
    config = f"version: 1\n{text}"

    assert find(chart_objects({"config": config}), "ConfigMap")["data"] == {"orgs.yaml": config}


def test_configuration_from_a_file(tmp_path: Path) -> None:
    """--set-file passes comments, leading zeros, `off`, templates and variables unchanged."""
    text = "# off\norganizations:\n- {name: off, expected_account: 012345678901, x: '{{ .Values }} ${X}'}\n"
    (tmp_path / "orgs.yaml").write_text(text)

    values = engine().parse_set_file(f"config={tmp_path / 'orgs.yaml'}")

    assert find(chart_objects(values), "ConfigMap")["data"] == {"orgs.yaml": text}


def test_configmap() -> None:
    """The ConfigMap keeps its name when the configuration changes, so that `helm rollback` finds it."""
    for config in (CONFIG, f"{CONFIG}\n"):
        assert find(chart_objects({"config": config}), "ConfigMap")["metadata"]["name"] == "sso-batch"
        assert pod({"config": config})["spec"]["volumes"][0]["configMap"] == {"name": "sso-batch"}


@pytest.mark.parametrize("word", ["off", "yes", "null", "012", "1e3", "true"])
def test_words_that_yaml_converts(word: str) -> None:
    """A word that YAML reads as another type stays a string, wherever it is."""
    values: Values = {
        "labels": {"word": word},
        "annotations": {"word": word},
        "nodeSelector": {"word": word},
        "image": {"tag": word, "pullSecrets": [word]},
        "existingSecret": word,
        "existingServiceAccount": word,
        "reportsVolume": {"enabled": True, "existingClaim": word},
    }

    template = pod(values, release=word)

    (container,) = template["spec"]["containers"]
    assert template["metadata"]["labels"]["word"] == template["metadata"]["annotations"]["word"] == word
    assert template["metadata"]["labels"]["app.kubernetes.io/instance"] == word
    assert template["spec"]["nodeSelector"] == {"word": word}
    assert template["spec"]["imagePullSecrets"] == [{"name": word}]
    assert template["spec"]["serviceAccountName"] == word
    assert container["image"] == f"sso-batch:{word}"
    assert container["envFrom"] == [{"secretRef": {"name": word, "optional": True}}]
    assert template["spec"]["volumes"][-1]["persistentVolumeClaim"] == {"claimName": word}
    for item in chart_objects({"config": CONFIG} | values, word):
        kubernetes_validate.validate(item, NEWEST, strict=True)


def test_digest() -> None:
    """The digest takes precedence over the tag."""
    (container,) = pod({"image": {"tag": "1.0", "digest": DIGEST}})["spec"]["containers"]

    assert container["image"] == f"sso-batch@{DIGEST}"


def test_labels_of_the_chart_win() -> None:
    """A label of the user cannot replace one by which the network policy selects the pods."""
    items = chart_objects({"config": CONFIG, "labels": {"app.kubernetes.io/name": "mine"}})

    selected = find(items, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"]
    labels = find(items, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    assert selected == {"app.kubernetes.io/name": "sso-batch", "app.kubernetes.io/instance": "sso-batch"}
    assert selected.items() <= labels.items()


def test_two_releases() -> None:
    """Two releases in one namespace share no object, and their policies select only their own pods."""
    values: Values = {"config": CONFIG, "reportsVolume": {"enabled": True}}
    releases = [chart_objects(values, release) for release in ("one", "two")]

    names = [{(item["kind"], item["metadata"]["name"]) for item in items} for items in releases]
    assert names[0].isdisjoint(names[1])
    selectors = [find(items, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"] for items in releases]
    assert not selectors[0].items() <= pod(values, "two")["metadata"]["labels"].items()


def test_existing_claim() -> None:
    """The chart makes no claim if there is one."""
    items = chart_objects({"config": CONFIG, "reportsVolume": {"enabled": True, "existingClaim": "mine"}})

    assert "PersistentVolumeClaim" not in {item["kind"] for item in items}


@pytest.mark.parametrize("source", ["none", "irsa", "pod-identity"])
def test_existing_service_account(source: str) -> None:
    """The chart makes no service account if there is one, whatever gives it its credentials."""
    items = chart_objects(
        {"config": CONFIG, "existingServiceAccount": "mine", "credentials": {"source": source}}
    )

    assert "ServiceAccount" not in {item["kind"] for item in items}


def test_long_name() -> None:
    """Helm allows a name of 53 characters, which is too long for a CronJob."""
    assert chart_objects({"config": CONFIG}, "a" * 52)

    with pytest.raises(engine().HelmError, match="longer than 52 characters"):
        chart_objects({"config": CONFIG}, "a" * 53)


def test_umbrella_chart(tmp_path: Path) -> None:
    """The strict schema accepts what Helm adds if the chart is a sub-chart."""
    shutil.copytree(FOLDER, tmp_path / "charts/sso-batch")
    (tmp_path / "Chart.yaml").write_text("{apiVersion: v2, name: all, version: 0.0.1}\n")

    rendered = files({"global": {"a": 1}, "sso-batch": {"config": CONFIG}}, folder=tmp_path)

    assert "cronjob.yaml" in rendered


@each_example
def test_notes(name: str) -> None:
    """The notes name the commands for this release, and where the reports are."""
    notes = files(example(name), release="audits")["NOTES.txt"]

    assert (
        'job=audits-$(date +%m%d%H%M)\n  kubectl -n sso-batch create job --from=cronjob/audits "$job"\n'
        in notes
    )
    assert "kubectl -n sso-batch create secret generic audits " in notes
    assert ("/reports, they are on the volume claim audits-reports." in notes) is (name == "volume")
    assert ("logs -f --prefix --max-log-requests 4 " in notes) is (name == "sharded")


def test_documentation() -> None:
    """The documentation names existing files, and values with their defaults."""
    page = "docs/how-to/kubernetes.md"
    commands = "\n".join(block.text for block in blocks("console", within=page))
    rows = re.findall(r"^\| `([\w.]+)` \|(?: `([^`]*)` )?[^|]*\|", (ROOT / page).read_text(), re.MULTILINE)
    defaults = yaml.safe_load((FOLDER / "values.yaml").read_text())

    assert "helm install sso-batch config/helm/sso-batch " in commands
    assert re.findall(r"--set-file (\w+)=", commands) == ["config"]
    assert all((ROOT / path).exists() for path in re.findall(r"config/helm/[\w./-]+", commands))
    documented = {name: text for name, text in rows if name not in OVERLAYS}
    assert len(documented) > 10
    for path, text in documented.items():
        value = defaults
        for key in path.split("."):
            value = value[key]
        assert text == (value if isinstance(value, str) else json.dumps(value)), path
