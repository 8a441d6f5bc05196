"""Preemption of real processes."""

RUNNING = """
    import signal, sys, time
    def saved(*_):
        print("saved", flush=True)
        sys.exit(0)
    signal.signal(signal.SIGTERM, saved)
    print("ready", flush=True)
    time.sleep(600)
"""


def test_a_preempted_process_may_save_its_work_and_its_gpus_go_to_reserved_work(call):
    elastic = call.python(RUNNING, job_class="ELASTIC", requested_gpus=6)
    call.until(lambda: "ready" in call.chamber.logs(elastic))

    reserved = call.run(["true"], requested_gpus=4)

    assert call.wait(reserved)["status"] == "completed"
    ended = call.get(f"/workloads/{elastic}")
    assert (ended["status"], ended["exit_code"]) == ("preempted", None)
    assert ended["failure_reason"] == f"preempted: team init_local needed its reserved GPUs for workload {reserved}"
    assert call.chamber.logs(elastic) == "ready\nsaved\n"
    assert call("POST", f"/v1/workloads/{elastic}/cancel").status == 409


def test_reserved_work_is_not_preempted_and_elastic_work_waits_for_it(call):
    reserved = call.python(RUNNING, requested_gpus=6)
    call.wait(reserved, "running")
    waiting = call.run(["true"], job_class="ELASTIC", requested_gpus=4, priority=99)
    call.wait(waiting, "queued")
    fits = call.run(["true"], job_class="ELASTIC", requested_gpus=2, gpu_type="H100", priority=100)

    assert call.wait(fits)["status"] == "completed"
    told = call.get(f"/workloads/{waiting}")["status_history"][-1]
    assert (told["status"], told["reason"]) == ("queued", "waits for 4 idle GPUs in pool_h100")
    assert call.status(reserved) == "running"
    call("POST", f"/v1/workloads/{reserved}/cancel")
    assert call.wait(waiting)["status"] == "completed"


def test_fewer_pods_are_told_to_the_executor_where_not_all_fit(call):
    call.wait(call.python(RUNNING, requested_gpus=6), "running")

    scaled = call.run(["true"], requested_gpus=4, scaling_mode="ELASTIC", requested_pods=4, min_pods=1)

    assert call.wait(scaled)["status"] == "completed"
    (held,) = [workload for workload in call.chamber.workloads() if workload.id == scaled]
    assert (held.running_pods, held.held_gpus) == (2, 2)
