"""The operator's view of portals. Tokens are in none of it."""

from django.contrib import admin
from django.http import HttpRequest

from b24app.models import Portal, PortalEvent


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # shared by admins of several models
    """Rows that only the program itself may change."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Portal)
class PortalAdmin(ReadOnly):
    list_display = ("domain", "member_id", "state", "hold_code", "held_since", "app_status", "installed_at")
    list_filter = ("state", "hold_code")
    search_fields = ("domain", "member_id")
    exclude = ("webhook_url", "application_token")


@admin.register(PortalEvent)
class PortalEventAdmin(ReadOnly):
    list_display = ("at", "event", "member_id")
    list_filter = ("event",)
