"""The modules that are mutated, and the tests that have to notice."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

__all__ = ["ROOT", "SUBJECTS", "Subject"]

ROOT = Path(__file__).resolve().parents[2]


class Subject(NamedTuple):
    """A module, and where the tests are that cover it."""

    module: str
    tests: tuple[str, ...]

    @property
    def file(self) -> Path:
        """Its source."""
        package = "-".join(self.module.split(".")[:2])
        return ROOT / "packages" / package / "src" / f"{self.module.replace('.', '/')}.py"

    @property
    def source(self) -> str:
        """What stands in it."""
        return self.file.read_text("utf-8")


def _core(name: str, *tests: str) -> Subject:
    return Subject(f"chamber.core.{name}", tuple(_path("core", test) for test in tests))


def _run(name: str, *tests: str) -> Subject:
    return Subject(f"chamber.run.{name}", tuple(_path("run", test) for test in tests))


def _path(area: str, test: str) -> str:
    """``file`` or ``file::test``."""
    file, _, one = test.partition("::")
    return f"tests/{area}/{file}.py{'::' if one else ''}{one}"


#: Both faces do the same; one of them is enough, and this one needs no thread.
_VECTORS = "test_retry_vectors::test_the_async_client_does_as_the_vector_says"
_CLOCKS = "transport/test_under_way::test_a_moment_is_asked_for_by_the_clock_of_the_api_where_that_is_behind"
_TURNS = "transport/test_under_way::test_a_turn_that_does_not_come_in_time_was_certainly_not_sent"
_PROGRAMS = tuple(
    f"test_credentials::test_{one}"
    for one in (
        "a_token_comes_from_the_program_that_the_settings_name",
        "a_token_that_is_there_is_used_and_the_program_is_not_run",
        "a_refused_token_is_printed_anew",
        "a_program_that_gives_no_token_is_named",
        "a_token_that_expired_is_told_and_a_program_gives_another",
    )
)
_CONTEXTS = "transport/test_tls::test_another_host_is_trusted_by_a_context_of_its_own"
_EXCHANGES = ("transport/test_stream", "transport/test_elsewhere", _CONTEXTS, "transport/test_calls")

_ALL = (
    _core("retry", "test_retry", "transport/test_decisions", _VECTORS),
    _core("transport.budget", "transport/test_budget", _VECTORS),
    _core(
        "transport.calls",
        "transport/test_decisions",
        "transport/test_call_bounds",
        _CLOCKS,
        _TURNS,
        _VECTORS,
        *_EXCHANGES,
    ),
    _core("paths", "test_paths"),
    _core("submission", "test_submission_bounds", "test_submission"),
    _core("journal", "test_journal", "test_journal_bounds", "test_submission"),
    _core("redaction", "test_redaction_bounds", "test_redaction", "test_logs"),
    _core("settings.files", "test_settings_bounds", "test_settings", "test_store"),
    _core("settings.resolution", "test_settings_bounds", "test_settings", *_PROGRAMS),
    _core("settings.store", "test_writing_bounds", "test_store"),
    _core("writing", "test_writing_bounds", "test_writing", "test_store"),
    _run("cache", "test_cache", "test_cache_limits"),
    _run("images.buckets", "images/test_buckets"),
    _run(
        "images.environment",
        "images/test_keys",
        "images/test_environment_bounds",
        "images/test_environment",
        "images/test_dockerfile",
    ),
    _run("images.layer_cache", "images/test_layer_cache_bounds", "images/test_layer_cache", "images/test_layers"),
    _run(
        "images.layers",
        "images/test_keys",
        "images/test_layers_bounds",
        "images/test_layers",
        "images/test_layer_cache",
    ),
    _run("job.names", "job/test_names"),
)

#: Its name for ``hatch run reliability mutation NAME`` -> a module.
SUBJECTS = {subject.module.removeprefix("chamber."): subject for subject in _ALL}
