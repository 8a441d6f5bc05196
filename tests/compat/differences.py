"""Runs with either package: does what one of them gets wrong, and tells as JSON what came of it.

Arguments: api_url, token, organization_id, team of an embedded Chamber in the legacy dialect, in which the answer to
the first submission is lost; a folder for projects.
"""

# pyright: reportMissingImports=false

import itertools
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import yaml
from answering import answering, said

from chamber_sdk import ChamberClient, JobStatus
from chamber_sdk.exceptions import ChamberError, ValidationError
from chamber_sdk.models import HealthStatus
from chamber_sdk.run import DockerError

URL, TOKEN, ORGANIZATION, TEAM, FOLDER = sys.argv[1:]
HOME = pathlib.Path.home()
SETTINGS = HOME / ".chamber"
DIFFERENCES = {}

JOB = {
    "id": "wl_1",
    "name": "job",
    "status": "RUNNING",
    "jobClass": "ELASTIC",
    "requestedGpus": 1,
    "submittedAt": "2026-01-02T03:04:05Z",
}
DOCUMENTED = {
    "workload_id": "wl_1",
    "name": "job",
    "status": "running",
    "job_class": "ELASTIC",
    "gpu_count": 4,
    "submitted_at": "2026-01-02T03:04:05Z",
}
numbers = itertools.count()


def difference(function):
    DIFFERENCES[function.__name__] = function
    return function


def asking(server, **options):
    return ChamberClient("ch.a-token", api_url=server.url, **options)


def in_chamber():
    return ChamberClient(TOKEN, URL, ORGANIZATION)


def job(**changed):
    return {**JOB, **changed}


# What goes wrong


@difference
def a_submission_whose_answer_is_lost_is_found():
    """The answer to the first submission of the Chamber is lost, although the job was made."""
    outcome = error_of(lambda: in_chamber().submit_job("lost", TEAM, "H100", 1))
    made = [found for found in in_chamber().iter_workloads(limit=100) if found.name == "lost"]
    return outcome, len(made), all(found.external_id for found in made)


# What the API answers


@difference
def a_workload_in_the_documented_envelope_is_read():
    with answering(said({"data": DOCUMENTED, "request_id": "r"})) as server:
        found = asking(server).get_workload("wl_1")
    return found.status.value, found.requested_gpus


@difference
def a_listing_in_the_documented_envelope_has_its_items():
    answer = {"data": {"workloads": [DOCUMENTED]}, "metadata": {"total_count": 1}}
    with answering(said(answer)) as server:
        return len(asking(server).list_workloads().items)


@difference
def an_answer_that_is_not_understood_is_no_empty_success():
    with answering(said({"unexpected": []})) as server:
        return len(asking(server).list_workloads().items)


@difference
def a_page_of_a_proxy_is_no_empty_success():
    with answering(said("<html>sign in</html>", **{"Content-Type": "text/html"})) as server:
        return len(asking(server).list_teams())


@difference
def a_status_that_is_new_breaks_no_listing():
    with answering(said({"workloads": [job(), job(status="PAUSED")]})) as server:
        return [found.status.value for found in asking(server).list_workloads().items]


@difference
def a_figure_that_is_not_sent_is_not_zero():
    with answering(said({"data": {"pools": [{"pool_id": "p", "name": "P"}]}})) as server:
        told = asking(server).get_capacity()
    return told.budget.available, [pool.total_gpus for pool in told.pools]


@difference
def a_page_can_be_iterated():
    with answering(said({"workloads": [job()]})) as server:
        return [found.id for found in asking(server).list_workloads()]


@difference
def teams_are_listed_to_the_last_page():
    first = {"teams": [{"id": "a", "name": "A"}], "metadata": {"next_token": "more"}}
    with answering(said(first), said({"teams": [{"id": "b", "name": "B"}]})) as server:
        return [team.id for team in asking(server).list_teams()]


@difference
def a_listing_that_goes_in_circles_ends():
    with answering(said({"workloads": [job()], "metadata": {"next_token": "same"}})) as server:
        return len(list(itertools.islice(asking(server).iter_workloads(), 20)))


@difference
def a_time_without_an_offset_is_in_utc():
    return HealthStatus.from_dict({"status": "ok", "timestamp": "2026-01-02T03:04:05"}).timestamp.tzinfo is not None


@difference
def a_status_prints_as_its_word():
    return f"{JobStatus.RUNNING!s}"


@difference
def a_status_is_found_in_any_case():
    return JobStatus("completed").value


# What is asked for


@difference
def dates_are_sent_in_both_spellings():
    with answering(said({"workloads": []})) as server:
        asking(server).list_workloads(submitted_after="2026-01-01T00:00:00Z")
    query = server.asked[0][1]
    return "submitted_after=" in query, "start_date=" in query


@difference
def a_status_filter_finds_in_either_case():
    made = in_chamber().submit_job("filtered", TEAM, "H100", 1)
    in_chamber().wait_for_completion(made.id, 0.02, 60)
    return made.id in [found.id for found in in_chamber().list_workloads(status="completed", limit=100).items]


@difference
def an_id_cannot_lead_elsewhere():
    with answering(said(job())) as server:
        asking(server).get_workload("../teams/secret")
    return server.asked[0][1]


# What goes wrong


@difference
def a_lost_connection_is_a_chamber_error():
    with answering(said({})) as server:
        pass
    return error_of(lambda: asking(server, timeout=1).create_team("t"))


@difference
def an_error_of_the_documented_dialect_has_a_text():
    answer = {"error": {"code": "VALIDATION_ERROR", "message": "too many GPUs"}, "request_id": "r"}
    with answering(said(answer, 400)) as server:
        try:
            asking(server).get_workload("wl_1")
        except ValidationError as error:
            return type(error.message).__name__


@difference
def an_error_that_is_a_list_is_a_chamber_error():
    with answering(said(["broken"], 400)) as server:
        return error_of(lambda: asking(server).get_workload("wl_1"))


@difference
def a_refused_request_is_a_validation_error_with_422_too():
    with answering(said({"message": "no"}, 422)) as server:
        return error_of(lambda: asking(server).create_team("t"), ValidationError)


@difference
def a_redirect_is_not_followed():
    with answering(said(job())) as other:
        with answering(said("", 302, Location=f"{other.url}/elsewhere")) as server:
            error_of(lambda: asking(server).create_team("t"))
        return len(other.asked)


@difference
def a_docker_error_is_a_chamber_error():
    return issubclass(DockerError, ChamberError)


@difference
def a_read_that_fails_for_a_moment_is_tried_again():
    with answering(said({"message": "busy"}, 503, **{"Retry-After": "0"}), said(job())) as server:
        return asking(server).get_workload("wl_1").id


@difference
def a_rate_limit_is_waited_for():
    with answering(said({"message": "slow"}, 429, **{"Retry-After": "0"}), said(job())) as server:
        return asking(server).get_workload("wl_1").id


@difference
def a_wait_goes_on_after_a_look_that_fails():
    looks = [said(job()), said("<html>", 502, **{"Retry-After": "0"}), said(job(status="COMPLETED"))]
    with answering(*looks) as server:
        return asking(server).wait_for_completion("wl_1", poll_interval=0.01).status.value


@difference
def a_wait_of_no_time_looks_once():
    with answering(said(job()), said(job()), said(job(status="COMPLETED"))) as server:
        error_of(lambda: asking(server).wait_for_completion("wl_1", poll_interval=0.01, timeout=0))
    return len(server.asked)


@difference
def a_wait_for_running_ends_with_a_job_that_has_ended():
    with answering(said(job(status="FAILED")), said(job(status="FAILED")), said(job())) as server:
        return asking(server).wait_for_completion("wl_1", 0.01, None, [JobStatus.RUNNING]).status.value


# Who one is


@difference
def an_empty_token_is_nobody_elses():
    login("ch.of-the-file")
    return error_of(lambda: ChamberClient(token=""))


@difference
def a_token_of_the_login_goes_to_the_api_of_the_login():
    login("ch.of-the-file", api_url="https://staging.example/v1", organization_id="org-1")
    made = ChamberClient()
    return made.api_url, made.organization_id


@difference
def a_folder_without_a_token_takes_none_from_another():
    login("ch.of-the-file")
    empty = HOME / "empty"
    empty.mkdir(exist_ok=True)
    return error_of(lambda: ChamberClient.from_config(str(empty)))


@difference
def a_token_that_others_can_read_is_not_used():
    login("ch.of-the-file")
    (SETTINGS / "token.json").chmod(0o644)
    return error_of(ChamberClient.from_config)


@difference
def a_token_is_not_sent_in_the_clear():
    return error_of(lambda: ChamberClient("ch.a-token", api_url="http://api.example.com/v1"))


@difference
def a_token_is_not_replaced_by_a_netrc():
    (HOME / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    (HOME / ".netrc").chmod(0o600)
    with answering(said(job())) as server:
        asking(server).get_workload("wl_1")
    (HOME / ".netrc").unlink()
    return server.asked[0][2]["Authorization"].split()[0]


@difference
def a_token_is_not_among_what_a_client_shows():
    return "ch.hidden-token" in repr(vars(ChamberClient("ch.hidden-token")))


# Files


@difference
def a_broken_file_of_settings_is_not_overwritten():
    SETTINGS.mkdir(exist_ok=True)
    file = SETTINGS / "config.json"
    file.write_text('{"organization_id": "org-1",')
    error_of(lambda: ChamberClient.add_registry("prod", "registry.example/prod"))
    kept = "org-1" in file.read_text()
    file.unlink()
    return kept


@difference
def a_malformed_registry_is_refused():
    told = error_of(lambda: ChamberClient.add_registry("prod", "http://user:password@registry.example"), ValueError)
    (SETTINGS / "config.json").unlink(missing_ok=True)
    return told


# run()


@difference
def the_project_file_decides_gpu_type_and_job_class():
    settings = "gpu_type: A100\njob_class: RESERVED\n"
    payload = planned({".chamber.yaml": settings}).submit_payload
    return payload["gpu_type"], payload["job_class"]


@difference
def one_gpu_can_be_asked_for():
    return planned({".chamber.yaml": "gpus: 4\n"}, gpus=1).submit_payload["requested_gpus"]


@difference
def variables_are_merged_by_name():
    manifest = planned({".chamber.yaml": "env: {FROM_FILE: a}\n"}, env={"FROM_CALL": "b"}).manifest
    return "FROM_FILE" in manifest, "FROM_CALL" in manifest


@difference
def an_unknown_key_of_the_project_file_is_told():
    return error_of(lambda: planned({".chamber.yaml": "gpu_typ: A100\n"}), ValueError)


@difference
def arguments_are_split_as_a_shell_does():
    told = planned({}, entrypoint_args="--name 'a b'")
    return "a b" in words_of(told)


@difference
def an_entrypoint_that_is_not_there_is_told():
    return error_of(lambda: planned({}, entrypoint="missing.py"), FileNotFoundError)


@difference
def another_base_image_is_another_image():
    first = planned({}, base_image="registry.example/base:1")
    second = planned({}, base_image="registry.example/base:2", directory=first.profile.root_dir)
    return first.image_tag != second.image_tag


@difference
def an_argument_that_has_changed_is_run():
    first = planned({}, entrypoint_args="--lr 1")
    second = planned({}, entrypoint_args="--lr 2", directory=first.profile.root_dir)
    return first.image_tag != second.image_tag or first.manifest != second.manifest


@difference
def a_registry_that_is_misspelt_is_not_somebody_elses():
    return error_of(lambda: planned({}, registry="prdo"), ValueError)


@difference
def a_setting_that_cannot_be_is_told():
    calls = (lambda: planned({}, gpus=0), lambda: planned({}, distributed="horovod"))
    return [error_of(call, ValueError) for call in calls]


@difference
def a_large_job_without_ray_is_no_rayjob():
    return sorted({made["kind"] for made in manifests(planned({}, gpus=16))} & {"Job", "RayJob"})


@difference
def every_gpu_has_a_process():
    return "--nproc-per-node=4" in words_of(
        planned({"requirements.txt": "torch\n", "train.py": "import torch\n"}, gpus=4)
    )


@difference
def a_manifest_says_whose_it_is():
    (made,) = manifests(planned({}))
    return made["metadata"].get("labels", {}).get("chamber.io/team")


@difference
def a_long_name_is_shortened():
    return bool(error_free(lambda: planned({}, name="n" * 80)))


@difference
def keys_do_not_go_into_the_image():
    return "id_rsa" in planned({"id_rsa": "-----BEGIN OPENSSH PRIVATE KEY-----\n"}).dockerignore


@difference
def a_build_writes_nothing_into_the_project():
    """The engine of this run is a program in its place, which writes down what it sees."""
    from chamber_sdk.run import build_and_push_image

    project = folder({"train.py": "print(1)\n"})
    error_of(lambda: build_and_push_image(str(project), "localhost:1/app:1", "FROM scratch\n", "*.log\n"), Exception)
    seen = (HOME / "seen").read_text() if (HOME / "seen").exists() else ""
    return sorted(name for name in (".chamber.Dockerfile", ".dockerignore") if f"{project}/{name}" in seen)


def planned(files, directory=None, **options):
    project = directory or folder({"train.py": "print(1)\n", **files})
    return in_chamber().run(
        str(project), **{"team": TEAM, "registry": "registry.example/prod", "dry_run": True, **options}
    )


def folder(files):
    made = pathlib.Path(FOLDER) / f"project-{next(numbers)}"
    made.mkdir()
    for name, content in files.items():
        (made / name).write_text(content)
    return made


def manifests(told):
    return list(yaml.safe_load_all(told.manifest))


def words_of(told):
    """The words of the command, which one package keeps in the manifest and the other in the image."""
    commands = [line for line in told.dockerfile.splitlines() if line.startswith("CMD [")]
    words = [word for line in commands for word in json.loads(line.removeprefix("CMD "))]
    return words + [word for made in manifests(told) for word in command_of(made)]


def command_of(made):
    template = made.get("spec", {}).get("template", {}).get("spec", {})
    containers = template.get("containers", [])
    return [word for one in containers for word in (*one.get("command", ()), *one.get("args", ()))]


def login(token, **settings):
    SETTINGS.mkdir(exist_ok=True)
    (SETTINGS / "token.json").write_text(json.dumps({"access_token": token}))
    (SETTINGS / "token.json").chmod(0o600)
    (SETTINGS / "config.json").write_text(json.dumps(settings))


def error_of(call, *kinds):
    """What was raised, by the first of these kinds that it is; the name of a stranger's."""
    try:
        call()
    except Exception as error:
        return next((kind.__name__ for kind in (*kinds, ChamberError) if isinstance(error, kind)), type(error).__name__)
    return "nothing"


def error_free(call):
    return error_of(call) == "nothing"


def outcome(function):
    try:
        told = function()
    except ChamberError:
        return "ChamberError"
    except Exception as error:
        return type(error).__name__
    finally:
        for name in ("token.json", "config.json"):
            (SETTINGS / name).unlink(missing_ok=True)
    return told


json.dump({name: outcome(function) for name, function in DIFFERENCES.items()}, sys.stdout)
