"""The operator's view of what portals told us. The portals themselves, with their queues, are in `traces.admin`."""

from django.contrib import admin
from django.http import HttpRequest

from b24app.models import PortalEvent


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # shared by admins of several models
    """Rows that only the program itself may change.

    Fields that are shown are listed by name (`fields`): one that is added to a model stays hidden at first.
    """

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class ReadOnlyInline(admin.TabularInline):  # type: ignore[type-arg]
    """Rows of another model, beside those they belong to."""

    extra = 0
    can_delete = False
    show_change_link = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(PortalEvent)
class PortalEventAdmin(ReadOnly):
    list_display = ("at", "event", "member_id")
    list_filter = ("event",)
    search_fields = ("=member_id",)
    fields = ("at", "event", "member_id")
