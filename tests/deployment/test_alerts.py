"""The example alerts: when they ring, and that they look at what is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.deployment.cloudwatch import CLOUDWATCH, counted, template
from tests.deployment.manifests import ROOT, one, tool

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


def ringing(folder: Path, series: dict[str, str], *, hours: int) -> set[str]:
    """The alerts that ring after so many hours of these series, whose samples are one an hour.

    promtool tests what it is told to expect: asked for nothing, it names what rings.
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
    told = done.stdout + done.stderr
    assert ("SUCCESS" in told) != ("FAILED" in told), told
    found = re.findall(r"alertname: (\w+), time: \w+,\s*exp:\[\s*\],\s*got:\[\s*\d", told)
    assert ("FAILED" in told) == bool(found), told
    return set(found)


def constant(value: int) -> str:
    """So many samples of one value, as promtool writes them."""
    return f"{value}x400"


HEALTHY = {CREATED: constant(0), SUSPENDED: constant(0)}
FAILED_JOB = HEALTHY | {SUCCESS: constant(2 * HOUR), JOB: constant(2 * HOUR)}


@pytest.mark.parametrize(
    ("series", "hours", "rings"),
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
        "never a success",
        "last night's success",
        "none since",
        "failed job",
        "failed job, hours ago",
        "no failed job",
        "failed job, and a newer one",
        "failed job, and an older one",
        "suspended",
        "gone",
    ],
)
def test_prometheus(tmp_path: Path, series: dict[str, str], hours: int, rings: set[str]) -> None:
    """An alert rings where a job has failed, none was complete for 26 hours, or none is made any more."""
    assert ringing(tmp_path, series, hours=hours) == rings


def test_prometheus_looks_at_the_cronjob() -> None:
    """The alerts name the CronJob that there is."""
    cronjob = one("irsa", "CronJob")["metadata"]

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
    """A complete run counts once, with findings too; a shard does not, nor a run that was complete before."""
    assert counted(COMPLETE | fields) == metrics


def test_cloudwatch_rings() -> None:
    """26 hours without a complete run ring, without any record too; a failed one rings at once."""
    resources = template()["Resources"]
    silent, failed = resources["NoSuccess"]["Properties"], resources["LastRun"]["Properties"]

    assert silent["MetricName"] == "RunsComplete"
    assert silent["Period"] * silent["EvaluationPeriods"] == 26 * HOUR
    assert silent["EvaluationPeriods"] == silent["DatapointsToAlarm"]
    assert (silent["TreatMissingData"], silent["ComparisonOperator"], silent["Threshold"]) == (
        "breaching",
        "LessThanThreshold",
        1,
    )
    assert (failed["MetricName"], failed["TreatMissingData"]) == ("RunsNotComplete", "notBreaching")
    assert resources["Findings"]["Properties"]["MetricName"] == "RunsWithFindings"


def test_cloudwatch_template() -> None:
    """cfn-lint finds nothing."""
    done = subprocess.run(  # noqa: S603 - our own environment's
        [Path(sys.executable).with_name("cfn-lint"), "--include-checks", "I", "--", CLOUDWATCH],
        check=False,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stdout) == (0, "")
