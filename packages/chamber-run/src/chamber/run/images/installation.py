"""How packages are put into an image while it is built: apt, pip and uv, as instructions.

What is tuned in the base stays. The versions of the frameworks that are installed there become constraints before
anything else is installed, beside those that the base itself sets: NVIDIA's images have ``PIP_CONSTRAINT`` point to
/etc/pip/constraint.txt (PyTorch release notes 25.03), which pip reads by itself.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from msgspec import Struct

from chamber.run.images import dockerfile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["CONSTRAINTS", "INDEX_SECRET", "UV", "Installer"]

#: The build secret with the URL of the package index, which may hold a password.
INDEX_SECRET = "pip_index_url"  # noqa: S105
#: What installs locked files; it brings the options that are used here.
UV = "uv>=0.13.9"
CONSTRAINTS = "/opt/chamber/constraints.txt"

_UV_FOLDER = "/opt/chamber/uv"
_CACHE = "/var/cache/chamber"
_PROTECTED = (
    "apex",
    "flash-attn",
    "jax",
    "jax-cuda12-pjrt",
    "jax-cuda12-plugin",
    "jax-cuda13-pjrt",
    "jax-cuda13-plugin",
    "jaxlib",
    "pytorch-triton",
    "tensorflow",
    "tf-keras",
    "torch",
    "torchaudio",
    "torchvision",
    "transformer-engine",
    "triton",
)
#: argv: a file, then distributions. Writes what is installed of these as constraints.
_PROTECT = """\
import os, sys
from importlib.metadata import PackageNotFoundError, version
def pin(name):
    try:
        return f"{name}=={version(name)}\\n"
    except PackageNotFoundError:
        return ""
os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
with open(sys.argv[1], "w") as file:
    file.writelines(map(pin, sys.argv[2:]))
"""
#: argv: a file, then a command, which finds the file's content as its package index, and nobody else does.
_WITH_INDEX = (
    "import os, sys; url = open(sys.argv[1]).read().strip(); "
    "os.environ.update(PIP_INDEX_URL=url, UV_DEFAULT_INDEX=url); os.execvp(sys.argv[2], sys.argv[2:])"
)


class Installer(Struct, frozen=True, kw_only=True):
    """Writes the instructions for one image."""

    #: Whether the builder knows cache and secret mounts: BuildKit, podman.
    buildkit: bool
    #: Whether the package index is a build secret.
    index: bool = False
    #: Whether the base may hold what must stay.
    protect: bool = True

    def apt(self, packages: Sequence[str]) -> Iterator[str]:
        """Install Debian packages."""
        if not packages:
            return
        wanted = shlex.join(packages)
        archives, lists = f"{_CACHE}/apt", "/var/lib/apt/lists"
        mounts = [_cache(archives, locked=True), _cache(lists, locked=True)] if self.buildkit else []
        where = f" -o Dir::Cache::archives={archives}" if self.buildkit else ""
        after = "" if self.buildkit else f" && rm -rf {lists}/*"
        yield dockerfile.shell(
            "export DEBIAN_FRONTEND=noninteractive && apt-get update && "
            f"apt-get{where} install -y --no-install-recommends {wanted}{after}",
            mounts,
        )

    def protection(self) -> Iterator[str]:
        """Remember which frameworks the base has, before anything is installed."""
        if self.protect:
            yield dockerfile.run(["python", "-c", _PROTECT, CONSTRAINTS, *_PROTECTED])

    def pip(self, arguments: Sequence[str]) -> str:
        """Install by pip; `arguments` are those of ``pip install``."""
        constraint = ("-c", CONSTRAINTS) if self.protect else ()
        return self._python("-m", "pip", "install", *self._pip_cache, *constraint, *arguments)

    def locked(self, file: str, *, hashed: bool) -> Iterator[str]:
        """Install a complete closure by uv, which is put beside the environment and not into it."""
        yield self._python("-m", "pip", "install", *self._pip_cache, "--target", _UV_FOLDER, UV)
        # The Python that jobs are started with, which may be that of a virtual environment: --system passes over those.
        options = ["--python", "python", "--break-system-packages", "--no-deps"]
        options += ["--require-hashes"] if hashed else []
        options += ["-c", CONSTRAINTS] if self.protect else []
        options += ["--no-cache"] if not self.buildkit else []
        yield self._run([f"{_UV_FOLDER}/bin/uv", "pip", "install", *options, "-r", file])

    @property
    def _pip_cache(self) -> tuple[str, ...]:
        return () if self.buildkit else ("--no-cache-dir",)

    def _python(self, *arguments: str) -> str:
        return self._run(["python", *arguments])

    def _run(self, words: Sequence[str]) -> str:
        # Certificates of the system, as pip does: the base may know an authority of its owner's.
        variables = ["PIP_BREAK_SYSTEM_PACKAGES=1", "PIP_ROOT_USER_ACTION=ignore", "UV_SYSTEM_CERTS=1"]
        mounts = []
        if self.buildkit:
            variables += [f"PIP_CACHE_DIR={_CACHE}/pip", f"UV_CACHE_DIR={_CACHE}/uv", "UV_LINK_MODE=copy"]
            mounts += [_cache(f"{_CACHE}/pip"), _cache(f"{_CACHE}/uv")]
        if self.index:
            secret = f"/run/secrets/{INDEX_SECRET}"
            mounts.append(f"type=secret,id={INDEX_SECRET},target={secret},required=true")
            words = ["python", "-c", _WITH_INDEX, secret, *words]
        return dockerfile.run(["env", *variables, *words], mounts)


def _cache(folder: str, *, locked: bool = False) -> str:
    return f"type=cache,target={folder}" + (",sharing=locked" if locked else "")
