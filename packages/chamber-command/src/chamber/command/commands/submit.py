"""``chamber submit``: a job by options, by a Kubernetes manifest, or by a template."""

from __future__ import annotations

from typing import Any

import click

from chamber.command import following
from chamber.command.commands import choosing
from chamber.command.options import Pairs, command
from chamber.command.output.columns import WORKLOADS
from chamber.command.session import Session, pass_session

__all__ = ["submit"]

_CLASSES = click.Choice(("RESERVED", "ELASTIC"), case_sensitive=False)
#: The label by which a manifest says whose it is.
_TEAM = "chamber.io/team"
#: Field → what is asked with -i, and what is taken where nothing is answered.
_ASKED = {
    "name": ("Name", None),
    "initiative_id": ("Team", None),
    "gpu_type": ("GPU type", "H100"),
    "requested_gpus": ("GPUs", 1.0),
    "job_class": ("Class (RESERVED or ELASTIC)", "RESERVED"),
}


@command(
    "submit",
    "chamber submit --name train --team ml --gpu-type H100 --gpus 8",
    "chamber submit --manifest job.yaml --gpu-type H100 --gpus 8",
    "helm template ./job | chamber submit -f - --team ml --gpu-type A100 --gpus 4 --wait",
    "chamber submit --template tmpl_hello --team ml --name hello",
    "chamber submit -i",
)
@click.option("--name", help="The job's name; a manifest's own.")
@click.option("--team", "--initiative", "initiative_id", metavar="ID", help=f"Whose; a manifest's label {_TEAM}.")
@click.option("--gpu-type", metavar="TYPE", help="Such as H100.")
@click.option("--gpus", "requested_gpus", type=float, help="How many.")
@click.option("--class", "--job-class", "job_class", type=_CLASSES, help="RESERVED, which is the default, or ELASTIC.")
@click.option("--priority", type=int, help="0 to 100, higher first.")
@click.option(
    "--manifest",
    "-f",
    "manifest",
    type=click.File(encoding="utf-8", lazy=True),
    help="A Kubernetes manifest; - is stdin.",
)
@click.option("--template", "template_id", metavar="ID", help="What it says is used where nothing else is said.")
@click.option("--external-id", metavar="ID", help="Your own id, by which it is found again.")
@click.option("--metadata", type=Pairs(), multiple=True, help="Several times.")
@click.option("--tag", "tags", type=Pairs(), multiple=True, help="Several times.")
@click.option("--allocation", "allocation_id", metavar="ID", help="The allocation that it uses.")
@click.option("--distribution-mode", type=click.Choice(("auto", "manual")))
@click.option("--pods", "requested_pods", type=int, help="How many.")
@click.option("--gpus-per-pod", type=int)
@click.option("--min-pods", type=int, help="With --scaling-mode elastic.")
@click.option("--scaling-mode", type=click.Choice(("GANG", "ELASTIC"), case_sensitive=False))
@click.option(
    "--max-gpu-hours", type=float, metavar="HOURS", help="Refuse a job that the team's budget does not cover."
)
@click.option("--interactive", "-i", is_flag=True, help="Ask for what is not said.")
@click.option("--quiet", "-q", is_flag=True, help="Write the id alone.")
@click.option("--wait", "-w", is_flag=True, help="Follow status and output until it has ended.")
@choosing.timeout
@choosing.poll_interval
@pass_session
def submit(
    session: Session, interactive: bool, wait: bool, timeout: float | None, poll_interval: float, **options: Any
) -> None:
    """Submit a job: by options, a Kubernetes manifest or a template."""
    manifest, quiet = options.pop("manifest"), options.pop("quiet")
    fields = choosing.said(**options)
    fields |= {name: dict(fields[name]) for name in ("metadata", "tags") if name in fields}
    if manifest is not None:
        fields = _of_manifest(manifest.read()) | fields
    with session.client() as client:
        if "template_id" in fields:
            fields = _of_template(client.get_template(fields["template_id"])) | fields
        workload = client.submit_job(**_complete(fields, interactive))
        if wait:
            session.tell(f"Submitted {workload.name} as {workload.id}")
            workload = following.follow(session, client, workload, poll_interval, timeout)
    if quiet:
        click.echo(workload.id)
    elif session.format != "table" or not wait:
        session.show(workload, WORKLOADS)
    if wait:
        following.ended(workload)


def _of_manifest(text: str) -> dict[str, Any]:
    """The manifest, and what it says of the job: its name, and whose it is."""
    import yaml

    from chamber.core import ConfigurationError

    try:
        objects = [found for found in yaml.safe_load_all(text) if isinstance(found, dict)]
    except yaml.YAMLError as error:
        raise ConfigurationError(f"The manifest is no YAML ({error}): correct it") from None
    if not objects:
        raise ConfigurationError("The manifest holds no Kubernetes object: write at least a Job")
    said = next((found for found in objects if found.get("kind") != "Service"), objects[0]).get("metadata") or {}
    labels = said.get("labels") or {}
    return choosing.said(k8s_manifest=text, name=said.get("name"), initiative_id=labels.get(_TEAM))


def _of_template(template: Any) -> dict[str, Any]:
    return choosing.said(
        name=template.name,
        gpu_type=template.gpu_type,
        requested_gpus=template.requested_gpus,
        k8s_manifest=template.k8s_manifest,
    )


def _complete(fields: dict[str, Any], interactive: bool) -> dict[str, Any]:
    """The fields with what is asked for, unless one is missing that a job needs."""
    if interactive:
        for name, (question, usual) in _ASKED.items():
            if name not in fields:
                fields[name] = click.prompt(question, default=usual, err=True)
    missing = [word for name, word in _NEEDED.items() if name not in fields]
    if missing:
        raise click.UsageError(f"A job needs {', '.join(missing)}: say it, or have it asked for with -i")
    return fields


_NEEDED = {"name": "--name", "initiative_id": "--team", "gpu_type": "--gpu-type"}
