"""The pages of a portal that people see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from tests.sandbox.portal import Portal

if TYPE_CHECKING:
    from tests.sandbox.server import Sandbox


async def answer(sandbox: Sandbox, portal: Portal, request: web.BaseRequest) -> web.Response:
    """Answer a request for a page."""
    if request.path.rstrip("/") == "/oauth/authorize":
        query = f"code={portal.issue_code()}&state={request.query.get('state', '')}&domain={portal.domain}"
        query += f"&member_id={portal.member_id}&scope={portal.scope}&server_domain={portal.oauth_url[7:]}"
        return web.Response(status=302, headers={"Location": f"{sandbox.app_url}/b24/oauth/callback/?{query}"})
    return web.Response(status=404, text="Not found")
