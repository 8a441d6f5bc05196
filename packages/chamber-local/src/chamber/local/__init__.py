"""The embedded Chamber: API, scheduler, image registry and executors on your own machine.

Importing it loads nothing: each name comes with its first use, for pytest loads the plugin of this package everywhere.

PYTEST_DONT_REWRITE: so pytest does not warn programs that import this before they start it.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from chamber.local.embedded import LocalChamber
    from chamber.local.ratelimits import RateLimit
    from chamber.local.users import Role, User

__all__ = ["LocalChamber", "RateLimit", "Role", "User"]

_WHERE = {"LocalChamber": "embedded", "RateLimit": "ratelimits", "Role": "users", "User": "users"}

if not TYPE_CHECKING:

    def __getattr__(name):
        """A public name, imported when it is first asked for."""
        if name not in _WHERE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
