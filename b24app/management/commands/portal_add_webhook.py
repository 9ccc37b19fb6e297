"""Connect a portal by the address of an incoming webhook."""

import hashlib
import re
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from b24app.api import errors, rest
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
        # The same user of the same portal is the same connection, whatever the webhook's code is now.
        user = parts.path.split("/")[2]
        member_id = "webhook-" + hashlib.sha256(f"{parts.netloc.lower()}/{user}".encode()).hexdigest()[:32]
        portal, _ = Portal.objects.update_or_create(
            member_id=member_id,
            defaults={"webhook_url": url, "domain": parts.netloc.lower(), "scope": ",".join(scope)},
        )
        hold.resume(portal)
        self.stdout.write(member_id)
