"""What a workload is to run here: its manifest, with the pods that were placed and the secrets that there are."""

import msgspec

from chamber.core.redaction import Secret
from chamber.local.executors.manifest import SecretKey, Task, Variable, task_of
from chamber.local.executors.refusal import Refused
from chamber.local.secrets import Secrets
from chamber.local.workloads import Workload

__all__ = ["secrets_in", "task_for"]


def task_for(workload: Workload, secrets: Secrets) -> Task:
    """What it asks for, in no more pods than the scheduler placed. Raises Refused."""
    task = task_of(workload.k8s_manifest)
    env = tuple(given for variable in task.container.env if (given := _given(variable, secrets)))
    container = msgspec.structs.replace(task.container, env=env)
    return msgspec.structs.replace(task, container=container, pods=_pods(task, workload))


def secrets_in(task: Task) -> tuple[Secret, ...]:
    """The values that its variables have from secrets."""
    return tuple(variable.value for variable in task.container.env if isinstance(variable.value, Secret))


def _pods(task: Task, workload: Workload) -> int:
    """A workload that scales runs in as many pods as there was room for, which it is asked to take for good."""
    scales = workload.scaling_mode == "ELASTIC" and workload.running_pods
    return min(task.pods, workload.running_pods or task.pods) if scales else task.pods


def _given(variable: Variable, secrets: Secrets) -> Variable | None:
    """The variable with its value; None for one that may be left out."""
    if not isinstance(variable.value, SecretKey):
        return variable
    wanted = variable.value
    value = secrets.get(wanted.name, {}).get(wanted.key)
    if value is None and wanted.optional:
        return None
    if value is None:
        raise Refused(_missing(variable.name, wanted, secrets))
    return msgspec.structs.replace(variable, value=value)


def _missing(variable: str, wanted: SecretKey, secrets: Secrets) -> str:
    held = secrets.get(wanted.name)
    lacks = f"has no secret {wanted.name!r}" if held is None else f"has no key {wanted.key!r} in it"
    return (
        f"the manifest takes {variable} from the secret {wanted.name!r}, key {wanted.key!r}, and this Chamber {lacks}: "
        f"give it with LocalChamber(secrets={{{wanted.name!r}: {{{wanted.key!r}: …}}}}), "
        "or under `secrets` in the file of --config"
    )
