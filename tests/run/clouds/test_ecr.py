"""ECR against moto's server; what moto does not have is scripted."""

import asyncio
import base64
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from aiohttp import web
from moto.server import ThreadedMotoServer
from msgspec.structs import replace
from scripted import Scripted, answering

from chamber.core.errors import ConfigurationError, DockerError
from chamber.run.clouds import ecr
from chamber.run.clouds.aws import Place, chamber_run_registry, place_of
from chamber.run.registry.client import RegistryClient
from chamber.run.registry.repository import Repository

ACCOUNT = "123456789012"
HOST = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
PRIVATE = Place("us-east-1", ACCOUNT)
PUBLIC = Place("us-east-1", None)


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-key-for-tests")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@pytest.fixture
def aws(moto: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    return botocore.session.Session().create_client("ecr", region_name="us-east-1")


@pytest.fixture
def no_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ecr, "find_spec", lambda name: None)


def _names(aws: Any) -> set[str]:
    return {repository["repositoryName"] for repository in aws.describe_repositories()["repositories"]}


@pytest.mark.parametrize("service", ["ecr", "ecr-fips"])
def test_the_login_is_what_aws_gives_out(aws: Any, service: str) -> None:
    place = place_of(f"{ACCOUNT}.dkr.{service}.us-east-1.amazonaws.com")
    assert place is not None
    token = aws.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    assert ":".join(ecr.login(place)) == base64.b64decode(token).decode()


def test_a_repository_is_made_and_one_that_is_there_is_left(aws: Any) -> None:
    name = f"ml/{uuid.uuid4().hex[:8]}"
    ecr.create(PRIVATE, name)
    ecr.create(PRIVATE, name)
    assert name in _names(aws)


def test_a_name_that_aws_refuses_is_said(aws: Any) -> None:
    with pytest.raises(DockerError, match="AWS refuses"):
        ecr.create(PRIVATE, "Not/Allowed")


async def test_a_push_logs_in_and_makes_its_repository(aws: Any, scripted: Scripted, transport: Any) -> None:
    """The registry itself, which moto is not: it takes the login and knows the repositories that moto has."""
    path = f"team/{uuid.uuid4().hex[:8]}"
    login = base64.b64encode(":".join(await asyncio.to_thread(ecr.login, PRIVATE)).encode()).decode()

    async def uploads(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Basic {login}":
            asks = f'Basic realm="https://{HOST}/",service="ecr.amazonaws.com"'
            return web.Response(status=401, headers={"WWW-Authenticate": asks}, text="Not Authorized\n")
        if path not in await asyncio.to_thread(_names, aws):
            message = f"The repository with name '{path}' does not exist in the registry with id '{ACCOUNT}'"
            return web.json_response({"errors": [{"code": "NAME_UNKNOWN", "message": message}]}, status=404)
        return web.Response(status=202, headers={"Location": "/upload"})

    scripted.answers[f"POST /v2/{path}/blobs/uploads/"] = uploads
    scripted.answers["DELETE /upload"] = answering(405)
    answer = chamber_run_registry(f"{HOST}/team")
    assert answer is not None
    client = RegistryClient(transport, scripted.host, replace(answer, prefix=f"{scripted.host}/team"))
    await Repository(client, path, (f"repository:{path}:pull,push",)).require_push()
    assert path in await asyncio.to_thread(_names, aws)
    assert [request.method for request in scripted.requests] == ["POST", "POST", "POST", "DELETE"]


async def test_public_registries_have_an_api_of_their_own(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    """GetAuthorizationToken of ECR Public answers with one object, not a list:
    https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html
    """
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{scripted.host}")
    token = base64.b64encode(b"AWS:public-password").decode()
    data = {"authorizationData": {"authorizationToken": token, "expiresAt": 1.7e9}, "repository": {}}
    scripted.answers["POST /"] = answering(body=json.dumps(data), Content_Type="application/x-amz-json-1.1")
    assert await asyncio.to_thread(ecr.login, PUBLIC) == ("AWS", "public-password")
    await asyncio.to_thread(ecr.create, PUBLIC, "alias/team/app")
    targets = [request.headers["X-Amz-Target"].rpartition(".")[2] for request in scripted.requests]
    assert targets == ["GetAuthorizationToken", "CreateRepository"]
    assert json.loads(scripted.bodies[1]) == {"repositoryName": "team/app"}
    assert "us-east-1" in scripted.requests[0].headers["Authorization"]


def test_without_credentials_it_is_said_how_to_get_some(moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("HOME", "/nowhere")
    with pytest.raises(ConfigurationError, match="aws configure"):
        ecr.login(PRIVATE)


async def test_a_refusal_is_told_without_the_key(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/CommonErrors.html"""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{scripted.host}")
    body = json.dumps({"__type": "UnrecognizedClientException", "message": "The security token is invalid."})
    scripted.answers["POST /"] = answering(400, body, Content_Type="application/x-amz-json-1.1")
    with pytest.raises(ConfigurationError, match="UnrecognizedClientException") as caught:
        await asyncio.to_thread(ecr.login, PRIVATE)
    assert "a-secret-key-for-tests" not in str(caught.value)


@pytest.mark.usefixtures("no_botocore")
def test_without_botocore_the_aws_command_is_asked(program: Callable[[str, str], Path]) -> None:
    calls = program("aws", 'echo "${AWS_USE_FIPS_ENDPOINT:-no}-${AWS_USE_DUALSTACK_ENDPOINT:-no}-password"')
    assert ecr.login(PRIVATE) == ("AWS", "no-no-password")
    assert ecr.login(Place("us-west-2", ACCOUNT, fips=True, dualstack=True)) == ("AWS", "true-true-password")
    assert ecr.login(PUBLIC) == ("AWS", "no-no-password")
    ecr.create(PRIVATE, "team/app")
    ecr.create(PUBLIC, "alias/app")
    assert calls.read_text().splitlines() == [
        "ecr get-login-password --region us-east-1",
        "ecr get-login-password --region us-west-2",
        "ecr-public get-login-password --region us-east-1",
        f"ecr create-repository --repository-name team/app --registry-id {ACCOUNT} --region us-east-1",
        "ecr-public create-repository --repository-name app --region us-east-1",
    ]


@pytest.mark.usefixtures("no_botocore")
def test_a_repository_that_the_command_finds_there_is_left(program: Callable[[str, str], Path]) -> None:
    program("aws", 'echo "An error occurred (RepositoryAlreadyExistsException)" >&2; exit 254')
    ecr.create(PRIVATE, "team/app")


@pytest.mark.usefixtures("no_botocore")
def test_what_the_command_complains_of_is_passed_on(program: Callable[[str, str], Path]) -> None:
    program("aws", 'echo "Unable to locate credentials." >&2; exit 253')
    with pytest.raises(ConfigurationError, match=r"aws ecr get-login-password: Unable to locate credentials\."):
        ecr.login(PRIVATE)


@pytest.mark.usefixtures("no_botocore", "program")
def test_with_neither_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigurationError, match=r"chamber-run\[aws\]"):
        ecr.login(PRIVATE)
