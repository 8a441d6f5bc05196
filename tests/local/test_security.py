import contextlib
import http.client
import json
import stat

import pytest

from chamber.core.errors import ConfigurationError
from chamber.local import LocalChamber
from chamber.local.access import Access
from chamber.local.memberships import FIRST

PATHS = ["/workloads", "/workloads/wl_x/logs", "/teams", "/capacity", "/metrics", "/nothing"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Bearer ", "Basic x", "Bearer ключ"])
def test_nothing_is_told_without_the_token(simulated, path, authorization):
    headers = {} if authorization is None else {"Authorization": authorization.encode()}

    answer = simulated("GET", f"/v1{path}", headers=headers, token=False)

    assert (answer.status, answer.json["error"]["code"]) == (401, "UNAUTHENTICATED")


def test_health_needs_no_token(simulated):
    answer = simulated("GET", "/v1/health", token=False)

    assert answer.data["status"] == "healthy"
    assert set(answer.data) == {"status", "version", "timestamp"}


@pytest.mark.parametrize("path", ["/v1/health", "/v1/workloads", "/v2/", "/", "/openapi.json", "/session/tickets"])
def test_another_host_is_not_answered(simulated, path):
    assert simulated("GET", path, headers={"Host": "rebound.example"}).status == 421


def test_localhost_is_a_name_of_this_host(simulated):
    port = simulated.chamber.registry.rpartition(":")[2]

    assert simulated("GET", "/v1/health", headers={"Host": f"localhost:{port}"}).status == 200
    assert simulated("GET", "/v1/health", headers={"Host": "localhost:1"}).status == 421


def test_another_organization_is_forbidden(simulated):
    answer = simulated("GET", "/v1/workloads", headers={"X-Organization-Id": "org_other"})

    assert (answer.status, answer.json["error"]["code"]) == (403, "FORBIDDEN")
    assert simulated("GET", "/v1/workloads", headers={"X-Organization-Id": "org_local"}).status == 200


def test_no_page_of_another_origin_is_let_in(simulated):
    headers = {"Origin": "https://page.example", "Access-Control-Request-Method": "POST"}

    for answer in (
        simulated("OPTIONS", "/v1/workloads", headers=headers),
        simulated("GET", "/v1/teams", headers=headers),
    ):
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_the_request_id_is_echoed_or_made(simulated):
    given = simulated("GET", "/v1/teams", headers={"X-Request-Id": "mine-1"})
    made = simulated("GET", "/v1/nothing", headers={"X-Request-Id": "with space"})

    assert (given.json["request_id"], given.headers["X-Request-Id"]) == ("mine-1", "mine-1")
    assert made.json["request_id"].startswith("req_")


@pytest.mark.parametrize("name", ["../../identity.json", "..", "%2e%2e%2fidentity", "wl_x/../../identity"])
def test_paths_lead_nowhere_else(simulated, name):
    for tail in ("", "/logs"):
        assert simulated("GET", f"/v1/workloads/{name}{tail}").status == 404


def test_a_method_that_is_not_there_says_which_are(simulated):
    answer = simulated("DELETE", "/v1/workloads")

    assert (answer.status, answer.json["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert set(answer.headers["Allow"].split(",")) == {"GET", "HEAD", "POST"}


def test_compressed_bodies_are_not_inflated(simulated):
    import gzip

    body = gzip.compress(json.dumps({"name": "x"}).encode())

    assert simulated("POST", "/v1/teams", body, {"Content-Encoding": "gzip"}).status == 400


def test_a_declared_length_over_the_limit_is_refused_before_it_is_sent(simulated):
    host, _, port = simulated.chamber.registry.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.putrequest("POST", "/v1/workloads")
    connection.putheader("Authorization", f"Bearer {simulated.chamber.token}")
    connection.putheader("Content-Length", str(1 << 40))
    connection.endheaders()

    assert connection.getresponse().status == 413
    connection.close()


def test_the_token_is_in_no_repr_and_in_private_files_only(simulated, own_settings):
    chamber = simulated.chamber
    folder = chamber._started.folder.path

    assert chamber.token not in repr(chamber) + repr(Access({chamber.token: FIRST}))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "identity.json").stat().st_mode) == 0o600
    (record,) = (own_settings / "local").iterdir()
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert stat.S_IMODE(record.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("path", "largest"),
    [("/v1/workloads", 1 << 20), ("/v1/teams", 1 << 20), ("/v2/a/manifests/latest", 4 << 20)],
)
def test_a_body_of_unknown_length_is_read_up_to_the_limit(simulated, path, largest):
    method = "PUT" if path.startswith("/v2/") else "POST"
    host, _, port = simulated.chamber.registry.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    pieces = (b" " * 65_536 for _ in range(largest // 65_536 + 1))
    headers = {"Authorization": f"Bearer {simulated.chamber.token}"}
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.request(method, path, pieces, headers, encode_chunked=True)

    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize("part", ["header", "path"])
def test_long_headers_and_addresses_are_refused(simulated, part):
    long = "x" * 20_000
    headers = {"X-Request-Id": long} if part == "header" else {}

    assert simulated("GET", f"/v1/teams?q={long * (part == 'path')}", headers=headers).status == 400


def test_a_body_is_not_read_before_its_sender_is_known(simulated):
    host, _, port = simulated.chamber.registry.rpartition(":")
    for path in ("/v1/workloads", "/v2/a/blobs/uploads/", "/session/tickets"):
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        connection.putrequest("POST", path)
        connection.putheader("Content-Length", str(1 << 19))
        connection.endheaders()

        assert connection.getresponse().status == 401
        connection.close()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Cookie": "chamber_session_80=x; chamber_session=y", "X-Chamber-Dashboard": "1"},
        {"X-Organization-Id": "org_local", "Idempotency-Key": "k"},
    ],
)
def test_nothing_is_run_for_whom_nobody_knows(call, tools, tmp_path, headers):
    manifest = tools.job(["touch", str(tmp_path / "ran")])
    body = {"name": "job", "initiative_id": "init_local", "gpu_type": "H100", "k8s_manifest": manifest}
    call.chamber.faults.add("delay", seconds=0.01, times=None)

    assert call("POST", "/v1/workloads", body, headers, token=False).status == 401
    assert call.chamber.workloads() == ()
    call.wait(call.submit(k8s_manifest=tools.job(["touch", str(tmp_path / "control")])), "completed")
    assert [file.name for file in tmp_path.iterdir()] == ["control"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "chamber.example"])
def test_other_machines_are_let_in_only_when_told(host):
    with pytest.raises(ConfigurationError, match="allow_remote"):
        LocalChamber(host=host)


@pytest.mark.parametrize(
    "settings",
    [
        {"dialect": "klingon"},
        {"executor": "kubernetes"},
        {"port": -1},
        {"gpus": {"H100": -1}},
        {"gpus": {"H100": 1, "h100": 1}},
        {"gpus": {"": 1}},
        {"sample_interval": 0},
        {"grace": -1},
    ],
)
def test_a_wrong_setting_is_a_configuration_error(settings):
    with pytest.raises(ConfigurationError):
        LocalChamber(**settings)


def test_all_addresses_are_served_when_told(tools):
    with LocalChamber(executor="simulated", host="0.0.0.0", allow_remote=True) as chamber:
        assert chamber.registry.startswith("127.0.0.1:")
        call = tools.Caller(chamber)
        assert call("GET", "/v1/teams", headers={"Host": "my-machine:80"}).status == 200
        assert call("GET", "/v1/teams", token=False).status == 401


def test_a_taken_port_is_a_configuration_error(simulated):
    port = int(simulated.chamber.registry.rpartition(":")[2])

    with pytest.raises(ConfigurationError, match="cannot be listened on"):
        LocalChamber(port=port).start()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/workloads/%ff%fe", None),
        ("GET", "/v1/workloads/%00", None),
        ("GET", "/v1/workloads?submitted_by=%ff%00", None),
        ("GET", "/v1/workloads?start_date=0001-01-01T00:00:00%2B23:00", None),
        ("GET", "/v1/workloads?end_date=9999-12-31T23:59:59-23:00", None),
        ("GET", "/v1/workloads?limit=99999999999999999999999", None),
        ("GET", "/v1/workloads/wl_x/logs?offset=99999999999999999999999", None),
        ("POST", "/v1/workloads/search", b'{"query": "\\ud800"}'),
        ("POST", "/v1/workloads/search", b'{"priority": {"min": 1e999}}'),
        ("POST", "/v1/workloads/search", b'{"priority": {"min": 99999999999999999999999999}}'),
        ("POST", "/v1/workloads/search", b'{"sort_by": ""}'),
        ("POST", "/v1/teams", b'{"name": "\\u0000\\ud83d"}'),
        ("POST", "/v1/teams", b'{"name": "a", "tags": {"a": ' + b"[" * 500_000),
        ("POST", "/v2/a/blobs/uploads/?digest=%ff", b""),
        ("GET", "/v2/%ff/manifests/%fe", None),
        ("GET", "/v2/a/tags/list?last=%ff&n=1", None),
    ],
)
def test_strange_input_is_never_a_failure_of_the_server(simulated, method, path, body):
    answer = simulated(method, path, body)

    assert answer.status < 500, answer.body
    assert answer.json


@pytest.mark.parametrize("name", ["Authorization", "Idempotency-Key", "X-Request-Id", "X-Organization-Id"])
def test_strange_headers_are_never_a_failure_of_the_server(simulated, name):
    body = {"name": "a", "initiative_id": "init_local", "gpu_type": "H100"}

    answer = simulated("POST", "/v1/workloads", body, {name: b"\xff\xfe"})

    assert answer.status < 500, answer.body
