"""Teams, templates and allocations as the API has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from chamber.core.enums import AllocationStatus, OpenEnum
from chamber.core.models import Model

__all__ = ["Allocation", "Team", "Template", "TemplateScope"]


class TemplateScope(OpenEnum):
    """Who may use a template."""

    PERSONAL = "PERSONAL"
    PROJECT = "PROJECT"
    ORGANIZATION = "ORGANIZATION"


class Team(Model, frozen=True, kw_only=True):
    """Those who share GPUs. The API calls a team an initiative."""

    __envelopes__: ClassVar[tuple[str, ...]] = ("team", "teams", "initiative", "initiatives")
    __aliases__: ClassVar[Mapping[str, str]] = {"initiative_id": "id", "team_id": "id"}

    id: str
    name: str
    description: str | None = None
    #: The team that this one is a part of.
    parent_id: str | None = None
    tags: dict[str, Any] = {}
    created_at: datetime | None = None


class Template(Model, frozen=True, kw_only=True):
    """A workload prepared for submitting."""

    __envelopes__: ClassVar[tuple[str, ...]] = ("template", "templates")
    __aliases__: ClassVar[Mapping[str, str]] = {"template_id": "id", "gpu_count": "requested_gpus"}

    id: str
    name: str
    scope: TemplateScope | None = None
    description: str | None = None
    gpu_type: str | None = None
    requested_gpus: int | float | None = None
    #: YAML.
    k8s_manifest: str | None = None
    configuration: dict[str, Any] = {}


class Allocation(Model, frozen=True, kw_only=True):
    """Instances of a reservation that a team may use."""

    __envelopes__: ClassVar[tuple[str, ...]] = ("allocation", "allocations")
    __aliases__: ClassVar[Mapping[str, str]] = {"allocation_id": "id"}

    id: str
    initiative_id: str | None = None
    reservation_id: str | None = None
    allocated_instances: int | None = None
    status: AllocationStatus | None = None
    created_at: datetime | None = None
