"""The programs of the README and of the page on migrating run."""

import pathlib
import re
import subprocess
import sys

import pytest

from chamber.local import LocalChamber

ROOT = pathlib.Path(__file__).parents[2]
DOCUMENTS = ("packages/chamber-compat/README.md", "docs/migrating.md")
PROGRAMS = [
    (document, program)
    for document in DOCUMENTS
    for program in re.findall(r"^```python\n(.*?)^```$", (ROOT / document).read_text("utf-8"), re.MULTILINE | re.DOTALL)
]
PLACEHOLDERS = {"./my-project": str(ROOT / "examples" / "char-model")}


@pytest.fixture
def chamber(tmp_path):
    with LocalChamber(executor="simulated", data_dir=tmp_path / "chamber") as running, running.client() as client:
        job = client.submit_job("before", running.team, "H100", 1)
        client.wait_for_completion(job.id, poll_interval=0.02, timeout=60)
        yield running


@pytest.mark.parametrize(("document", "program"), PROGRAMS, ids=range(len(PROGRAMS)))
def test_a_program_of_the_documents_runs(document, program, chamber, tmp_path):
    for word, meaning in PLACEHOLDERS.items():
        program = program.replace(word, meaning)
    environment = {"CHAMBER_TOKEN": chamber.token, "CHAMBER_API_URL": chamber.api_url, "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_there_are_programs_in_each_document():
    assert {document for document, _ in PROGRAMS} == set(DOCUMENTS)
