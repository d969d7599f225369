"""Tests of the example alerts."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deployment.cloudformation import problems
from tests.deployment.cloudwatch import CLOUDWATCH, counted, template
from tests.deployment.manifests import ROOT, find_object, tool

PROMETHEUS = ROOT / "config/alerts/prometheusrule.yaml"

LABELS = 'namespace="sso-batch", cronjob="sso-batch"'
FAILED = 'kube_job_failed{namespace="sso-batch", job_name="sso-batch-29384750", condition="true"}'
JOB = 'kube_job_created{namespace="sso-batch", job_name="sso-batch-29384750"}'
NEWER_JOB = 'kube_job_created{namespace="sso-batch", job_name="sso-batch-29386190"}'
SUCCESS = f"kube_cronjob_status_last_successful_time{{{LABELS}}}"
CREATED = f"kube_cronjob_created{{{LABELS}}}"
SUSPENDED = f"kube_cronjob_spec_suspend{{{LABELS}}}"

HOUR = 3600


# Prometheus


def firing_alerts(folder: Path, series: dict[str, str], *, hours: int) -> set[str]:
    """Return the alerts that fire after `hours` of these series.

    promtool expects no alert, so that its failures name the alerts that fire.
    """
    rules = folder / "rules.yaml"
    rules.write_text(yaml.safe_dump({"groups": yaml.safe_load(PROMETHEUS.read_text())["spec"]["groups"]}))
    names = [rule["alert"] for rule in yaml.safe_load(rules.read_text())["groups"][0]["rules"]]
    test = {
        "rule_files": [str(rules)],
        "evaluation_interval": "5m",
        "tests": [
            {
                "interval": "5m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "alert_rule_test": [
                    {"eval_time": f"{hours}h", "alertname": name, "exp_alerts": []} for name in names
                ],
            }
        ],
    }
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump(test))
    command = [tool("promtool"), "test", "rules", str(file)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)  # noqa: S603
    output = done.stdout + done.stderr
    assert ("SUCCESS" in output) != ("FAILED" in output), output
    found = re.findall(r"alertname: (\w+), time: \w+,\s*exp:\[\s*\],\s*got:\[\s*\d", output)
    assert ("FAILED" in output) == bool(found), output
    return set(found)


def constant(value: int) -> str:
    """Return a series of a constant value in promtool's notation."""
    return f"{value}x400"


HEALTHY = {CREATED: constant(0), SUSPENDED: constant(0)}
FAILED_JOB = HEALTHY | {SUCCESS: constant(2 * HOUR), JOB: constant(2 * HOUR)}


@pytest.mark.parametrize(
    ("series", "hours", "alerts"),
    [
        (HEALTHY, 20, set()),
        (HEALTHY, 27, {"SsoBatchNoSuccess"}),
        (HEALTHY | {SUCCESS: constant(2 * HOUR)}, 27, set()),
        (HEALTHY | {SUCCESS: constant(2 * HOUR)}, 29, {"SsoBatchNoSuccess"}),
        (FAILED_JOB | {FAILED: constant(1)}, 3, {"SsoBatchJobFailed"}),
        (FAILED_JOB | {FAILED: constant(1)}, 20, {"SsoBatchJobFailed"}),
        (FAILED_JOB | {FAILED: constant(0)}, 3, set()),
        (FAILED_JOB | {FAILED: constant(1), NEWER_JOB: constant(3 * HOUR)}, 20, set()),
        (FAILED_JOB | {FAILED: constant(1), NEWER_JOB: constant(HOUR)}, 20, {"SsoBatchJobFailed"}),
        (HEALTHY | {SUSPENDED: constant(1)}, 3, {"SsoBatchNotScheduled"}),
        ({}, 3, {"SsoBatchNotScheduled"}),
    ],
    ids=[
        "first day",
        "no success yet",
        "success last night",
        "no success since",
        "failed job",
        "failed job, hours ago",
        "no failed job",
        "failed job, and a newer one",
        "failed job, and an older one",
        "suspended",
        "missing",
    ],
)
def test_prometheus(tmp_path: Path, series: dict[str, str], hours: int, alerts: set[str]) -> None:
    """An alert fires if a job failed, none succeeded for 26 hours, or none is scheduled."""
    assert firing_alerts(tmp_path, series, hours=hours) == alerts


def test_prometheus_names_the_cronjob() -> None:
    """The alerts name the existing CronJob."""
    cronjob = find_object("irsa", "CronJob")["metadata"]

    text = PROMETHEUS.read_text()

    assert set(re.findall(r'cronjob="([^"]+)"', text)) == {cronjob["name"]}
    assert set(re.findall(r'namespace="([^"]+)"', text)) == {cronjob["namespace"]}


# CloudWatch


COMPLETE = {"event": "run.completed", "status": "complete", "exit_code": 0, "resumed": False}


@pytest.mark.parametrize(
    ("fields", "metrics"),
    [
        ({}, {"RunsComplete"}),
        ({"exit_code": 3}, {"RunsComplete", "RunsWithFindings"}),
        ({"resumed": True}, set()),
        ({"resumed": True, "exit_code": 3}, {"RunsWithFindings"}),
        ({"shard": "0/3"}, set()),
        ({"status": "incomplete", "exit_code": 4}, {"RunsNotComplete"}),
        ({"status": "failed", "exit_code": 5}, {"RunsNotComplete"}),
        ({"status": "failed", "exit_code": 1}, {"RunsNotComplete"}),
        ({"status": "interrupted", "exit_code": 143}, {"RunsNotComplete"}),
        ({"event": "org.completed"}, set()),
    ],
)
def test_cloudwatch_counts(fields: dict[str, object], metrics: set[str]) -> None:
    """A complete run counts once, also with findings; shards and runs that were complete before do not."""
    assert counted(COMPLETE | fields) == metrics


def test_cloudwatch_alarms() -> None:
    """26 hours without a complete run, or a run that is not complete, raise an alarm."""
    resources = template()["Resources"]
    no_success, not_complete = resources["NoSuccess"]["Properties"], resources["LastRun"]["Properties"]

    assert no_success["MetricName"] == "RunsComplete"
    assert no_success["Period"] * no_success["EvaluationPeriods"] == 26 * HOUR
    assert no_success["EvaluationPeriods"] == no_success["DatapointsToAlarm"]
    assert (no_success["TreatMissingData"], no_success["ComparisonOperator"], no_success["Threshold"]) == (
        "breaching",
        "LessThanThreshold",
        1,
    )
    assert (not_complete["MetricName"], not_complete["TreatMissingData"]) == (
        "RunsNotComplete",
        "notBreaching",
    )
    assert resources["Findings"]["Properties"]["MetricName"] == "RunsWithFindings"


def test_cloudwatch_template() -> None:
    """cfn-lint reports no problem."""
    assert problems(CLOUDWATCH) == ""
