"""Pods that end at the same moment."""

import subprocess
import sys

GANG = """
import os, subprocess, sys
from chamber.local.executors import gang

pods = [subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) for _ in range(3)]
for pod in pods:
    os.waitid(os.P_PID, pod.pid, os.WEXITED | os.WNOWAIT)
print(gang._wait(pods, None)["code"], [pod.returncode for pod in pods])
"""


def test_pods_that_all_ended_before_anybody_looked_are_all_told():
    done = subprocess.run([sys.executable, "-c", GANG], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stderr, done.stdout) == ("", "3 [3, 3, 3]\n")
