"""The Kubernetes base is what the API takes, gives no pod any right, and holds no secret."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from services.console.client_token import ConsoleClient
from shared.settings import ServiceSettings
from shared.web.running import REQUEST_GRACE_SECONDS
from tests.deploy import dockerfile
from tests.deploy.compose import ROOT, SERVICES

FOLDER = ROOT / "deploy/kubernetes"
VERSION = "1.33"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
RESOURCES: list[dict[str, Any]] = [
    document
    for name in KUSTOMIZATION["resources"]
    for document in yaml.safe_load_all((FOLDER / name).read_text())
]
SECRETS = "/run/secrets/linkway/"


def of(kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in RESOURCES if each["kind"] == kind}


PODS = {
    name: each["spec"]["template"]["spec"]
    for name, each in {
        **of("Deployment"),
        **of("Job"),
        **{name: each["spec"]["jobTemplate"] for name, each in of("CronJob").items()},
    }.items()
}
LITERALS = {
    each["name"]: dict(line.split("=", 1) for line in each["literals"])
    for each in KUSTOMIZATION["configMapGenerator"]
}
each_pod = pytest.mark.parametrize("name", sorted(PODS))
each_service = pytest.mark.parametrize("service", SERVICES)


@pytest.mark.parametrize(
    "resource", RESOURCES, ids=lambda each: f"{each['kind']} {each['metadata']['name']}"
)
def test_a_resource_is_what_the_api_takes(resource: dict[str, Any]) -> None:
    kubernetes_validate.validate(resource, VERSION, strict=True)


def test_every_file_is_part_of_the_base() -> None:
    there = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert there == set(KUSTOMIZATION["resources"])


def test_each_service_runs_twice_and_one_always_stays() -> None:
    assert sorted(of("Deployment")) == sorted(of("Service")) == SERVICES
    assert all(each["spec"]["replicas"] >= 2 for each in of("Deployment").values())
    budgets = of("PodDisruptionBudget")
    assert sorted(budgets) == SERVICES
    for name, budget in budgets.items():
        assert budget["spec"]["minAvailable"] == 1
        labels = of("Deployment")[name]["spec"]["template"]["metadata"]["labels"]
        assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items()


@each_pod
def test_a_pod_has_the_rights_of_nobody(name: str) -> None:
    pod = PODS[name]
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    user = pod["securityContext"]
    assert (user["runAsNonRoot"], user["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
    assert f"{user['runAsUser']}:{user['runAsGroup']}" == dockerfile.user()
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    kinds = {kind for volume in pod["volumes"] for kind in volume.keys() - {"name"}}
    assert kinds <= {"emptyDir", "secret", "configMap"}


@each_service
def test_a_service_is_probed_where_it_answers_and_has_time_to_stop(service: str) -> None:
    pod = PODS[service]
    (container,) = pod["containers"]
    (port,) = container["ports"]
    assert port == {"name": "http", "containerPort": dockerfile.listening_port()}
    probes = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("liveness", "readiness")}
    assert probes == {
        "liveness": {"path": "/live", "port": "http"},
        "readiness": {"path": "/ready", "port": "http"},
    }
    drain = ServiceSettings.model_fields["graceful_seconds"].default
    assert pod["terminationGracePeriodSeconds"] > REQUEST_GRACE_SECONDS + drain


def test_secrets_come_by_reference_alone() -> None:
    text = "".join(path.read_text() for path in FOLDER.glob("*.yaml"))
    assert of("Secret") == {}
    assert "secretGenerator" not in text
    assert "secretKeyRef" not in text
    for name, pod in PODS.items():
        (mounted,) = [each["secret"] for each in pod["volumes"] if "secret" in each]
        assert mounted == {"secretName": name, "defaultMode": 0o440}


@each_service
def test_a_service_starts_in_production_with_what_it_is_given(
    service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    made = {
        "mongo-uri": "mongodb://user:made-up@db.example.org/?replicaSet=rs0",
        "index-key": "made-up-made-up-made-up-made-up-made-up",
        "link-keys": "made-up-made-up-made-up-made-up-made-up",
        "secret-keys": "bWFkZS11cC1tYWRlLXVwLW1hZGUtdXAtbWFkZS11cC0=",
    }
    (container,) = PODS[service]["containers"]
    given = {each["name"]: each["value"] for each in container["env"]}
    given |= LITERALS["linkway"] | LITERALS[service]
    for name in [name for name in os.environ if name.startswith("LINKWAY_")]:
        monkeypatch.delenv(name)
    for name, value in given.items():
        if value.startswith(SECRETS):
            key = value.removeprefix(SECRETS)
            (tmp_path / key).write_text(made.get(key, "made-up"))
        monkeypatch.setenv(name, value.replace(SECRETS, f"{tmp_path}/"))
    found: type[ServiceSettings] = import_module(f"services.{service}.settings").Settings
    known = {f"LINKWAY_{field.upper()}" for field in found.model_fields}
    assert {name for name in given if name.removesuffix("_FILE") not in known} <= {
        name for name in given if name in known
    }
    settings = found.model_validate({})
    assert (settings.service, settings.is_production) == (service, True)
    assert settings.kafka_security_protocol == "SASL_SSL"
    assert settings.mongo_ca_file
    assert settings.kafka_create_topics is False


def test_records_whose_time_is_over_go_each_night_by_a_client_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    job = of("CronJob")["retention"]["spec"]
    assert (job["schedule"], job["timeZone"]) == ("30 2 * * *", "Europe/London")
    assert job["concurrencyPolicy"] == "Forbid", "never two at once"
    (container,) = PODS["retention"]["containers"]
    assert container["command"][3:] == ["retention", "--yes", "--json"]
    given = LITERALS["retention"]
    (tmp_path / "client-secret").write_text("made-up")
    for name, value in given.items():
        monkeypatch.setenv(name, value.replace(SECRETS, f"{tmp_path}/"))
    found = ConsoleClient.model_validate({})
    assert found.token_url == "https://issuer.example.org/token"
    assert found.client_secret is not None
    assert found.client_secret.get_secret_value() == "made-up"
    known = {f"LINKWAY_{field.upper()}" for field in ConsoleClient.model_fields}
    assert {name.removesuffix("_FILE") for name in given} - known == {"LINKWAY_REFERRAL_URL"}


def test_nothing_is_reached_unless_it_is_named() -> None:
    policies = of("NetworkPolicy")
    assert policies["nothing-unless-named"]["spec"] == {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
    }
    (ingress,) = policies["services"]["spec"]["ingress"]
    assert ingress["ports"] == [{"protocol": "TCP", "port": dockerfile.listening_port()}]
    assert all(rule["from"] for rule in policies["services"]["spec"]["ingress"])
    open_ports = {
        port["port"]
        for policy in policies.values()
        for rule in policy["spec"].get("egress", ())
        for port in rule["ports"]
    }
    assert open_ports == {53, 443, 587, 8000, 9093, 27017}


def test_the_namespace_lets_no_stronger_pod_in() -> None:
    labels = of("Namespace")["linkway"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_kustomize_puts_the_base_together() -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("there is no kubectl here")
    made = subprocess.run(
        [kubectl, "kustomize", FOLDER], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    documents = [each for each in yaml.safe_load_all(made.stdout) if each]
    assert len(documents) == len(RESOURCES) + len(KUSTOMIZATION["configMapGenerator"])
    for document in documents:
        kubernetes_validate.validate(document, VERSION, strict=True)
