"""Output from the pods themselves: a real HTTP server speaks the log endpoint of Kubernetes, and cuts it off."""

import base64
import json
import ssl
import sys
from typing import Any

import pytest
import yaml

from chamber.core import (
    AuthenticationError,
    AuthorizationError,
    ChamberClient,
    MissingExtraError,
    NotFoundError,
    TransportError,
    UnexpectedResponseError,
)
from chamber.core.models import Workload
from chamber.core.output.kubernetes import selectors

TOKEN = "let-me-in-to-the-cluster"


def texts(client: ChamberClient, **options: Any) -> list[str]:
    return [line.text for line in client.logs("wl_1", **options)]


def test_the_output_of_a_pod_is_read_line_by_line(cluster, kubernetes):
    cluster.pod().prints("epoch 1", "", "epoch 2 ü").ends()
    client, _ = kubernetes
    first, *_ = found = list(client.logs("wl_1"))
    assert [line.text for line in found] == ["epoch 1", "", "epoch 2 ü"]
    assert (first.pod, first.time.isoformat()) == ("train-0", "2026-01-01T00:00:00.500000+00:00")
    assert ("/api/v1/namespaces/ml/pods", {"labelSelector": "chamber.io/external-id=cb-1"}) in cluster.requests


def test_only_the_last_lines_are_asked_for(cluster, kubernetes):
    cluster.pod().prints(*"abcde").ends()
    assert texts(kubernetes[0], tail=2) == ["d", "e"]
    assert cluster.requests[-1][1]["tailLines"] == "2"


def test_what_is_cut_off_in_the_middle_of_a_line_is_resumed_without_loss_or_double(cluster, kubernetes, workload):
    pod = cluster.pod().prints("one", "two")

    def middle(_pod):
        pod.prints("three", "four", at="2026-01-01T00:00:00.500000001Z").prints("five", at="2026-01-01T00:00:07Z")
        return len("2026-01-01T00:00:00.5Z one\n2026-01-01T"), True

    def later(_pod):
        workload["status"] = "COMPLETED"
        pod.prints("six", at="2026-01-01T00:00:08.25Z").ends()
        return len(pod.log({"container": "main", "timestamps": "true"})) - 40, True

    cluster.cuts = [middle, later]
    assert texts(kubernetes[0], follow=True) == ["one", "two", "three", "four", "five", "six"]
    asked = [query.get("sinceTime") for path, query in cluster.requests if path.endswith("/log")]
    assert asked[:3] == [None, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"]


def test_lines_of_one_moment_are_told_apart_by_their_number(cluster, kubernetes, workload):
    pod = cluster.pod().prints("same", "same", "same")

    def after_two(_pod):
        workload["status"] = "COMPLETED"
        pod.prints("same", "other").ends()
        return 2 * len("2026-01-01T00:00:00.5Z same\n"), True

    cluster.cuts = [after_two]
    assert texts(kubernetes[0], follow=True) == ["same", "same", "same", "same", "other"]


def test_an_answer_that_ends_in_good_order_before_the_pod_does_is_resumed(cluster, kubernetes, workload):
    pod = cluster.pod().prints("before")

    def politely(_pod):
        return None, False

    def at_last(_pod):
        workload["status"] = "COMPLETED"
        pod.prints("after", at="2026-01-01T00:01:00Z").ends()
        return 0, False

    cluster.cuts = [politely, at_last]
    client, clock = kubernetes
    assert texts(client, follow=True) == ["before", "after"]
    assert 1.0 in clock.sleeps


def test_what_was_printed_between_the_end_of_an_answer_and_the_end_of_the_pod_is_not_lost(
    cluster, kubernetes, workload
):
    pod = cluster.pod().prints("first")

    def ends_meanwhile(_pod):
        workload["status"] = "COMPLETED"
        pod.prints("last words").ends()
        return len("2026-01-01T00:00:00.5Z first\n"), False

    cluster.cuts = [ends_meanwhile]
    assert texts(kubernetes[0], follow=True) == ["first", "last words"]


def test_a_pod_that_does_not_exist_yet_is_waited_for(cluster, kubernetes, workload):
    looks = []

    def appears():
        looks.append(len(looks))
        if len(looks) == 3:
            cluster.pod()
        if len(looks) == 5:
            cluster.pod().prints("here I am").ends()
            workload["status"] = "COMPLETED"

    workload |= {"status": "PENDING", "started_at": None}
    cluster.waiting_for = appears
    client, clock = kubernetes
    assert texts(client, follow=True) == ["here I am"]
    assert clock.sleeps.count(2.0) >= 2


def test_without_follow_a_pod_that_has_not_started_has_no_output(cluster, kubernetes, workload):
    workload |= {"status": "PENDING", "started_at": None}
    cluster.pod()
    assert texts(kubernetes[0]) == []


def test_pods_are_read_in_the_order_of_their_numbers_and_one_is_chosen_by_number_or_name(cluster, kubernetes):
    for index in (10, 2, 0):
        cluster.pod(f"train-{index}-x", index).prints(f"I am {index}").ends()
    client, _ = kubernetes
    assert texts(client) == ["I am 0", "I am 2", "I am 10"]
    assert texts(client, pod="2") == texts(client, pod="train-2-x") == ["I am 2"]
    assert texts(client, pod="7") == []


def test_all_pods_are_followed_also_one_that_comes_later(cluster, kubernetes, workload):
    cluster.pod("train-a").prints("a").ends()

    def second():
        if workload["status"] == "RUNNING" and any(path.endswith("train-a/log") for path, _ in cluster.requests):
            cluster.pod("train-b").prints("b").ends()
            workload["status"] = "FAILED"

    cluster.waiting_for = second
    found = sorted((line.pod, line.text) for line in kubernetes[0].logs("wl_1", follow=True))
    assert found == [("train-a", "a"), ("train-b", "b")]


def test_a_pod_that_is_taken_away_is_at_its_end(cluster, kubernetes, workload):
    cluster.pod().prints("preempted")

    def taken(_pod):
        cluster.pods.clear()
        workload["status"] = "PREEMPTED"
        return None, True

    cluster.cuts = [taken]
    assert texts(kubernetes[0], follow=True) == ["preempted"]


def test_pods_that_are_gone_are_an_error_that_says_so(cluster, kubernetes, workload):
    workload["status"] = "COMPLETED"
    with pytest.raises(NotFoundError, match="its pods are gone from namespace ml"):
        texts(kubernetes[0])


def test_what_the_cluster_refuses_says_what_to_ask_for(cluster, kubernetes):
    cluster.refusal = (403, 'pods is forbidden: User "me" cannot list resource "pods"')
    with pytest.raises(AuthorizationError, match=r"cannot list .*; ask for leave to get and list pods and pods/log"):
        texts(kubernetes[0])


def test_a_login_that_is_refused_is_an_error_without_the_token(cluster, kubernetes, kubeconfig):
    kubeconfig.write_text(kubeconfig.read_text().replace("let-me-in-to-the-cluster", "an-older-token"))
    with pytest.raises(AuthenticationError, match="log in to the cluster again") as refused:
        texts(kubernetes[0])
    assert "an-older-token" not in f"{refused.value!r} {refused.value}"


def test_a_namespace_that_would_lead_elsewhere_is_refused_before_the_cluster_is_asked(cluster, kubernetes, workload):
    workload["namespace"] = "ml/../../other"
    with pytest.raises(UnexpectedResponseError, match="none can be called so"):
        texts(kubernetes[0])
    assert cluster.requests == []


def test_a_cluster_that_answers_nonsense_is_not_taken_for_one_without_pods(cluster, kubernetes):
    cluster.nonsense = True
    with pytest.raises(UnexpectedResponseError, match="about pods is not understood"):
        texts(kubernetes[0])


def test_a_cluster_of_its_own_authority_is_entered_with_a_certificate(
    cluster, kubernetes, kubeconfig, loopback, authority
):
    cluster.asks_for_token = False
    cluster.pod().prints("over TLS").ends()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority / "root.pem")
    context.load_cert_chain(authority / "server.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    port = loopback.run(loopback.http(cluster.answer, context))
    told = yaml.safe_load(kubeconfig.read_text())
    own = base64.b64encode((authority / "server.pem").read_bytes()).decode()
    told["clusters"][0]["cluster"] = {"server": f"https://localhost:{port}"}
    told["users"][0]["user"] = {"client-certificate-data": own, "client-key-data": own}
    kubeconfig.write_text(yaml.safe_dump(told))
    with pytest.raises(TransportError, match="certificate is not trusted"):
        texts(kubernetes[0])
    root = base64.b64encode((authority / "root.pem").read_bytes()).decode()
    told["clusters"][0]["cluster"]["certificate-authority-data"] = root
    kubeconfig.write_text(yaml.safe_dump(told))
    assert texts(kubernetes[0]) == ["over TLS"]


def test_a_program_of_the_kubeconfig_gives_the_token(cluster, kubernetes, kubeconfig, tmp_path):
    cluster.pod().prints("let in").ends()
    given = {"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "status": {"token": TOKEN}}
    (tmp_path / "given").write_text(json.dumps(given))
    asked = {"apiVersion": given["apiVersion"], "command": "cat", "args": [str(tmp_path / "given")]}
    told = yaml.safe_load(kubeconfig.read_text())
    told["users"][0]["user"] = {"exec": asked}
    kubeconfig.write_text(yaml.safe_dump(told))
    assert texts(kubernetes[0]) == ["let in"]


def test_a_login_that_runs_out_while_a_pod_is_followed_is_renewed(cluster, kubernetes, workload):
    pod = cluster.pod().prints("before")

    def runs_out(_pod):
        cluster.refusal = (401, "Unauthorized")
        cluster.refusals = 1
        workload["status"] = "COMPLETED"
        pod.prints("after").ends()
        return len("2026-01-01T00:00:00.5Z before\n"), True

    cluster.cuts = [runs_out]
    assert texts(kubernetes[0], follow=True) == ["before", "after"]


def test_without_the_extra_the_error_says_how_to_get_it(kubernetes, monkeypatch):
    monkeypatch.setitem(sys.modules, "kubernetes_asyncio", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'chamber-core\[kubernetes\]'"):
        texts(kubernetes[0])


def test_the_labels_of_a_workload_are_those_that_can_be_values():
    workload = Workload(id="wl_1", name="my job", status="RUNNING", external_id="cb-1.2", initiative_id="team")
    assert selectors(workload) == ("chamber.io/external-id=cb-1.2", "chamber.io/workload-id=wl_1")
    plain = Workload(id="wl_1", name="train", status="RUNNING", external_id="-", initiative_id="team")
    assert selectors(plain)[-1] == "batch.kubernetes.io/job-name=train,chamber.io/team=team"
