"""The login at this Chamber's own registry, for one pull: the user's own files are only read.

https://docs.docker.com/reference/cli/docker/#configuration-files; containers-auth.json(5).
"""

import base64
import os
from pathlib import Path

import msgspec

from chamber.core.redaction import Secret
from chamber.core.settings import read_json
from chamber.local.folder import write_private

__all__ = ["login"]

#: Where docker finds its daemon.
_SHARED = "contexts"
#: What says who the user is elsewhere.
_LOGINS = {"auths", "credHelpers", "credsStore"}


def login(registry: str, token: Secret, folder: Path) -> dict[str, str]:
    """Makes the folder; the variables that let an engine log in at host:port."""
    folder.mkdir(mode=0o700, parents=True)
    own = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    entry = base64.b64encode(f"chamber:{token.reveal()}".encode()).decode()
    auths = {"auths": {registry: {"auth": entry}}}
    kept = {key: value for key, value in read_json(own / "config.json").items() if key not in _LOGINS}
    write_private(folder / "config.json", msgspec.json.encode({**kept, **auths}))
    write_private(folder / "auth.json", msgspec.json.encode(auths))
    if (own / _SHARED).is_dir():
        (folder / _SHARED).symlink_to((own / _SHARED).resolve(), target_is_directory=True)
    return {"DOCKER_CONFIG": str(folder), "REGISTRY_AUTH_FILE": str(folder / "auth.json")}
