"""What a release consists of: the version, the files that are built, the changelog, and the workflow."""

import gzip
import importlib.util
import io
import re
import subprocess
import sys
import tarfile
import zipfile

import pytest
import yaml
from members import MEMBERS, ROOT, project, short_name
from packaging.version import Version

WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"
LINK = re.compile(r"\]\(([^)]+)\)")


def _loaded(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


version, build = _loaded("version"), _loaded("build")


@pytest.mark.parametrize("member", MEMBERS, ids=short_name)
def test_every_member_has_the_one_version_and_asks_for_it(member):
    told = project(member)["project"]
    assert told["version"] == version.current()
    extras = [line for lines in told.get("optional-dependencies", {}).values() for line in lines]
    ours = [line for line in [*told["dependencies"], *extras] if line.startswith("chamber-")]
    assert [line for line in ours if not line.endswith(f"=={version.current()}")] == []


def test_a_new_version_is_written_everywhere():
    files = version.changed(version.current(), "12.3.0")
    assert {file.parent for file in files} == {ROOT, ROOT / "packages" / "_template", *MEMBERS}
    assert [
        file for file, text in files.items() if version.current() in re.findall(r"chamber-\w+==(\S+)\"", text)
    ] == []


def test_what_is_no_version_is_refused(capsys):
    assert version.main(["next"]) == 2
    assert "next" in capsys.readouterr().err


@pytest.mark.parametrize("member", MEMBERS, ids=short_name)
def test_the_readme_of_a_member_makes_sense_on_the_package_index(member):
    """There are no files beside it there."""
    text = (member / "README.md").read_text("utf-8")
    assert [target for target in LINK.findall(text) if not target.startswith(("#", "https://"))] == []


@pytest.mark.parametrize("member", MEMBERS, ids=short_name)
def test_the_readme_of_a_member_begins_with_how_to_install_it(member):
    first = re.search(r"^```(\w*)\n(.*?)^```$", (member / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert first[1] == "console"
    assert re.search(rf"^pip install .*\b{member.name}\b", first[2], re.MULTILINE)


@pytest.mark.parametrize("member", [*MEMBERS, ROOT / "packages" / "_template"], ids=lambda member: member.name)
def test_every_member_carries_the_licence(member):
    assert (member / "LICENSE").read_text("utf-8") == (ROOT / "LICENSE").read_text("utf-8")


@pytest.mark.once
def test_all_is_built_and_there_is_nothing_to_complain_of(tmp_path):
    folder = tmp_path / "dist"
    done = subprocess.run(
        [sys.executable, ROOT / ".ci" / "build.py", folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{2 * len(MEMBERS)} files" in done.stdout
    assert done.stdout.count("PASSED") == 2 * len(MEMBERS)
    _break(folder)
    told = [complaint for member in MEMBERS for complaint in build.complaints(member, folder)]
    assert [complaint.partition(": ")[2] for complaint in told if complaint.startswith("chamber-core: ")] == [
        "the wheel holds chamber/__init__.py, which is not of the package",
        "the wheel breaks the namespace",
        "the source distribution holds tests/test_secret.py",
    ]


def _break(folder):
    (wheel,) = folder.glob("chamber_core-*.whl")
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("chamber/__init__.py", "")
    (sdist,) = folder.glob("chamber_core-*.tar.gz")
    held = io.BytesIO(gzip.decompress(sdist.read_bytes()))
    with tarfile.open(fileobj=held, mode="a") as archive:
        archive.addfile(tarfile.TarInfo(f"{sdist.name.removesuffix('.tar.gz')}/tests/test_secret.py"))
    sdist.write_bytes(gzip.compress(held.getvalue()))


def test_what_is_there_already_is_not_published_with_it(tmp_path, capsys):
    (tmp_path / "old.whl").touch()
    assert build.main([str(tmp_path)]) == 2
    assert "not empty" in capsys.readouterr().err


@pytest.mark.once
def test_every_fragment_of_the_changelog_is_told_under_its_package():
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "next"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    fragments = list((ROOT / "changelog.d").glob("*/*.md"))
    assert len(fragments) > 50
    told = " ".join(done.stdout.split())
    sections = dict(re.findall(r"### (chamber-\w+) (.*?)(?= ### chamber-|$)", told))
    missing = [
        str(file) for file in fragments if " ".join(file.read_text("utf-8").split()) not in sections[file.parent.name]
    ]
    assert missing == []


def _steps():
    jobs = yaml.safe_load(WORKFLOW.read_text("utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def test_every_action_of_the_release_is_pinned_to_a_commit_and_says_its_release():
    used = re.findall(r"uses: (\S+)(.*)", WORKFLOW.read_text("utf-8"))
    assert len(used) == len([step for step in _steps() if "uses" in step]) == 5
    for action, comment in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment)


def test_what_publishes_knows_the_metadata_that_is_built():
    """Metadata 2.5, which hatchling writes, is known to twine from 7 on, and that is in the action from 1.14.2 on."""
    (release,) = re.findall(r"uses: pypa/gh-action-pypi-publish@\S+ # v(\S+)", WORKFLOW.read_text("utf-8"))
    assert Version(release) >= Version("1.14.2")


def test_only_the_job_that_publishes_may_ask_for_an_identity_and_no_secret_is_used():
    text = WORKFLOW.read_text("utf-8")
    told = yaml.safe_load(text)
    assert told["permissions"] == {}
    assert {name: job["permissions"] for name, job in told["jobs"].items()} == {
        "build": {"contents": "read"},
        "publish": {"id-token": "write"},
    }
    assert "secrets." not in text
    assert told["jobs"]["publish"]["environment"] == "pypi"


def test_nothing_of_the_event_is_put_into_a_shell():
    assert [step for step in _steps() if "${{" in step.get("run", "")] == []


def test_the_commands_of_the_release_are_those_of_the_workspace():
    scripts = (ROOT / "hatch.toml").read_text("utf-8")
    asked = {name for step in _steps() for name in re.findall(r"hatch run (\w+)", step.get("run", ""))}
    assert asked == {"version", "build", "docs"}
    assert [name for name in asked if f"\n{name} = " not in scripts] == []
