"""Each row of the page on migrating: what the vendor's package gets wrong, and what ours makes of the same."""

import pathlib
import re

import pytest

from chamber.local import LocalChamber

pytestmark = pytest.mark.once

ROOT = pathlib.Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "migrating.md").read_text("utf-8")
ROWS = re.findall(r"^\| .* \| `(\w+)` \|$", PAGE, re.MULTILINE)

#: Difference → what comes of it with theirs, and with ours.
OUTCOMES = {
    "a_submission_whose_answer_is_lost_is_found": (["ConnectionError", 1, False], ["nothing", 1, True]),
    "a_workload_in_the_documented_envelope_is_read": ("KeyError", ["RUNNING", 4.0]),
    "a_listing_in_the_documented_envelope_has_its_items": (0, 1),
    "an_answer_that_is_not_understood_is_no_empty_success": (0, "ChamberError"),
    "a_page_of_a_proxy_is_no_empty_success": (0, "ChamberError"),
    "a_status_that_is_new_breaks_no_listing": ("ValueError", ["RUNNING", "PAUSED"]),
    "a_figure_that_is_not_sent_is_not_zero": ([0, []], [None, [None]]),
    "a_page_can_be_iterated": ("TypeError", ["wl_1"]),
    "teams_are_listed_to_the_last_page": (["a"], ["a", "b"]),
    "a_listing_that_goes_in_circles_ends": (20, "ChamberError"),
    "a_time_without_an_offset_is_in_utc": (False, True),
    "a_status_prints_as_its_word": ("JobStatus.RUNNING", "RUNNING"),
    "a_status_is_found_in_any_case": ("ValueError", "COMPLETED"),
    "dates_are_sent_in_both_spellings": ([True, False], [True, True]),
    "a_status_filter_finds_in_either_case": (False, True),
    "an_id_cannot_lead_elsewhere": ("/v1/teams/secret", "ChamberError"),
    "a_lost_connection_is_a_chamber_error": ("ConnectionError", "ChamberError"),
    "an_error_of_the_documented_dialect_has_a_text": ("dict", "str"),
    "an_error_that_is_a_list_is_a_chamber_error": ("AttributeError", "ChamberError"),
    "a_refused_request_is_a_validation_error_with_422_too": ("ChamberError", "ValidationError"),
    "a_redirect_is_not_followed": (1, 0),
    "a_docker_error_is_a_chamber_error": (False, True),
    "a_read_that_fails_for_a_moment_is_tried_again": ("ChamberError", "wl_1"),
    "a_rate_limit_is_waited_for": ("ChamberError", "wl_1"),
    "a_wait_goes_on_after_a_look_that_fails": ("ChamberError", "COMPLETED"),
    "a_wait_of_no_time_looks_once": (3, 1),
    "a_wait_for_running_ends_with_a_job_that_has_ended": ("RUNNING", "FAILED"),
    "an_empty_token_is_nobody_elses": ("nothing", "ChamberError"),
    "a_token_of_the_login_goes_to_the_api_of_the_login": (
        ["https://api.usechamber.io/v1", None],
        ["https://staging.example/v1", "org-1"],
    ),
    "a_folder_without_a_token_takes_none_from_another": ("nothing", "ChamberError"),
    "a_token_that_others_can_read_is_not_used": ("nothing", "ChamberError"),
    "a_token_is_not_sent_in_the_clear": ("nothing", "ChamberError"),
    "a_token_is_not_replaced_by_a_netrc": ("Basic", "Bearer"),
    "a_token_is_not_among_what_a_client_shows": (True, False),
    "a_broken_file_of_settings_is_not_overwritten": (False, True),
    "a_malformed_registry_is_refused": ("nothing", "ValueError"),
    "the_project_file_decides_gpu_type_and_job_class": (["H100", "ELASTIC"], ["A100", "RESERVED"]),
    "one_gpu_can_be_asked_for": (4, 1),
    "variables_are_merged_by_name": ([False, True], [True, True]),
    "an_unknown_key_of_the_project_file_is_told": ("nothing", "ValueError"),
    "arguments_are_split_as_a_shell_does": (False, True),
    "an_entrypoint_that_is_not_there_is_told": ("nothing", "FileNotFoundError"),
    "another_base_image_is_another_image": (False, True),
    "an_argument_that_has_changed_is_run": (False, True),
    "a_registry_that_is_misspelt_is_not_somebody_elses": ("nothing", "ValueError"),
    "a_setting_that_cannot_be_is_told": (["nothing"] * 2, ["ValueError"] * 2),
    "a_large_job_without_ray_is_no_rayjob": (["RayJob"], ["Job"]),
    "every_gpu_has_a_process": (False, True),
    "a_manifest_says_whose_it_is": (None, "init_local"),
    "a_long_name_is_shortened": (False, True),
    "keys_do_not_go_into_the_image": (False, True),
    "a_build_writes_nothing_into_the_project": ([".chamber.Dockerfile", ".dockerignore"], []),
}


@pytest.fixture
def outcomes(told, tmp_path):
    """``outcomes(package)``: what comes of each difference."""

    def outcomes(package):
        projects, programs = tmp_path / f"projects-{package}", tmp_path / f"bin-{package}"
        projects.mkdir()
        programs.mkdir()
        engine = programs / "docker"
        engine.write_text(f'#!/bin/sh\nfind "{projects}" -type f >> "$HOME/seen"\n')
        engine.chmod(0o755)
        with LocalChamber("legacy", executor="simulated") as chamber:
            chamber.faults.add("reset_after", method="POST", path="/v1/workloads")
            api = chamber.api_url, chamber.token, chamber.organization_id, chamber.team
            return told(package, "differences.py", *api, projects, PATH=f"{programs}:/usr/bin:/bin")

    return outcomes


@pytest.mark.parametrize(("package", "which"), [("theirs", 0), ("ours", 1)])
def test_each_difference_is_as_the_page_says(outcomes, package, which):
    assert outcomes(package) == {name: told[which] for name, told in OUTCOMES.items()}


def test_the_page_has_a_row_for_each_difference_and_no_other():
    assert sorted(ROWS) == sorted(OUTCOMES)


def test_no_two_rows_of_the_page_are_about_the_same():
    assert len(ROWS) == len(set(ROWS))


def test_the_page_names_no_test_that_does_not_exist():
    for path, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE):
        assert f"def {name}(" in (ROOT / path).read_text("utf-8")
