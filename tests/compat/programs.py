"""Runs the programs of this folder where one of the packages is installed."""

import json
import pathlib
import subprocess

HERE = pathlib.Path(__file__).parent


def tell(python, program, *arguments, **environment):
    """What a program tells in JSON; a warning of it is an error."""
    done = subprocess.run(
        [python, "-I", "-W", "error", HERE / program, *map(str, arguments)],
        env={"PATH": "/usr/bin:/bin", **environment},
        cwd=environment.get("HOME"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
