import json
import socket

import pytest

from chamber.local.executors.manifest import Container, Task, Variable
from chamber.local.executors.pods import process
from chamber.local.executors.ports import Ports


def task(**variables):
    env = tuple(Variable(name, value) for name, value in variables.items())
    return Task(Container("image", ("run",), env=env), "job", pods=3, indexed=True, subdomain="job")


def test_each_port_of_each_pod_is_another_one_and_always_the_same():
    workers = [f"job-{index}.job:12345" for index in range(3)]
    with Ports() as ports:
        made = [process(task(TF_CONFIG=json.dumps(workers)), index, {}, ports) for index in range(3)]

    seen = {pod.env["TF_CONFIG"] for pod in made}
    (addresses,) = map(json.loads, seen)
    assert {host for host, _ in (address.split(":") for address in addresses)} == {"127.0.0.1"}
    assert len(set(addresses)) == 3


def test_an_address_that_is_written_out_is_the_one_that_is_put_together():
    env = {"MASTER_ADDR": "job-0.job", "MASTER_PORT": "29500", "A": "$(MASTER_ADDR):$(MASTER_PORT)"}
    with Ports() as ports:
        made = process(task(**env, B="tcp://job-0.job:29500/", C="job-0.job.ml.svc.cluster.local:29500"), 1, {}, ports)

    assert made.env["B"] == f"tcp://{made.env['A']}/"
    assert made.env["C"] == made.env["A"]


@pytest.mark.parametrize("text", ["myjob-0.job:1", "job-0.jobs:1", "job-7.job:1", "job-x.job:1", "job-0.job-1"])
def test_what_only_looks_like_a_pod_stays_as_it_is(text):
    with Ports() as ports:
        assert process(task(A=text), 0, {}, ports).env["A"] == text


def test_jobs_side_by_side_have_ports_of_their_own_that_nobody_listens_on():
    with socket.socket() as taken, Ports() as one, Ports() as other:
        taken.bind(("", 0))
        given = {ports.of(pod, "1") for ports in (one, other) for pod in range(50)}

        assert len(given) == 100
        assert taken.getsockname()[1] not in given
        assert one.of(0, "1") in given


def test_two_tensorflow_like_workers_listen_at_once(call, tools):
    """Each on the port that is its own in TF_CONFIG, as TensorFlow's servers do."""
    code = """
        import json, os, socket, time
        config = json.loads(os.environ["TF_CONFIG"])
        ports = [int(worker.rpartition(":")[2]) for worker in config["cluster"]["worker"]]
        own = config["task"]["index"]
        with socket.create_server(("", ports[own])) as server:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", ports[1 - own]), timeout=1)
                    break
                except OSError:
                    time.sleep(0.02)
            server.accept()
        print("met")
    """
    index = {"fieldRef": {"fieldPath": "metadata.annotations['batch.kubernetes.io/job-completion-index']"}}
    config = '{"cluster": {"worker": ["job-0.job:12345", "job-1.job:12345"]}, "task": {"index": $(I)}}'
    env = [{"name": "I", "valueFrom": index}, {"name": "TF_CONFIG", "value": config}]
    manifest = json.loads(tools.job(["python", "-c", tools.textwrap.dedent(code)], env))
    manifest["metadata"] = {"name": "job"}
    manifest["spec"] |= {"completionMode": "Indexed", "completions": 2, "parallelism": 2}
    manifest["spec"]["template"]["spec"]["subdomain"] = "job"

    done = call.wait(call.submit(k8s_manifest=json.dumps(manifest)), "completed")

    assert sorted(call.chamber.logs(done["workload_id"]).splitlines()) == ["[0] met", "[1] met"]
