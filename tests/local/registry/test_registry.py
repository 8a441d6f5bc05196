import gzip
import http.client
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

REPOSITORY = "team/project"


@pytest.fixture
def call(simulated):
    return simulated


def upload(call, repository=REPOSITORY):
    answer = call("POST", f"/v2/{repository}/blobs/uploads/")
    assert answer.status == 202
    return answer.headers["Location"]


def error_code(answer):
    (error,) = answer.json["errors"]
    assert set(error) == {"code", "message", "detail"}
    return answer.status, error["code"]


def test_the_base_answers_with_the_token_and_challenges_without(call):
    assert call("GET", "/v2/").status == 200
    refused = call("GET", "/v2/", token=False)

    assert error_code(refused) == (401, "UNAUTHORIZED")
    assert refused.headers["WWW-Authenticate"].startswith('Basic realm="')
    assert refused.headers["Docker-Distribution-Api-Version"] == "registry/2.0"


def test_any_user_logs_in_with_the_token_as_the_password(call, tools):
    token = call.chamber.token

    assert call("GET", "/v2/", headers=tools.basic("anyone", token), token=False).status == 200
    assert call("GET", "/v2/", headers=tools.basic("anyone", "wrong"), token=False).status == 401
    assert call("GET", "/v2/", headers={"Authorization": "Basic ***"}, token=False).status == 401


@pytest.mark.parametrize("separate", [True, False])
def test_a_blob_is_uploaded_by_post_and_put_or_by_one_post(call, tools, separate):
    content, digest = b"blob", tools.digest_of(b"blob")
    if separate:
        answer = call("PUT", f"{upload(call)}?digest={digest}", content)
    else:
        answer = call("POST", f"/v2/{REPOSITORY}/blobs/uploads/?digest={digest}", content)

    assert answer.status == 201
    assert answer.headers["Docker-Content-Digest"] == digest
    got = call("GET", answer.headers["Location"])
    assert (got.status, got.body, got.headers["Docker-Content-Digest"]) == (200, content, digest)


def test_a_blob_is_uploaded_in_pieces(call, tools):
    location, content = upload(call), b"0123456789"
    first = call("PATCH", location, content[:4], {"Content-Range": "0-3"})
    assert (first.status, first.headers["Range"]) == (202, "0-3")
    status = call("GET", first.headers["Location"])
    assert (status.status, status.headers["Range"]) == (204, "0-3")
    second = call("PATCH", location, content[4:8], {"Content-Range": "4-7"})
    assert (second.status, second.headers["Range"]) == (202, "0-7")

    done = call("PUT", f"{location}?digest={tools.digest_of(content)}", content[8:])

    assert done.status == 201
    assert call("GET", done.headers["Location"]).body == content


def test_a_piece_out_of_order_is_refused_and_the_upload_goes_on(call, tools):
    location = upload(call)
    call("PATCH", location, b"abc")

    assert error_code(call("PATCH", location, b"x", {"Content-Range": "5-5"})) == (416, "BLOB_UPLOAD_INVALID")
    assert call("PUT", f"{location}?digest={tools.digest_of(b'abc')}").status == 201


def test_one_chunked_patch_without_a_range_is_what_docker_sends(call, tools):
    location, content = upload(call), b"x" * 3_000_000
    pieces = (content[i : i + 100_000] for i in range(0, len(content), 100_000))

    assert chunked(call, "PATCH", location, pieces) == 202
    assert call("PUT", f"{location}?digest={tools.digest_of(content)}").status == 201
    assert call("GET", f"/v2/{REPOSITORY}/blobs/{tools.digest_of(content)}").body == content


def chunked(call, method, path, pieces):
    host, _, port = call.chamber.registry.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    headers = {"Authorization": f"Bearer {call.chamber.token}"}
    try:
        connection.request(method, path, pieces, headers, encode_chunked=True)
        return connection.getresponse().status
    finally:
        connection.close()


def test_an_upload_that_breaks_off_is_dropped(call, tools):
    location = upload(call)
    host, _, port = call.chamber.registry.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.putrequest("PATCH", location)
    connection.putheader("Authorization", f"Bearer {call.chamber.token}")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b"only a part")
    connection.close()

    tools.until(lambda: call("GET", location).status == 404)
    assert list((call.chamber._started.folder.path / "registry" / "uploads").iterdir()) == []


def test_many_blobs_are_pushed_at_once(call, tools):
    contents = [bytes([number % 4]) * 400_000 for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        digests = list(pool.map(lambda content: call.push_blob(REPOSITORY, content), contents))

    for content, digest in zip(contents, digests, strict=True):
        assert call("GET", f"/v2/{REPOSITORY}/blobs/{digest}").body == content


def test_content_with_another_digest_is_not_kept(call, tools):
    wrong = tools.digest_of(b"other")

    assert error_code(call("PUT", f"{upload(call)}?digest={wrong}", b"blob")) == (400, "DIGEST_INVALID")
    assert error_code(call("GET", f"/v2/{REPOSITORY}/blobs/{wrong}")) == (404, "BLOB_UNKNOWN")
    assert error_code(call("GET", f"/v2/{REPOSITORY}/blobs/{tools.digest_of(b'blob')}")) == (404, "BLOB_UNKNOWN")


def test_a_cancelled_upload_is_gone(call):
    location = upload(call)

    assert call("DELETE", location).status == 204
    assert error_code(call("PATCH", location, b"x")) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_an_upload_belongs_to_its_repository(call):
    location = upload(call).replace(REPOSITORY, "another/project")

    assert error_code(call("PATCH", location, b"x")) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_head_tells_length_type_and_digest(call, tools):
    digest = call.push_blob(REPOSITORY, b"blob")
    answer = call("HEAD", f"/v2/{REPOSITORY}/blobs/{digest}")

    assert (answer.status, answer.body) == (200, b"")
    assert (answer.headers["Content-Length"], answer.headers["Docker-Content-Digest"]) == ("4", digest)
    assert call("HEAD", f"/v2/{REPOSITORY}/blobs/{tools.digest_of(b'none')}").status == 404


def test_a_part_of_a_blob_is_served(call):
    digest = call.push_blob(REPOSITORY, b"0123456789")
    answer = call("GET", f"/v2/{REPOSITORY}/blobs/{digest}", headers={"Range": "bytes=2-4"})

    assert (answer.status, answer.body) == (206, b"234")


def test_a_blob_is_mounted_from_another_repository_and_seen_nowhere_else(call):
    digest = call.push_blob("first/project", b"blob")
    assert call("HEAD", f"/v2/second/project/blobs/{digest}").status == 404

    mounted = call("POST", f"/v2/second/project/blobs/uploads/?mount={digest}&from=first/project")
    assert (mounted.status, mounted.headers["Docker-Content-Digest"]) == (201, digest)
    assert call("HEAD", f"/v2/second/project/blobs/{digest}").status == 200

    opened = call("POST", f"/v2/third/project/blobs/uploads/?mount={digest}&from=nobody/here")
    assert opened.status == 202
    assert "/blobs/uploads/" in opened.headers["Location"]


def test_a_manifest_is_kept_byte_for_byte_and_found_by_tag_and_digest(call, tools):
    reference = call.push_image(REPOSITORY, tools.layer(("app/a.txt", b"a")), tag="v1")
    digest = reference.partition("@")[2]

    by_tag, by_digest = (call("GET", f"/v2/{REPOSITORY}/manifests/{name}") for name in ("v1", digest))

    assert by_tag.body == by_digest.body
    assert tools.digest_of(by_tag.body) == digest == by_tag.headers["Docker-Content-Digest"]
    assert by_tag.headers["Content-Type"] == "application/vnd.oci.image.manifest.v1+json"
    head = call("HEAD", f"/v2/{REPOSITORY}/manifests/v1")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(by_tag.body)))
    assert head.headers["Docker-Content-Digest"] == digest


def test_a_tag_moves_and_the_old_digest_stays(call, tools):
    old = call.push_image(REPOSITORY, tools.layer(("app/a.txt", b"a"))).partition("@")[2]
    new = call.push_image(REPOSITORY, tools.layer(("app/a.txt", b"b"))).partition("@")[2]

    assert call("HEAD", f"/v2/{REPOSITORY}/manifests/latest").headers["Docker-Content-Digest"] == new
    assert call("HEAD", f"/v2/{REPOSITORY}/manifests/{old}").status == 200


def test_a_manifest_without_its_blobs_is_refused(call, tools):
    missing = tools.descriptor("application/vnd.oci.image.config.v1+json", b"{}")
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": missing,
        "layers": [],
    }

    assert error_code(call.put_manifest(REPOSITORY, "v1", manifest)) == (404, "MANIFEST_BLOB_UNKNOWN")


def test_an_index_refers_to_manifests_that_are_there(call, tools):
    digest = call.push_image(REPOSITORY, tools.layer()).partition("@")[2]
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 1}],
    }

    assert call.put_manifest(REPOSITORY, "multi", index).status == 201
    index["manifests"][0]["digest"] = tools.digest_of(b"none")
    assert error_code(call.put_manifest(REPOSITORY, "multi", index)) == (404, "MANIFEST_UNKNOWN")


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"", "application/vnd.oci.image.manifest.v1+json"),
        (b"[]", "application/vnd.oci.image.manifest.v1+json"),
        (b"{}", "application/vnd.oci.image.manifest.v1+json"),
        (b'{"config": {"digest": "sha256:x"}}', "text/plain"),
        (b'{"config": {"digest": "../../etc/passwd"}}', "application/vnd.oci.image.manifest.v1+json"),
    ],
)
def test_what_is_no_manifest_is_refused(call, content, content_type):
    answer = call("PUT", f"/v2/{REPOSITORY}/manifests/v1", content, {"Content-Type": content_type})

    assert error_code(answer) in {(400, "MANIFEST_INVALID"), (404, "MANIFEST_BLOB_UNKNOWN")}


def test_a_manifest_under_another_digest_is_refused(call, tools):
    call.push_image(REPOSITORY, tools.layer(), tag="v1")
    manifest = json.loads(call("GET", f"/v2/{REPOSITORY}/manifests/v1").body)

    answer = call.put_manifest(REPOSITORY, tools.digest_of(b"other"), manifest)

    assert error_code(answer) == (400, "DIGEST_INVALID")


def test_a_manifest_over_the_limit_is_refused(call):
    answer = call("PUT", f"/v2/{REPOSITORY}/manifests/v1", b" " * (4 << 20) + b"{}")

    assert error_code(answer) == (413, "SIZE_INVALID")


def test_tags_are_listed_in_pages(call, tools):
    for tag in ("c", "a", "b"):
        call.push_image(REPOSITORY, tools.layer(), tag=tag)

    assert call("GET", f"/v2/{REPOSITORY}/tags/list").json == {"name": REPOSITORY, "tags": ["a", "b", "c"]}
    page = call("GET", f"/v2/{REPOSITORY}/tags/list?n=2")
    assert page.json["tags"] == ["a", "b"]
    assert page.headers["Link"] == f'</v2/{REPOSITORY}/tags/list?n=2&last=b>; rel="next"'
    rest = call("GET", f"/v2/{REPOSITORY}/tags/list?n=2&last=b")
    assert (rest.json["tags"], rest.headers.get("Link")) == (["c"], None)
    assert call("GET", f"/v2/{REPOSITORY}/tags/list?n=0").json["tags"] == []
    assert call("GET", f"/v2/{REPOSITORY}/tags/list?n=x").status == 400


def test_what_was_never_pushed_is_unknown(call):
    assert error_code(call("GET", "/v2/no/where/tags/list")) == (404, "NAME_UNKNOWN")
    assert error_code(call("GET", "/v2/no/where/manifests/latest")) == (404, "NAME_UNKNOWN")
    assert error_code(call("GET", "/v2/chamber.local/python/manifests/none")) == (404, "MANIFEST_UNKNOWN")


def test_the_marker_base_is_there_and_says_what_it_is(call):
    manifest = call("GET", "/v2/chamber.local/python/manifests/latest").json
    config = call("GET", f"/v2/chamber.local/python/blobs/{manifest['config']['digest']}").json
    (described,) = manifest["layers"]
    layer = call("GET", f"/v2/chamber.local/python/blobs/{described['digest']}").body

    assert config["config"] == {"Labels": {"io.chamber.base": "chamber.local/python"}, "WorkingDir": "/app"}
    assert "chamber-local's process executor" in config["history"][0]["comment"]
    assert gzip.decompress(layer).strip(b"\0") == b""
    assert len(layer) == described["size"]


@pytest.mark.parametrize("name", ["UPPER/case", "a//b", "../../etc", "a/../b", "-a", "a" * 300, "a%00b", "a%2F..%2Fb"])
@pytest.mark.parametrize("rest", ["manifests/latest", "tags/list", "blobs/uploads/"])
def test_names_that_are_none_are_refused(call, name, rest):
    answer = call("POST" if rest.endswith("/") else "GET", f"/v2/{name}/{rest}")

    assert answer.status in {400, 404}
    assert answer.json["errors"][0]["code"] in {"NAME_INVALID", "NAME_UNKNOWN", "UNSUPPORTED"}


@pytest.mark.parametrize("digest", ["sha256:abc", "sha256:" + "A" * 64, "md5:" + "a" * 32, "sha256:..%2F..%2Fx"])
def test_digests_that_are_none_are_refused(call, digest):
    for method, path in [("GET", "blobs"), ("GET", "manifests")]:
        assert error_code(call(method, f"/v2/{REPOSITORY}/{path}/{digest}")) == (400, "DIGEST_INVALID")
    assert error_code(call("PUT", f"{upload(call)}?digest={digest}", b"x")) == (400, "DIGEST_INVALID")
