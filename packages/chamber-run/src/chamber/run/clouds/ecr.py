"""What Amazon ECR is asked: by botocore where it is installed, else by the ``aws`` command.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
"""

import asyncio
import base64
from importlib.util import find_spec
from typing import Any

from chamber.core.errors import ConfigurationError, DockerError
from chamber.core.redaction import redacted
from chamber.run.clouds.aws import Place
from chamber.run.registry import programs

__all__ = ["create", "login"]

_USER = "AWS"
_NOT_FOUND = 127
_SEVERAL_SECONDS = 60.0
#: Seconds for a connection and for an answer, and how often a call is tried.
_LIMITS = {"connect_timeout": 5, "read_timeout": 20, "retries": {"total_max_attempts": 3, "mode": "standard"}}
_THERE = "RepositoryAlreadyExistsException"
_NEITHER = "for ECR, `pip install 'chamber-run[aws]'`, or install the aws command"
_LONGEST_SAYING = 300


def login(place: Place) -> tuple[str, str]:
    """User and password for the next twelve hours.

    Raises ConfigurationError: AWS does not know who we are, or there is nothing to ask it with.
    """
    if find_spec("botocore") is None:
        command = [_service(place), "get-login-password"]
        token = programs.token_in(asyncio.run(_asked(place, command)))
        if not token:
            raise ConfigurationError(f"`aws {' '.join(command)}` printed something else than a password: try it")
        return _USER, token
    found = _called(place, "get_authorization_token", ConfigurationError)
    try:
        data = found["authorizationData"]
        data = data if isinstance(data, dict) else data[0]
        user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    except (LookupError, TypeError, ValueError):
        raise ConfigurationError("ECR gave a token that is not understood") from None
    return user, password


def create(place: Place, path: str) -> None:
    """Make the repository at `path`; one that is there already is left as it is.

    Raises DockerError: it may not be made. Raises ConfigurationError: AWS does not know who we are.
    """
    name = path if place.account else path.partition("/")[2]
    if find_spec("botocore") is None:
        named = ["--repository-name", name, *(["--registry-id", place.account] if place.account else [])]
        asyncio.run(_asked(place, [_service(place), "create-repository", *named]))
        return
    owner = {"registryId": place.account} if place.account else {}
    _called(place, "create_repository", DockerError, repositoryName=name, **owner)


def _service(place: Place) -> str:
    return "ecr" if place.account else "ecr-public"


def _called(place: Place, operation: str, failure: type[Exception], **values: str) -> dict[str, Any]:
    """The answer of one operation; of a repository that is there already, nothing."""
    import botocore.exceptions  # type: ignore[import-untyped]
    import botocore.session  # type: ignore[import-untyped]
    from botocore.config import Config  # type: ignore[import-untyped]

    config = Config(use_fips_endpoint=place.fips, use_dualstack_endpoint=place.dualstack, **_LIMITS)
    try:
        client = botocore.session.Session().create_client(_service(place), region_name=place.region, config=config)
        answer: dict[str, Any] = getattr(client, operation)(**values)
    except botocore.exceptions.ClientError as error:
        if error.response["Error"].get("Code") == _THERE:
            return {}
        raise failure(f"AWS refuses: {_short(str(error))}") from error
    except botocore.exceptions.BotoCoreError as error:
        raise ConfigurationError(f"AWS: {_short(str(error))}: run `aws configure`, or `aws sso login`") from error
    return answer


async def _asked(place: Place, arguments: list[str]) -> bytes:
    """What the ``aws`` command answers."""
    added = {"AWS_PAGER": "", "AWS_USE_FIPS_ENDPOINT": "true"} if place.fips else {"AWS_PAGER": ""}
    added |= {"AWS_USE_DUALSTACK_ENDPOINT": "true"} if place.dualstack else {}
    command = ["aws", *arguments, "--region", place.region]
    code, output, complaints = await programs.ask(command, added=added, seconds=_SEVERAL_SECONDS)
    said = complaints.decode(errors="replace")
    if code == _NOT_FOUND:
        raise ConfigurationError(_NEITHER)
    if code and _THERE not in said:
        raise ConfigurationError(f"aws {arguments[0]} {arguments[1]}: {_short(said)}")
    return output


def _short(text: str) -> str:
    return redacted(" ".join(text.split()))[:_LONGEST_SAYING]
