"""Where the token, the URL, the organisation and the timeout come from; the files in ``~/.chamber``, and their change.

Nothing here is heavy to import: what changes a file loads its lock with the first change.
"""

from chamber.core.settings.files import home, read_json
from chamber.core.settings.resolution import (
    DEFAULT_API_URL,
    Settings,
    checked_timeout,
    is_number,
    resolve,
    resolve_files,
)
from chamber.core.settings.store import updating

__all__ = [
    "DEFAULT_API_URL",
    "Settings",
    "checked_timeout",
    "home",
    "is_number",
    "read_json",
    "resolve",
    "resolve_files",
    "updating",
]
