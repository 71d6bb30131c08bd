"""Every metric that an alert names is one that our processes really have."""

from __future__ import annotations

import re
import shutil
import subprocess
import urllib.request
from typing import Any

import pytest
from ruamel.yaml import YAML

from project import ROOT, Project, wait_until
from site_fixtures import migrated_database, project

__all__ = ["migrated_database", "project"]

RULES = ROOT / "examples" / "monitoring" / "wsmigrate-alerts.yml"
RUNBOOK = ROOT / "docs" / "runbook.md"
OF_PROMETHEUS_ITSELF = {"up"}
TYPE = re.compile(r"^# TYPE (?P<name>\S+) (?P<kind>\S+)$", re.MULTILINE)


def alerts() -> list[dict[str, Any]]:
    document = YAML(typ="safe").load(RULES.read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def metrics_in(expression: str) -> set[str]:
    """The names of metrics: words outside of braces, brackets and ``by (…)``, no function's."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(by|on|ignoring|without) ?\([^)]*\)", " ", bare)
    words = re.findall(r"\b[a-z][a-z0-9_]+\b(?! ?\()", bare)
    return set(words) - {"unless", "and", "or", "by", "on", "for", "sum", "max", "min"}


def series_of(exposition: str) -> set[str]:
    found: set[str] = set()
    for name, kind in TYPE.findall(exposition):
        suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        found |= {name + suffix for suffix in suffixes}
    return found


def scraped(port: int) -> set[str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        return series_of(answer.read().decode())


def test_the_metrics_of_an_expression_are_found() -> None:
    expression = 'sum by (le) (rate(a_bucket{x="y_z"}[5m])) > 0.1 unless on (instance) (b_c == 0)'
    assert metrics_in(expression) == {"a_bucket", "b_c"}


@pytest.mark.parametrize("alert", [alert["alert"] for alert in alerts()])
def test_each_alert_is_explained_in_the_runbook(alert: str) -> None:
    assert f"`{alert}`" in RUNBOOK.read_text()


def test_the_metrics_of_the_rules_are_in_a_real_scrape(project: Project) -> None:
    served, port = project.serve(), project.free_port()
    words = ("-m", "migrate_cli", "bridge", "run", "--admin", str(port))
    bridge = project.start(*words, log="bridge")
    wait_until(lambda: "Relaying" in project.log("bridge")(), project.log("bridge"))
    assert bridge.poll() is None
    real = scraped(served.admin_port) | scraped(port) | OF_PROMETHEUS_ITSELF
    named = {alert["alert"]: metrics_in(alert["expr"]) for alert in alerts()}
    assert all(named.values()), "an expression without a metric"
    assert {name: found - real for name, found in named.items() if found - real} == {}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no promtool")
def test_prometheus_reads_the_rules() -> None:
    checked = subprocess.run(
        ["promtool", "check", "rules", str(RULES)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_alert_says_how_bad_it_is_and_what_it_means() -> None:
    for alert in alerts():
        assert alert["labels"]["severity"] in {"critical", "warning"}
        assert alert["annotations"]["summary"].endswith(".")
