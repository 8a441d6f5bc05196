"""The options of ``chamber run``: one for each parameter of `run()`, which checks them."""

from __future__ import annotations

from typing import Any

import click

from chamber.command.options import Option, Pairs

__all__ = ["OF_THE_COMMAND", "OPTIONS"]

_DISTRIBUTED = click.Choice(("auto", "ray", "deepspeed", "none"), case_sensitive=False)
_CLASSES = click.Choice(("ELASTIC", "RESERVED"), case_sensitive=False)
_FRAMEWORKS = click.Choice(("pytorch", "tensorflow", "jax", "generic"), case_sensitive=False)
_LAUNCHERS = click.Choice(("python", "torchrun", "accelerate", "deepspeed", "ray", "mpi"), case_sensitive=False)

#: Parameters of `run()` that the command decides itself: an argument, or how progress is shown.
OF_THE_COMMAND = ("directory", "on_progress", "progress")


def _option(*names: str, **attributes: Any) -> Option:
    return Option(list(names), **{"show_default": False, **attributes})


def _several(*names: str, **attributes: Any) -> Option:
    return _option(*names, multiple=True, **attributes)


def _flag(*names: str, **attributes: Any) -> Option:
    return _option(*names, is_flag=True, **attributes)


_JOB = (
    _option("--gpus", type=int, help="GPUs in all (1)."),
    _option("--gpu-type", metavar="TYPE", help="Such as A100 (H100)."),
    _option("--team", metavar="ID", help="The team whose capacity is used."),
    _option("--name", help="The job's name (the directory's)."),
    _option("--class", "--job-class", "job_class", type=_CLASSES, help="ELASTIC work may be preempted (ELASTIC)."),
    _option("--priority", type=int, help="0 to 100; RESERVED work has 100 or more by convention."),
    _option("--nodes", type=int, help="Pods that work together."),
    _option("--gpus-per-node", type=int, help="GPUs of each of them."),
    _option("--cpu", metavar="QUANTITY", help="CPUs of each pod, such as 8 or 500m."),
    _option("--memory", metavar="QUANTITY", help="Memory of each pod, such as 64Gi."),
    _option("--shm-size", metavar="QUANTITY", help="Shared memory of each pod, such as 16Gi."),
    _option("--max-gpu-hours", type=float, metavar="HOURS", help="Refuse a job that the team's budget does not cover."),
    _option("--on-preempted", type=click.Choice(("resubmit",)), help="What is done when it is preempted; with --wait."),
    _option("--max-resubmits", type=int, metavar="N", help="How often, at most."),
)
_START = (
    _option("--entrypoint", metavar="FILE", help="What is started: a file of the project, or '-m package'."),
    _option("--entrypoint-args", metavar="LINE", help="Its arguments as one text; or write them behind --."),
    _option("--distributed", type=_DISTRIBUTED, help="How processes find each other."),
    _option("--launcher", type=_LAUNCHERS, help="What starts the processes."),
    _several("--env", "-e", type=Pairs(), help="An environment variable. Several times."),
    _several("--forward-env", metavar="NAME", help="A variable of this shell, with its value. Several times."),
    _several("--secret", "secrets", type=Pairs("NAME=SECRET/KEY"), help="A variable of the cluster's. Several times."),
)
_IMAGE = (
    _option("--registry", metavar="NAME|HOST/PATH", help="Where the image goes."),
    _option("--base-image", metavar="IMAGE", help="What the project is put on."),
    _option("--dockerfile", metavar="FILE", help="The project's own, which makes the whole image."),
    _option("--framework", type=_FRAMEWORKS, help="What the project is made with."),
    _option("--python-version", metavar="3.N", help="The Python of the image."),
    _option("--platform", metavar="OS/ARCH", help="Of the image (linux/amd64)."),
    _option("--dependencies", metavar="FILE", help="The file that lists what the project needs."),
    _several("--pip", "extra_pip_packages", metavar="REQUIREMENT", help="Also install this. Several times."),
    _several("--apt", "extra_apt_packages", metavar="PACKAGE", help="Also install this. Several times."),
    _several("--pre-build", "pre_build_commands", metavar="COMMAND", help="Run before the installing. Several times."),
    _several("--post-build", "post_build_commands", metavar="COMMAND", help="Run after it. Several times."),
    _option(
        "--pip-index-url", metavar="URL", envvar="CHAMBER_PIP_INDEX_URL", show_envvar=True,
        help="The package index; best by the variable if it has a password.",
    ),
    _several("--ignore", metavar="PATTERN", help="Leave these files out. Several times."),
    _several("--include", metavar="FILE", help="Take this file although a rule leaves it out. Several times."),
    _option("--max-project-size", metavar="SIZE", help="The most that the files may take, such as 500MB."),
    _several("--image-pull-secret", "image_pull_secrets", metavar="NAME", help="Of the cluster. Several times."),
    _flag("--no-cache", help="Build and upload anew."),
)  # fmt: skip
_COURSE = (
    _flag("--dry-run", help="Show the plan, made offline, and do nothing."),
    _flag("--save-dockerfile", help="Write Dockerfile.chamber into the project."),
    _flag("--save-manifest", help="Write manifest.chamber.yaml into the project."),
    _flag("--quiet", "-q", help="Write the id alone, once it is submitted."),
    _flag("--wait", "-w", help="Follow status and output until it has ended."),
    _option("--poll-interval", type=float, metavar="SECONDS", help="Between two looks (2)."),
    _option("--timeout", type=float, metavar="SECONDS", help="To wait at most; without end."),
)


def _under(**headings: tuple[Option, ...]) -> tuple[Option, ...]:
    for heading, options in headings.items():
        for option in options:
            option.heading = heading
    return tuple(option for options in headings.values() for option in options)


#: In the order in which help shows them.
OPTIONS: tuple[Option, ...] = _under(Job=_JOB, Start=_START, Image=_IMAGE, Course=_COURSE)
