"""What administrators were told of: what has stopped, what was refused, what is going to be deleted."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from b24app.models import Portal

# What waits for a held portal is deleted no sooner than this after somebody was told that it will be.
PURGE_NOTICE = timedelta(days=14)
# The pages say it for so long before.
ANNOUNCED = timedelta(days=31)


class Notice(models.Model):
    """One matter that a portal's administrator is told of (`traces.monitoring.notices`), once as long as it lasts."""

    # The matter `PURGE`: what waits for a held portal is going to be deleted.
    PURGE = "purge"

    portal = models.ForeignKey(Portal, on_delete=models.CASCADE, related_name="notices")
    # The matter: a kind and, where it has one, its subject, as `stopped:plan` or `silent:17`.
    about = models.CharField(max_length=100)
    # When it was told; until then, when it was to be told first.
    at = models.DateTimeField(default=timezone.now)
    # When to try to tell it, again after an hour; None once it was told.
    try_at = models.DateTimeField(null=True, blank=True, default=timezone.now)
    # The matter is settled; the next time it is told of anew.
    over = models.BooleanField(default=False)

    class Meta:
        constraints = [
            # Two sweeps that find the same matter cannot both tell of it.
            models.UniqueConstraint(fields=["portal", "about"], condition=models.Q(over=False), name="one_open_notice")
        ]
        indexes = [models.Index(fields=["portal", "at"], name="notice_portal")]

    def __str__(self) -> str:
        return f"{self.about} of {self.portal_id}"


def purge_at(portal: Portal, warned_at: datetime) -> datetime:
    """When what waits for a held portal is deleted, if somebody was told at `warned_at` that it will be."""
    held_since = portal.held_since or warned_at
    return max(held_since + timedelta(days=settings.HELD_DAYS), warned_at + PURGE_NOTICE)


def announced_purge(portal: Portal, now: datetime) -> datetime | None:
    """When what waits for a held portal is deleted if it stays held; None where that is more than a month away."""
    if portal.state != Portal.State.HELD or portal.held_since is None:
        return None
    warned = Notice.objects.filter(portal=portal, about=Notice.PURGE, over=False).first()
    # Not told yet, it is told today or when its time has come.
    warned_at = warned.at if warned else now
    at = purge_at(portal, warned_at)
    return at if at <= now + ANNOUNCED else None
