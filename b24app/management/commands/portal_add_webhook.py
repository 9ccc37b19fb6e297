"""Connect a portal by the address of an incoming webhook.

When another administrator edits a webhook, its key and its user number change, and the portal is the same
(Bitrix24's documentation of incoming webhooks): the address takes the place of the one that was stored for this host.
So it does after the portal was renamed: the webhook is the same, or the old address redirects to the new one, or
`--replaces` says so.
"""

import hashlib
import hmac
import re
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from b24app.api import errors, hosts, rest
from b24app.models import Portal
from b24app.portal import hold

# With a method at its end, as the portal shows it for a trial.
_ADDRESS = re.compile(r"(https?)://([^/\s]+)(/rest/\d+/[^/\s]+)/*([a-z][\w.]*/*(\?\S*)?)?", re.IGNORECASE)
# Why a portal is held that may have been renamed.
_NOT_THERE = ("webhook_moved", "portal_off")


class Command(BaseCommand):
    help = "Connect a portal by the address of an incoming webhook (with the right to use the CRM)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", metavar="URL", help="https://PORTAL/rest/USER/CODE/ as the portal shows it")
        parser.add_argument(
            "--replaces", metavar="MEMBER_ID_OR_DOMAIN", help="whose place it takes, after the portal was renamed"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        url = _normal(options["url"])
        if urlsplit(url).scheme != "https" and not settings.B24_ALLOW_INSECURE_PORTALS:
            raise CommandError("Give the webhook's https address: its secret must not travel unencrypted.")
        named = Portal.named(options["replaces"]) if options["replaces"] else None
        if options["replaces"] and not (named and named.by_webhook):
            raise CommandError(f"No portal that is connected by a webhook is called {options['replaces']}.")
        try:
            scope = rest.call(url, "scope", {}, read_seconds=15.0).result
        except errors.PortalError as error:
            raise CommandError(f"The portal did not accept the webhook ({error.code or 'refused'}).") from None
        if not isinstance(scope, list) or "crm" not in scope:
            raise CommandError("This webhook may not use the CRM. Add the right “CRM” to it on the portal.")
        self._connect(url, ",".join(scope), named)

    def _connect(self, url: str, scope: str, named: Portal | None) -> None:
        host, user = hosts.of_url(url), urlsplit(url).path.split("/")[2]
        facts = {"webhook_url": url, "domain": host, "scope": scope}
        former = named or _former(host, _member_id(host, user)) or _renamed(url)
        if former is None:
            portal = Portal.objects.create(member_id=_member_id(host, user), **facts)
            self.stderr.write(
                "Connected. Next: make a form with manage.py form_create --portal "
                f"{portal.member_id} --name NAME --creates lead, and put its address on the website."
            )
            self._tell_of_renaming(portal)
        else:
            portal = former
            Portal.objects.filter(pk=portal.pk).update(**facts, paused_until=None, pauses=0)
            hold.resume(portal)
            self.stderr.write(
                f"This webhook takes the place of the one that was stored for {portal.domain}: its forms and rules "
                "stay, and what waits is delivered."
            )
        self.stdout.write(portal.member_id)

    def _tell_of_renaming(self, portal: Portal) -> None:
        lost = Portal.objects.filter(hold_code__in=_NOT_THERE, state=Portal.State.HELD).exclude(webhook_url="")
        for one in lost.exclude(pk=portal.pk):
            self.stderr.write(
                f"{one.domain} is held, since it is not at its address any more. If it is this portal under another "
                f"name, say so: manage.py portal_add_webhook URL --replaces {one.member_id}"
            )


def _normal(url: str) -> str:
    """The address without a method, with one slash at its end. Raises `CommandError` if it is none of a webhook."""
    match = _ADDRESS.fullmatch(url.strip())
    if match is None:
        raise CommandError("A webhook's address looks like https://PORTAL/rest/USER/CODE/.")
    return f"{match[1].lower()}://{match[2].lower()}{match[3]}/"


def _member_id(host: str, user: str) -> str:
    return "webhook-" + hashlib.sha256(f"{host}/{user}".encode()).hexdigest()[:32]


def _former(host: str, member_id: str) -> Portal | None:
    """The connection of this host that the address is for: one that is held, else the same user's, else the oldest."""
    known = [portal for portal in Portal.objects.exclude(webhook_url="").order_by("pk") if _host(portal) == host]
    known.sort(key=lambda portal: (portal.state != Portal.State.HELD, portal.member_id != member_id))
    return known[0] if known else None


def _renamed(url: str) -> Portal | None:
    """The connection that this one is under another name: by the same user and key, or by its own redirect to here."""
    known = list(Portal.objects.exclude(webhook_url="").order_by("pk"))
    path, host = urlsplit(url).path, hosts.of_url(url)
    for portal in known:
        if hmac.compare_digest(urlsplit(portal.webhook_url).path.encode(), path.encode()):
            return portal
    moved = (one for one in known if one.state == Portal.State.HELD and one.hold_code == "webhook_moved")
    return next((portal for portal in moved if _leads_to(portal, host)), None)


def _leads_to(portal: Portal, host: str) -> bool:
    try:
        rest.call(portal.webhook_url, "scope", {}, read_seconds=15.0)
    except errors.Moved as error:
        return hosts.of_url(error.location) == host
    except errors.PortalError:
        pass
    return False


def _host(portal: Portal) -> str:
    """Its host as it is compared now; earlier ones were stored with the scheme's own port."""
    return hosts.normal(portal.domain, urlsplit(portal.webhook_url).scheme)
