"""Projects as they are found: understood, or refused with what to mend."""

import json
import os

from odd_inputs import check
from trees import build

from chamber.run.planning import facts
from chamber.run.project import reading
from chamber.run.settings import configuration


def test_every_project_is_understood_or_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = iter(range(10_000))
    roots = {}

    def act(case):
        """The tree is built once, and no part of what is measured."""
        found = facts.gather(roots[case.name], configuration.resolve(roots[case.name], {}, {})[0], None)
        reading.contents(roots[case.name], found.selection)
        return told(found)

    def prepared(case):
        if case.name not in roots:
            roots[case.name] = tmp_path / f"{next(made)}"
            roots[case.name].mkdir()
            build(roots[case.name], case.input)
            os.chdir(tmp_path)
        return act(case)

    check("trees.txt", 200, prepared)


def told(found):
    profile, environment = found.profile, found.environment
    return json.dumps(
        {
            "start": profile.entrypoint,
            "framework": profile.framework,
            "python": profile.python_version,
            "from": profile.dependency_files,
            "requirements": environment.requirements,
            "whole": found.whole,
            "files": [f"{one.path}{'/' * one.is_folder} {one.mode:o}" for one in found.files][:50],
            "number": len(found.files),
            "links": [one.link for one in found.files if one.link],
            "warnings": found.warnings,
        },
        ensure_ascii=False,
        default=str,
    ).replace('"', "")
