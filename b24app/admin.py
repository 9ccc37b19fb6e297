"""The operator's view of portal events. The portals themselves, with their queues, are in `traces.admin`."""

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property

from b24app.frame import operators
from b24app.models import PortalEvent

admin.site.site_header = admin.site.site_title = "Trace Relay"
admin.site.index_title = "Operator's pages"
admin.site.login_form, admin.site.login_template = operators.LoginForm, "b24app/operator_login.html"


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # shared by admins of several models
    """Rows that only the program itself may change.

    Fields that are shown are listed by name (`fields`): one that is added to a model stays hidden at first.
    """

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, under the name of what it lists instead of “Select … to view”."""
        title = str(self.opts.verbose_name_plural).capitalize()
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class _FewRows(Paginator):  # type: ignore[type-arg]
    """Pages of a long table, of which no more than the newest rows are counted: counting all would read all."""

    MAX_COUNTED = 10_000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[: self.MAX_COUNTED].count())


class LongReadOnly(ReadOnly):
    """Rows of a table that may grow long: its list costs the same at any length."""

    paginator = _FewRows
    show_full_result_count = False


class ReadOnlyInline(admin.TabularInline):  # type: ignore[type-arg]
    """Rows of another model, shown with those they belong to."""

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
