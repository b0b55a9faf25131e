"""The files for operators say what is so: names of metrics and settings, and what tools check."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from stream_verifier.calls.uploads import WITHIN_S
from stream_verifier.settings import Settings
from stream_verifier.web.guard import MAX_UPLOAD_BYTES
from tests.support.rest_app import ADMIN, client_of, make_app

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "write_manifests.py"))
manifests, rendered, values = SCRIPT["manifests"], SCRIPT["rendered"], SCRIPT["values"]
DEPLOY = ROOT / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
METRIC = re.compile(r"\bstream_verifier_\w+")
SETTING = re.compile(r"\bSTREAM_VERIFIER_(\w+)")


def needs(program: str, package: str) -> pytest.MarkDecorator:
    there = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    return pytest.mark.skipif(there is None, reason=f"needs {package}: apt-get install {package}")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which(command[0], path="/usr/bin:/usr/sbin:/sbin:/usr/local/bin")
    return subprocess.run(
        [program or command[0], *command[1:]], capture_output=True, text=True, timeout=60
    )


async def told_metrics(folder: Path) -> set[str]:
    """Names of the series that a server tells."""
    app = make_app(folder)
    async with client_of(app) as client:
        text = (await client.get("/api/v1/metrics", headers=ADMIN)).text
    families = re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE)
    return {f"{name}_bucket" if kind == "histogram" else name for name, kind in families} | {
        # Told once the first sample of the processor was taken.
        "stream_verifier_cpu_seconds_total"
    }


async def test_alerts_and_dashboard_ask_for_metrics_that_there_are(tmp_path: Path) -> None:
    told = await told_metrics(tmp_path)
    dashboard = json.loads((DEPLOY / "grafana" / "stream-verifier.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
    asked += [rule["expr"] for rule in rules]
    names = {name for expression in asked for name in METRIC.findall(expression)}
    assert len(names) > 12
    assert names <= told


def test_every_alert_says_what_to_do() -> None:
    for rule in yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]:
        assert set(rule["annotations"]) == {"summary", "action"}
        assert rule["labels"]["severity"] in ("warning", "critical")


@needs("promtool", "prometheus")
def test_prometheus_takes_the_alerts_and_they_fire_when_they_should() -> None:
    for verb, path in (("check", ALERTS), ("test", ALERTS.with_suffix(".test.yml"))):
        done = run("promtool", verb, "rules", str(path))
        assert done.returncode == 0, done.stdout + done.stderr


@needs("haproxy", "haproxy")
@pytest.mark.parametrize("path", ["proxy/haproxy.cfg", "compose/haproxy.cfg"])
def test_haproxy_takes_its_configuration(path: str) -> None:
    done = run("haproxy", "-c", "-f", str(DEPLOY / path))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", [DEPLOY / "proxy" / "nginx.conf", ROOT / "docs" / "deploy.md"])
def test_nginx_lets_enrolments_from_files_through_and_past_its_disk(file: Path) -> None:
    written = file.read_text()
    (most,) = re.findall(r"^ *client_max_body_size (\d+)m;", written, re.MULTILINE)
    assert int(most) << 20 == MAX_UPLOAD_BYTES
    assert re.search(r"^ *proxy_request_buffering off;", written, re.MULTILINE)


@pytest.mark.parametrize(
    ("path", "waits", "places"),
    [
        ("proxy/haproxy.cfg", r"set-timeout server (\d+)s if { method POST }", 2),
        ("compose/haproxy.cfg", r"set-timeout server (\d+)s if { method POST }", 2),
        ("proxy/nginx.conf", r"proxy_read_timeout (\d+)s;", 1),
    ],
)
def test_proxies_wait_for_an_enrolment_from_files(path: str, waits: str, places: int) -> None:
    found = re.findall(waits, (DEPLOY / path).read_text())
    assert len(found) == places
    assert min(map(int, found)) > WITHIN_S


@needs("nginx", "nginx-light")
def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    done = run(
        *("nginx", "-t", "-p", str(tmp_path), "-e", str(tmp_path / "error.log")),
        *("-g", f"pid {tmp_path}/nginx.pid;", "-c", str(DEPLOY / "proxy" / "nginx.conf")),
    )
    assert done.returncode == 0, done.stderr


def test_all_settings_that_are_named_there_are() -> None:
    for path in sorted(DEPLOY.rglob("*")):
        if path.is_file():
            named = {name.lower() for name in SETTING.findall(path.read_text(encoding="utf-8"))}
            assert named <= set(Settings.model_fields), path


def test_the_plain_manifests_are_the_charts() -> None:
    assert SCRIPT["MANIFESTS"].read_text(encoding="utf-8") == manifests(), (
        "run scripts/write_manifests.py"
    )


def by_kind(text: str) -> dict[str, Any]:
    return {part["kind"]: part for part in yaml.safe_load_all(text)}


def test_the_manifests_hang_together() -> None:
    parts = by_kind(manifests())
    assert set(parts) == {
        *("ConfigMap", "Deployment", "Service", "PersistentVolumeClaim", "PodDisruptionBudget"),
        "HorizontalPodAutoscaler",
    }
    deployment, given = parts["Deployment"], values()
    spec = deployment["spec"]["template"]["spec"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    for selector in (
        deployment["spec"]["selector"]["matchLabels"],
        parts["Service"]["spec"]["selector"],
        parts["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
    ):
        assert selector == labels
    # One a node, on the node's own network, alone.
    assert spec["hostNetwork"] is True
    (rule,) = spec["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert (rule["topologyKey"], rule["labelSelector"]["matchLabels"]) == (
        "kubernetes.io/hostname",
        labels,
    )
    # It is given longer than calls are.
    drain_s = float(parts["ConfigMap"]["data"]["STREAM_VERIFIER_DRAIN_S"])
    assert spec["terminationGracePeriodSeconds"] >= drain_s + 20
    assert parts["PodDisruptionBudget"]["spec"]["minAvailable"] < given["replicas"]
    scaler = parts["HorizontalPodAutoscaler"]["spec"]
    assert scaler["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    assert scaler["metrics"][0]["pods"]["metric"]["name"] == "stream_verifier_calls"
    assert scaler["minReplicas"] == deployment["spec"]["replicas"] <= scaler["maxReplicas"]
    (container,) = spec["containers"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {
        volume["name"] for volume in spec["volumes"]
    }
    assert parts["Service"]["spec"]["ports"][0]["targetPort"] == container["ports"][0]["name"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["path"] in ("/api/v1/health", "/api/v1/ready")


def test_the_settings_of_the_manifests_are_settings() -> None:
    parts = by_kind(manifests())
    (container,) = parts["Deployment"]["spec"]["template"]["spec"]["containers"]
    keys = {entry["name"]: str(n) + "k" * 42 for n, entry in enumerate(container["env"])}
    environment = {
        **parts["ConfigMap"]["data"],
        **{name: value for name, value in keys.items() if name.endswith("_KEY")},
        "STREAM_VERIFIER_REDIS_URL": "redis://redis:6379/0",
        "STREAM_VERIFIER_WORKER_ADDRESS": "http://10.0.0.5:8080",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        settings = Settings()
    assert settings.drain_s == values()["drainSeconds"]
    assert settings.own_address == "http://10.0.0.5:8080"
    assert settings.lease_s < settings.resume_within_s
    assert str(settings.ledger_path) == "/shared/identities.ledger"


def test_a_template_with_more_than_values_is_refused() -> None:
    for template in ("{{ .Values.missing }}", "{{- if .Values.port }}", "{{ .Release.Name }}"):
        with pytest.raises(ValueError, match="no plain value"):
            rendered(template, values())
    assert SCRIPT["CHART"].joinpath("Chart.yaml").is_file()


def test_compose_names_what_it_uses() -> None:
    text = (DEPLOY / "compose" / "compose.yaml").read_text(encoding="utf-8")
    compose = yaml.safe_load(text)
    services = compose["services"]
    assert set(services) == {"server1", "server2", "redis", "database", "turn", "proxy"}
    servers = (services["server1"], services["server2"])
    ports = {server["environment"]["STREAM_VERIFIER_PORT"] for server in servers}
    proxied = (DEPLOY / "compose" / "haproxy.cfg").read_text(encoding="utf-8")
    assert {f"127.0.0.1:{port}" for port in ports} == set(
        re.findall(r"server worker\d (\S+)", proxied)
    )
    asked = set(re.findall(r"\$\{(\w+)", text))
    example = (DEPLOY / "compose" / "env.example").read_text(encoding="utf-8")
    assert asked == set(re.findall(r"^(\w+)=", example, re.MULTILINE))
    for service in services.values():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            if ":" in volume and not source.startswith("."):
                assert source in compose["volumes"]
    # Every machine's port is taken once: two servers' media and the relay's.
    ranges = [tuple(map(int, one.split("-"))) for one in re.findall(r"UDP_PORTS: (\d+-\d+)", text)]
    ranges.append((41000, 41999))
    for (_, last), (first, _) in zip(sorted(ranges), sorted(ranges)[1:], strict=False):
        assert last < first
