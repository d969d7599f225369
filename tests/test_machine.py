"""Tests of the CPUs and the memory that a process may use."""

import os
from pathlib import Path

import pytest

from sso_batch.machine import usable_cpus, usable_memory


@pytest.fixture(autouse=True)
def eight_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def write(root: Path, files: dict[str, str]) -> Path:
    """Write files of `/proc` and `/sys` below a folder and return it."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


@pytest.mark.parametrize(
    ("files", "cpus"),
    [
        pytest.param({}, 8, id="no control groups"),
        pytest.param({"cpu.max": "max 100000\n"}, 8, id="no quota"),
        pytest.param({"cpu.max": "200000 100000\n"}, 2, id="quota"),
        pytest.param({"cpu.max": "150000 100000\n"}, 2, id="a part of a CPU"),
        pytest.param({"cpu.max": "10000 100000\n"}, 1, id="less than a CPU"),
        pytest.param({"cpu.max": "3200000 100000\n"}, 8, id="more than there are"),
        pytest.param({"pod/cpu.max": "max 100000\n", "cpu.max": "300000 100000\n"}, 3, id="of a group above"),
        pytest.param({"pod/c/cpu.max": "200000 100000\n", "pod/cpu.max": "400000 100000\n"}, 2, id="lowest"),
        pytest.param({"cpu.max": "broken"}, 8, id="not a quota"),
        pytest.param({"cpu.max": "100000 0"}, 8, id="no period"),
    ],
)
def test_version_2(tmp_path: Path, files: dict[str, str], cpus: int) -> None:
    """The lowest quota of the process's group and the groups above it counts, rounded up."""
    write(tmp_path, {"proc/self/cgroup": "0::/pod/c\n"})
    write(tmp_path / "sys/fs/cgroup", files)

    assert usable_cpus(tmp_path) == cpus


@pytest.mark.parametrize(("quota", "cpus"), [("250000", 3), ("-1", 8), ("", 8)])
def test_version_1(tmp_path: Path, quota: str, cpus: int) -> None:
    """The quota of version 1 is in two files, and -1 means none."""
    write(
        tmp_path,
        {
            "proc/self/cgroup": "3:memory:/docker/1\n2:cpu,cpuacct:/docker/1\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": quota,
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        },
    )

    assert usable_cpus(tmp_path) == cpus


def test_group_outside_of_the_container(tmp_path: Path) -> None:
    """Of a group whose path leaves the container's part of the tree, only the root is read."""
    write(tmp_path, {"proc/self/cgroup": "0::/../other\n", "sys/fs/cgroup/cpu.max": "200000 100000\n"})

    assert usable_cpus(tmp_path) == 2


def test_affinity_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """CPUs that the process may not run on do not count."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)

    assert usable_cpus(tmp_path) == 1


def test_system_without_affinity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where a process runs on every CPU, as on macOS, all CPUs of the machine count."""
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 5)

    assert usable_cpus(tmp_path) == 5


def test_this_machine() -> None:
    """Without a folder, the files of this machine are read."""
    assert 1 <= usable_cpus() <= 8


@pytest.mark.parametrize(
    ("files", "memory"),
    [
        pytest.param({}, None, id="no control groups"),
        pytest.param({"sys/fs/cgroup/memory.max": "max\n"}, None, id="no limit"),
        pytest.param({"sys/fs/cgroup/memory.max": "536870912\n"}, 536870912, id="version 2"),
        pytest.param(
            {"sys/fs/cgroup/pod/memory.max": "100\n", "sys/fs/cgroup/memory.max": "200\n"},
            100,
            id="lowest of the groups",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "3:memory:/docker/1\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "268435456\n",
            },
            268435456,
            id="version 1",
        ),
    ],
)
def test_memory(tmp_path: Path, files: dict[str, str], memory: int | None) -> None:
    """The lowest memory limit of the process's group and the groups above it counts."""
    write(tmp_path, {"proc/self/cgroup": "0::/pod\n"} | files)

    assert usable_memory(tmp_path) == memory
