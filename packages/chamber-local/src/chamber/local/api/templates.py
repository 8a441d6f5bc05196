"""Templates that submissions can start from."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from chamber.local.api.errors import not_found
from chamber.local.api.services import Services
from chamber.local.api.views import Templates
from chamber.local.storage import tenancy
from chamber.local.storage.nouns import Template

__all__ = ["AskedTemplates", "get_template", "list_templates"]


class AskedTemplates(msgspec.Struct, kw_only=True):
    """The filters; `name` is a part of the name in any case."""

    name: str | None = None
    scope: Literal["PERSONAL", "PROJECT", "ORGANIZATION"] | None = None
    include_system: bool = True


async def list_templates(parts: Services, query: AskedTemplates) -> Templates:
    """The templates that pass the filters."""
    return Templates(_chosen(await parts.database.read(tenancy.listed, Template, parts.organization_id), query))


async def get_template(parts: Services, template_id: str) -> Template:
    """One template."""
    template = await parts.database.read(tenancy.find, Template, template_id, parts.organization_id)
    if template is None:
        raise not_found("template", template_id)
    return template


def _chosen(templates: Iterable[Template], asked: AskedTemplates) -> tuple[Template, ...]:
    return tuple(
        template
        for template in templates
        if (asked.name or "").casefold() in template.name.casefold()
        and asked.scope in {None, template.scope}
        and (asked.include_system or not template.is_system)
    )
