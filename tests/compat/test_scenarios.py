"""What users of the vendor's package do comes to the same with both packages, and in both dialects with ours."""

import pytest

from chamber.local import LocalChamber

pytestmark = pytest.mark.once

#: What the documented dialect has no answer for: it counts no statuses in its statistics.
LEGACY_ALONE = {"statistics_add_up"}


@pytest.fixture
def outcomes(told, tmp_path):
    """``outcomes(package, dialect)``: what came of each scenario, against a Chamber of its own."""

    def outcomes(package, dialect):
        project = tmp_path / f"{package}-{dialect}" / "project"
        project.mkdir(parents=True)
        (project / "train.py").write_text("print('trained')\n")
        (project / "rates.yaml").write_text("lr: 1\n")
        with LocalChamber(dialect, executor="simulated", gpus={"H100": 8, "A100": 8}) as chamber:
            api = chamber.api_url, chamber.token, chamber.organization_id, chamber.team
            found = told(package, "scenarios.py", *api, project)
        return {name: _without(outcome, str(project.parent)) for name, outcome in found.items()}

    return outcomes


def _without(outcome, folder):
    if isinstance(outcome, str):
        return outcome.replace(folder, "")
    if isinstance(outcome, dict):
        return {name: _without(item, folder) for name, item in outcome.items()}
    return [_without(item, folder) for item in outcome] if isinstance(outcome, list) else outcome


def test_every_scenario_comes_to_the_same_with_both_packages(outcomes):
    theirs = outcomes("theirs", "legacy")
    assert len(theirs) >= 40
    assert [told for told in theirs.values() if isinstance(told, str) and "Error: " in told] == []
    assert outcomes("ours", "legacy") == theirs


def test_every_scenario_comes_to_the_same_in_the_documented_dialect(outcomes):
    legacy, documented = outcomes("ours", "legacy"), outcomes("ours", "documented")
    assert {name: told for name, told in documented.items() if name not in LEGACY_ALONE} == {
        name: told for name, told in legacy.items() if name not in LEGACY_ALONE
    }
