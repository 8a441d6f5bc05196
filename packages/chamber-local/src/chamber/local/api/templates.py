"""Templates that submissions can start from."""

from collections.abc import Iterable
from typing import Any, Literal

import msgspec
from aiohttp import web

from chamber.local.api import documented, requests
from chamber.local.api.answers import answer
from chamber.local.api.errors import not_found
from chamber.local.api.services import services
from chamber.local.storage import nouns
from chamber.local.storage.nouns import Template

__all__ = ["get_template", "list_templates"]


class _Templates(msgspec.Struct, kw_only=True):
    name: str | None = None
    scope: Literal["PERSONAL", "PROJECT", "ORGANIZATION"] | None = None
    include_system: bool = True


async def list_templates(request: web.Request) -> web.Response:
    """GET /templates."""
    asked = requests.query(request, _Templates)
    chosen = _chosen(await services(request).database.read(nouns.listed, Template), asked)
    metadata = {"next_token": None, "total_count": len(chosen)}
    return answer(request, {"templates": [_shown(template) for template in chosen]}, metadata=metadata)


async def get_template(request: web.Request) -> web.Response:
    """GET /templates/{template_id}."""
    template_id = request.match_info["template_id"]
    template = await services(request).database.read(nouns.find, Template, template_id)
    if template is None:
        raise not_found("template", template_id)
    return answer(request, _shown(template))


def _chosen(templates: Iterable[Template], asked: _Templates) -> list[Template]:
    return [
        template
        for template in templates
        if (asked.name or "").casefold() in template.name.casefold()
        and asked.scope in {None, template.scope}
        and (asked.include_system or not template.is_system)
    ]


def _shown(template: Template) -> dict[str, Any]:
    gpus = template.requested_gpus
    shown = msgspec.structs.asdict(template)
    return {**shown, "requested_gpus": None if gpus is None else documented.number(gpus)}
