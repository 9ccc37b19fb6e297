"""Connect a portal by the address of an incoming webhook.

When another administrator edits a webhook, its key and its user number change, and the portal is the same
(Bitrix24's documentation of incoming webhooks): the address takes the place of the one that was stored for this host.
"""

import hashlib
import re
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from b24app.api import errors, hosts, rest
from b24app.models import Portal
from b24app.portal import hold

_ADDRESS = re.compile(r"^https?://[^/\s]+/rest/\d+/[^/\s]+/$")


class Command(BaseCommand):
    help = "Connect a portal by the address of an incoming webhook (with the right to use the CRM)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", metavar="URL", help="https://PORTAL/rest/USER/CODE/ as the portal shows it")

    def handle(self, *args: Any, **options: Any) -> None:
        url = options["url"].rstrip("/") + "/"
        if not _ADDRESS.match(url):
            raise CommandError("A webhook's address looks like https://PORTAL/rest/USER/CODE/.")
        parts = urlsplit(url)
        if parts.scheme != "https" and not settings.B24_ALLOW_INSECURE_PORTALS:
            raise CommandError("Give the webhook's https address: its secret must not travel unencrypted.")
        try:
            scope = rest.call(url, "scope", {}, read_seconds=15.0).result
        except errors.PortalError as error:
            raise CommandError(f"The portal did not accept the webhook ({error.code or 'refused'}).") from None
        if not isinstance(scope, list) or "crm" not in scope:
            raise CommandError("This webhook may not use the CRM. Add the right “CRM” to it on the portal.")
        self._connect(url, ",".join(scope))

    def _connect(self, url: str, scope: str) -> None:
        host, user = hosts.of_url(url), urlsplit(url).path.split("/")[2]
        facts = {"webhook_url": url, "domain": host, "scope": scope}
        former = _former(host, _member_id(host, user))
        if former is None:
            portal = Portal.objects.create(member_id=_member_id(host, user), **facts)
            self.stderr.write(
                "Connected. Next: make a form with manage.py form_create --portal "
                f"{portal.member_id} --name NAME --creates lead, and put its address on the website."
            )
        else:
            portal = former
            Portal.objects.filter(pk=portal.pk).update(**facts, paused_until=None, pauses=0)
            hold.resume(portal)
            self.stderr.write(
                f"This webhook takes the place of the one that was stored for {host}: its forms and rules stay, and "
                "what waits is delivered."
            )
        self.stdout.write(portal.member_id)


def _member_id(host: str, user: str) -> str:
    return "webhook-" + hashlib.sha256(f"{host}/{user}".encode()).hexdigest()[:32]


def _former(host: str, member_id: str) -> Portal | None:
    """The connection of this host that the address is for: one that is held, else the same user's, else the oldest."""
    known = [portal for portal in Portal.objects.exclude(webhook_url="").order_by("pk") if _host(portal) == host]
    known.sort(key=lambda portal: (portal.state != Portal.State.HELD, portal.member_id != member_id))
    return known[0] if known else None


def _host(portal: Portal) -> str:
    """Its host as it is compared now; earlier ones were stored with the scheme's own port."""
    return hosts.normal(portal.domain, urlsplit(portal.webhook_url).scheme)
