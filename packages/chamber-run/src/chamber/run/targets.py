"""What plugins answer about where a run goes: the values of the hooks of `chamber.run.hooks`."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import force_setattr

from chamber.core.redaction import Secret

__all__ = ["BaseImage", "Registry"]


class Registry(Struct, frozen=True):
    """A container registry to push to, and how to log in there.

    A password that comes with it is tried first, then what ``docker login`` keeps for its host, then what `login`
    finds; one that is refused is followed by the next. All of this is for the host of `prefix` and no other.
    """

    #: ``host[:port][/path]``, without a scheme; repositories are made below it.
    prefix: str
    username: str | None = None
    #: Kept as a `Secret`, which no repr, copy in JSON or pickle shows.
    password: str | Secret | None = None
    #: Whether plain HTTP is spoken although the host is not this machine.
    insecure: bool = False
    #: The site of the service that gives out tokens (``https://host``), where it is not the registry's own.
    auth_realm: str | None = None
    #: Finds user name and password when the registry asks for them; called in a thread, and once. None: nobody is
    #: known. A ConfigurationError is not the end either: what it says becomes part of the refusal, if one comes.
    login: Callable[[], tuple[str, str] | None] | None = None
    #: Makes a repository, by its path in the registry, when a push finds none; called in a thread. It being there
    #: already is no error. Raises DockerError: it cannot be made.
    create_repository: Callable[[str], None] | None = None

    def __post_init__(self) -> None:
        if self.password is not None:
            force_setattr(self, "password", Secret(self.password))

    def __repr__(self) -> str:
        login = f", username={self.username!r}, password=***" if self.username or self.password else ""
        realm = f", auth_realm={self.auth_realm!r}" if self.auth_realm else ""
        return f"Registry(prefix={self.prefix!r}{login}, insecure={self.insecure}{realm})"


class BaseImage(Struct, frozen=True):
    """The image that a project is put on."""

    #: As written in the Dockerfile, and as it enters the environment key.
    reference: str
    #: Where its manifest is pulled from; None: from `reference`.
    location: str | None = None
    #: Whether dependencies become a layer that the executor installs, instead of an engine's build.
    recipe: bool = False
