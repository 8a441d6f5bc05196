"""Runs with either package: does what its users do, and tells as JSON what came of it, less what no two runs share.

Arguments: api_url, token, organization_id, team, project directory. Reads nothing else, writes below HOME only.
"""

# pyright: reportMissingImports=false

import copy
import dataclasses
import enum
import inspect
import json
import pathlib
import pickle
import re
import sys
from datetime import datetime

import chamber_sdk
from chamber_sdk import ChamberClient, JobClass, JobStatus, ScalingMode
from chamber_sdk.client import DEFAULT_API_URL, DEFAULT_TIMEOUT
from chamber_sdk.exceptions import (
    AuthenticationError,
    AuthorizationError,
    ChamberError,
    NotFoundError,
    ServerError,
    ValidationError,
)
from chamber_sdk.models import SubmitJobRequest, Workload
from chamber_sdk.run import (
    DockerError,
    DryRunResult,
    ProjectProfile,
    RegistryAuthError,
    detect_project,
    get_configured_registries,
    get_default_registry_name,
    latest_tag,
)

URL, TOKEN, ORGANIZATION, TEAM, PROJECT = sys.argv[1:]
HOME = pathlib.Path.home() / ".chamber"
SCENARIOS = {}
#: What is another in each run.
GENERATED = re.compile(r"\b(wl|team|init|alloc|tmpl)_[0-9a-f]{6,}\b")
LONG = {"simulated_seconds": 3600}


def scenario(function):
    SCENARIOS[function.__name__] = function
    return function


def client():
    return ChamberClient(TOKEN, URL, ORGANIZATION)


def submitted(name="job", **fields):
    return client().submit_job(name, TEAM, "H100", requested_gpus=1, **fields)


def finished(name="job", **fields):
    return client().wait_for_completion(submitted(name, **fields).id, poll_interval=0.02, timeout=60)


@scenario
def health():
    told = client().health()
    return type(told).__name__, told.status, bool(told.version), told.timestamp


@scenario
def a_client_shows_what_it_was_made_with():
    made = ChamberClient("ch.secret-token", api_url=f"{URL}/", organization_id="org", timeout=7)
    return (
        made.api_url == URL,
        made.organization_id,
        made.timeout,
        "secret" in repr(made),
        repr(made).startswith("Cham"),
    )


@scenario
def the_defaults_of_a_client():
    made = ChamberClient("ch.some-token")
    return made.api_url, made.timeout, made.organization_id, DEFAULT_API_URL, DEFAULT_TIMEOUT


@scenario
def attributes_of_a_client_can_be_changed_afterwards():
    made = ChamberClient(TOKEN, "http://127.0.0.1:9/v1", "nobody")
    made.api_url, made.organization_id, made.timeout = URL, ORGANIZATION, 20
    return [team.id for team in made.list_teams() if team.id == TEAM]


@scenario
def from_config_reads_the_files_of_the_login():
    HOME.mkdir(exist_ok=True)
    (HOME / "config.json").write_text(json.dumps({"api_url": URL, "organization_id": ORGANIZATION}))
    (HOME / "token.json").write_text(json.dumps({"accessToken": TOKEN}))
    (HOME / "token.json").chmod(0o600)
    made = ChamberClient.from_config()
    other = ChamberClient.from_config(str(HOME), organization_id="other", timeout=3)
    try:
        return made.health().status, made.organization_id, made.api_url == URL, other.organization_id, other.timeout
    finally:
        (HOME / "config.json").unlink()
        (HOME / "token.json").unlink()


@scenario
def a_job_is_submitted_with_every_option():
    return submitted(
        "everything",
        job_class="ELASTIC",
        priority=10,
        external_id="ext-1",
        k8s_manifest="{}",
        metadata={"a": [1]},
        tags={"b": "c"},
        distribution_mode="manual",
        gpus_per_pod=1,
        requested_pods=2,
        scaling_mode="gang",
        min_pods=1,
    )


@scenario
def a_job_is_submitted_by_position_and_with_members_of_enumerations():
    job = client().submit_job("by-position", TEAM, "A100", 2, JobClass.RESERVED, 75, scaling_mode=ScalingMode.ELASTIC)
    return job.name, job.gpu_type, job.requested_gpus, job.job_class is JobClass.RESERVED, job.priority


@scenario
def a_request_becomes_a_submission():
    request = SubmitJobRequest("request", TEAM, "H100", 1, JobClass.ELASTIC, scaling_mode=ScalingMode.GANG, tags={})
    fields = request.to_dict()
    job = client().submit_job(**fields)
    return fields, job.name, job.job_class


@scenario
def an_ended_job_has_its_times():
    job = finished("ended", external_id="ended-1")
    again = client().get_workload(job.id)
    return job == again, again, again.submitted_at <= again.started_at <= again.completed_at


@scenario
def a_job_is_cancelled():
    job = client().cancel_workload(submitted("cancelled", metadata=LONG).id)
    return job.status is JobStatus.CANCELLED, job.status == "CANCELLED", job.status.value, job.status.name


@scenario
def a_listing_is_read_page_by_page():
    made = [finished(f"listed-{n}", job_class="ELASTIC").id for n in range(3)]
    first = client().list_workloads(status=JobStatus.COMPLETED, sort_order="desc", limit=2, is_managed=True)
    later = client().list_workloads(status="COMPLETED", sort_order="desc", limit=2, next_token=first.next_token)
    found = [job.id for job in first.items] + [job.id for job in later.items]
    return found[:3] == made[::-1], type(first).__name__, bool(first.next_token), first.total_count >= 3


@scenario
def a_listing_is_filtered():
    made = finished("filtered").id
    asked = client()
    bounds = {"submitted_after": "2000-01-01T00:00:00Z", "submitted_before": "2000-01-02T00:00:00Z"}
    return (
        asked.list_workloads(**bounds).items,
        made in [job.id for job in asked.list_workloads(["RUNNING", JobStatus.COMPLETED], TEAM).items],
        made in [job.id for job in asked.list_workloads("RUNNING,COMPLETED", submitted_by="local-user").items],
        asked.list_workloads(submitted_by="nobody").items,
    )


@scenario
def an_iteration_goes_over_every_page():
    made = {finished(f"iterated-{n}").id for n in range(5)}
    jobs = client().iter_workloads(status="COMPLETED", initiative_id=TEAM, limit=2, sort_order="asc")
    first = next(jobs)
    seen = [first.id, *(job.id for job in jobs)]
    return inspect.isgenerator(jobs), made <= set(seen), len(seen) == len(set(seen)), type(first).__name__


@scenario
def a_search_is_read_page_by_page():
    made = [finished(f"found-{n}", external_id=f"search-{n}", priority=n).id for n in range(3)]
    asked = {"query": "search-", "status": ["COMPLETED"], "job_class": ["RESERVED"], "gpu_type": ["H100"]}
    ids = {"initiative_id": [TEAM], "submitted_by": ["local-user"], "capacity_pool_id": ["pool_h100"]}
    times = {"submitted_from": "2000-01-01T00:00:00Z", "submitted_to": "2999-01-01T00:00:00Z"}
    ranges = {"priority_min": 0, "priority_max": 2, "requested_gpus_min": 1, "requested_gpus_max": 1}
    found = client().search_workloads(
        **asked, **ids, **times, **ranges, sort_by="priority", sort_order="asc", page_size=2
    )
    rest = client().search_workloads(cursor=found.next_cursor)
    ids = [job.id for job in (*found.items, *rest.items)]
    return ids == made, found.total_count, found.returned_count, found.has_more, rest.has_more


@scenario
def workloads_are_counted():
    finished("counted")
    told = client().get_workload_aggregations(
        "status", status=["COMPLETED"], job_class=["RESERVED", "ELASTIC"], initiative_id=[TEAM]
    )
    return told.dimension, [(bucket.key, bucket.count == told.total) for bucket in told.buckets], type(told).__name__


@scenario
def statistics_add_up():
    finished("summed", job_class="ELASTIC")
    stats = client().get_workload_stats(time_range="today", initiative_id=TEAM)
    bounds = {"start_time": "2000-01-01T00:00:00Z", "end_time": "2000-01-02T00:00:00Z"}
    never = client().get_workload_stats("custom", **bounds)
    return stats.by_status["COMPLETED"] > 0, stats.total == sum(stats.by_status.values()), never.total


@scenario
def metrics_that_were_not_measured_are_none():
    return client().get_workload_metrics(finished("measured").id, metrics=["gpu_utilization", "temperature"])


@scenario
def the_metrics_of_an_organisation_are_broken_down_by_team():
    finished("global")
    told = client().get_global_metrics(TEAM, "last_24h", "local", "initiative_id")
    hours = [row["gpu_hours"] >= 0 for row in told.team_breakdown]
    return told.active_workloads >= 0, [row["initiative_id"] for row in told.team_breakdown], hours


@scenario
def the_metrics_of_many_workloads_are_as_the_api_words_them():
    done = finished("ranked")
    told = client().get_batch_workload_metrics(
        status=["COMPLETED"], initiative_id=TEAM, time_range="last_7_days", sort_by="gpu_hours", limit=50
    )
    hours = [row["gpu_hours"] for row in told["workloads"]]
    teams = client().get_batch_workload_metrics(group_by="initiative_id")["teams"]
    ids = {row["workload_id"] for row in told["workloads"]}
    return done.id in ids, hours == sorted(hours, reverse=True), [row["initiative_id"] for row in teams]


@scenario
def a_team_is_made_and_read():
    made = client().create_team("Scenario", description="learns", parent_id=TEAM, tags={"a": "b"})
    assert made in client().list_teams()
    return made, client().get_team(made.id) == made, client().get_team(TEAM).name


@scenario
def templates_are_listed_and_read():
    (template,) = client().list_templates(name="HEL", scope="ORGANIZATION", include_system=True)
    assert client().get_template(template.id) == template
    return template.id, template.scope, template.gpu_type, client().list_templates(include_system=False)


@scenario
def an_allocation_is_made_and_read():
    made = client().create_allocation(TEAM, "res-1", 4)
    assert client().get_allocation(made.id) == made
    assert made in client().list_allocations(TEAM)
    return made, client().list_allocations("other")


@scenario
def capacity_has_a_budget_and_pools():
    told = client().get_capacity(initiative_id=TEAM)
    pool = next(pool for pool in told.pools if pool.gpu_type == "H100")
    told_of_pool = pool.total_gpus, pool.used_gpus + pool.available_gpus, type(pool).__name__
    return told.budget.available == told.budget.allocated - told.budget.used, told_of_pool, type(told.budget).__name__


@scenario
def a_wait_that_ends_too_early_is_a_timeout():
    running = submitted("waited", metadata=LONG)
    try:
        client().wait_for_completion(running.id, poll_interval=0.01, timeout=0.05)
    except TimeoutError as error:
        return running.id in str(error)
    finally:
        client().cancel_workload(running.id)


@scenario
def a_wait_ends_with_any_status_that_is_named():
    running = submitted("named", metadata=LONG)
    try:
        every = [JobStatus.RUNNING, JobStatus.COMPLETED]
        return client().wait_for_completion(running.id, 0.01, 60, every).status is JobStatus.RUNNING
    finally:
        client().cancel_workload(running.id)


@scenario
def each_refusal_has_its_exception():
    calls = {
        "not found": lambda: client().get_workload("wl_none"),
        "no such team": lambda: client().submit_job("job", "nobody", "H100"),
        "wrong token": lambda: ChamberClient("wrong", URL, ORGANIZATION).list_teams(),
        "other organization": lambda: ChamberClient(TOKEN, URL, "other").list_teams(),
        "no name": lambda: client().submit_job("", TEAM, "H100"),
        "long name": lambda: client().submit_job("n" * 256, TEAM, "H100"),
        "priority": lambda: client().submit_job("job", TEAM, "H100", priority=101),
        "long id": lambda: client().submit_job("job", TEAM, "H100", external_id="x" * 256),
        "long manifest": lambda: client().submit_job("job", TEAM, "H100", k8s_manifest="x" * 65_537),
    }
    return {name: refusal(call) for name, call in calls.items()}


def refusal(call):
    try:
        call()
    except ChamberError as error:
        kinds = (AuthenticationError, AuthorizationError, NotFoundError, ValidationError, ServerError)
        kind = next(kind.__name__ for kind in kinds if isinstance(error, kind))
        return kind, error.status_code, bool(error.message)


@scenario
def an_exception_is_made_with_a_message_and_a_status():
    error = ChamberError("it went wrong", 418)
    docker = RegistryAuthError("ghcr.io", "denied")
    plain = ChamberError("alone")
    return (
        [str(error), error.message, error.status_code, error.args, plain.status_code],
        [docker.registry, docker.detail, isinstance(docker, DockerError)],
    )


@scenario
def models_are_dataclasses():
    job = finished("dataclass")
    other = dataclasses.replace(job, name="other")
    other.name = "changed"
    copied = copy.deepcopy(job)
    kept = pickle.loads(pickle.dumps(job))
    return other.name, job.name, copied == job, kept == job, [field.name for field in dataclasses.fields(Workload)]


@scenario
def a_model_is_made_from_either_spelling():
    times = {"submitted_at": "2026-01-02T03:04:05.678Z", "started_at": "2026-01-02T05:04:05+02:00"}
    snake = {"id": "1", "name": "n", "status": "RUNNING", "job_class": "ELASTIC", "requested_gpus": 2, **times}
    camel = {
        "id": "1",
        "name": "n",
        "status": "RUNNING",
        "jobClass": "ELASTIC",
        "requestedGpus": 2,
        "submittedAt": times["submitted_at"],
        "startedAt": times["started_at"],
    }
    made = Workload.from_dict(snake)
    return made == Workload.from_dict(camel), made.requested_gpus, made.submitted_at.microsecond, made.job_class


@scenario
def models_of_every_kind_are_made_from_dicts():
    models = chamber_sdk.models
    return [
        models.Team.from_dict(
            {"id": "t", "name": "T", "parentId": "p", "tags": {}, "createdAt": "2026-01-02T03:04:05Z"}
        ),
        models.Template.from_dict({"id": "t", "name": "T", "scope": "PROJECT", "gpuType": "H100"}).gpu_type,
        models.Allocation.from_dict(
            {"id": "a", "initiativeId": "i", "reservationId": "r", "allocatedInstances": 2, "status": "RELEASED"}
        ),
        models.HealthStatus.from_dict({"status": "healthy", "version": "1", "timestamp": "2026-01-02T03:04:05Z"}),
        models.MetricSummary.from_dict({"avg": 1.5, "min": 1, "max": 2, "current": 1.7}),
        models.WorkloadMetrics.from_dict(
            {"metrics": {"gpu_utilization": {"avg": 1.0, "min": 1.0, "max": 1.0}}, "sample_count": 3}
        ),
        models.WorkloadStats.from_dict({"summary": {"total": 2, "byStatus": {"RUNNING": 2}, "byJobClass": {}}}),
        models.Capacity.from_dict(
            {
                "budget": {"allocated": 9.0, "used": 1.0, "available": 8.0},
                "pools": [
                    {"id": "p", "name": "P", "gpuType": "H100", "totalGpus": 8, "usedGpus": 1, "availableGpus": 7}
                ],
            }
        ),
        models.AggregationResult.from_dict(
            {"dimension": "gpu_type", "buckets": [{"key": "H100", "count": 2}], "total": 2}
        ),
        models.WorkloadSearchResult.from_dict(
            {"results": [], "totalCount": 0, "returnedCount": 0, "hasMore": False, "nextCursor": None}
        ),
        models.GlobalMetrics.from_dict({"totalGpuHours": 2.5, "activeWorkloads": 1}).total_gpu_hours,
    ]


@scenario
def registries_are_kept_by_name():
    ChamberClient.add_registry("prod", "registry.example/prod", set_default=True)
    ChamberClient.add_registry("dev", "registry.example/dev")
    first = ChamberClient.list_registries(), ChamberClient.get_default_registry(), get_default_registry_name()
    ChamberClient.set_default_registry("dev")
    return first, ChamberClient.get_default_registry(), get_configured_registries(), get_default_registry_name()


@scenario
def an_unknown_registry_is_no_default():
    try:
        ChamberClient.set_default_registry("nowhere")
    except ValueError as error:
        return "nowhere" in str(error)


@scenario
def a_default_registry_can_be_a_url():
    HOME.mkdir(exist_ok=True)
    before = (HOME / "config.json").read_text() if (HOME / "config.json").exists() else "{}"
    (HOME / "config.json").write_text(json.dumps({"default_registry": "registry.example/direct"}))
    try:
        return ChamberClient.get_default_registry(), get_default_registry_name(), get_configured_registries()
    finally:
        (HOME / "config.json").write_text(before)


@scenario
def a_dry_run_tells_what_a_run_would_do():
    told = client().run(
        PROJECT, gpus=2, gpu_type="A100", team=TEAM, registry="registry.example/prod", env={"A": "b"}, dry_run=True
    )
    payload = told.submit_payload
    job = client().submit_job(**payload)
    return (
        isinstance(told, DryRunResult),
        told.profile.entrypoint,
        told.profile.framework,
        told.dockerfile.count("FROM "),
        told.image_tag.startswith("registry.example/prod/"),
        {
            name: payload[name]
            for name in ("name", "initiative_id", "gpu_type", "requested_gpus", "job_class", "priority")
        },
        (job.requested_gpus, job.job_class.value, job.gpu_type),
    )


@scenario
def a_dry_run_needs_no_team_and_no_registry():
    told = client().run(PROJECT, dry_run=True)
    return told.submit_payload["initiative_id"], told.submit_payload["requested_gpus"], bool(told.dockerignore)


def laid_out(name, **files):
    folder = HOME.parent / f"layout-{name}"
    folder.mkdir()
    for file, content in files.items():
        (folder / file.replace("_", ".")).write_text(content)
    return folder


@scenario
def a_project_is_started_by_convention():
    program = "print(1)\n"
    layouts = {
        "both": laid_out("both", train_py=program, main_py=program),
        "main": laid_out("main", main_py=program, app_py=program, run_py=program),
        "only": laid_out("only", anything_py=program),
    }
    return {name: client().run(str(folder), dry_run=True).profile.entrypoint for name, folder in layouts.items()}


@scenario
def a_project_in_which_nothing_starts_is_refused_as_a_missing_file():
    folder = laid_out("none", a_py="print(1)\n", b_py="print(2)\n")
    return builtin(lambda: client().run(str(folder), dry_run=True))


@scenario
def a_dockerfile_of_ones_own_is_used():
    folder = laid_out("own", train_py="print(1)\n", Dockerfile="FROM docker.io/library/python:3.9\nCMD train\n")
    beside = pathlib.Path("Dockerfile.beside")
    beside.write_text("FROM docker.io/library/python:3.8\nCMD other\n")
    told = client().run(str(folder), dry_run=True)
    other = client().run(str(folder), dry_run=True, dockerfile="./Dockerfile.beside")
    beside.unlink()
    return told.dockerfile, told.profile.entrypoint, told.profile.has_dockerfile, other.dockerfile


@scenario
def a_base_image_of_docker_hub_needs_no_host():
    made = [
        client().run(PROJECT, base_image=image, dry_run=True) for image in ("python:3.11", "pytorch/pytorch:latest")
    ]
    return [
        next(line for line in one.dockerfile.splitlines() if "FROM" in line).split("/")[-1].split()[-1] for one in made
    ]


@scenario
def variables_may_be_numbers():
    told = client().run(PROJECT, env={"SEED": 7, "DEBUG": True}, dry_run=True).manifest
    return ['"7"' in told, '"True"' in told or "True" in told]


@scenario
def reserved_work_has_its_priority():
    told = [
        client().run(PROJECT, job_class=kind, dry_run=True).submit_payload for kind in (JobClass.RESERVED, "ELASTIC")
    ]
    return [(payload["job_class"], payload["priority"]) for payload in told]


@scenario
def a_run_tells_what_it_does():
    stages = []
    client().run(PROJECT, dry_run=True, on_progress=lambda stage, message: stages.append(stage))
    return list(dict.fromkeys(stages))


@scenario
def a_run_without_a_registry_or_team_or_project_is_refused_as_a_value():
    calls = {
        "registry": lambda: client().run(PROJECT, team=TEAM),
        "team": lambda: client().run(PROJECT, registry="registry.example/prod"),
        "directory": lambda: client().run("/nowhere"),
        "client": lambda: chamber_sdk.run.run(PROJECT),
    }
    return {name: builtin(call) for name, call in calls.items()}


def builtin(call):
    HOME.mkdir(exist_ok=True)
    (HOME / "config.json").unlink(missing_ok=True)
    try:
        call()
    except (FileNotFoundError, ValueError) as error:
        return "missing" if isinstance(error, FileNotFoundError) else "value"


@scenario
def generated_files_are_saved_where_it_is_asked_for():
    client().run(PROJECT, dry_run=True, save_dockerfile=True, save_manifest=True)
    saved = [pathlib.Path(PROJECT) / name for name in ("Dockerfile.chamber", "manifest.chamber.yaml")]
    told = [file.read_text().count("\n") > 3 for file in saved]
    for file in saved:
        file.unlink()
    return told


@scenario
def a_project_is_detected():
    found = detect_project(PROJECT)
    none = pathlib.Path(HOME).parent / "empty"
    none.mkdir()
    told = dataclasses.asdict(found)
    del told["python_version"]
    return told, isinstance(found, ProjectProfile), detect_project(str(none)).entrypoint


@scenario
def the_latest_of_an_image():
    return [latest_tag(image) for image in ("ghcr.io/team/app:abc", "localhost:5000/app:1", "ghcr.io/app")]


def plain(value):
    if dataclasses.is_dataclass(value):
        return plain({field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime):
        return "aware time" if value.tzinfo else "naive time"
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return GENERATED.sub(r"\1_*", value) if isinstance(value, str) else value


def outcome(function):
    try:
        return plain(function())
    except Exception as error:
        return f"{type(error).__name__}: {error}"


json.dump({name: outcome(function) for name, function in SCENARIOS.items()}, sys.stdout)
