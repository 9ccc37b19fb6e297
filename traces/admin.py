"""The operator's pages: portals with their queues, forms, submissions, and the batches in flight.

Neither tokens nor secrets nor what visitors typed are in any of it; the portals' answers may quote that, so of an
attempt its code is shown and not its reason.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from b24app.admin import LongReadOnly, ReadOnly, ReadOnlyInline
from b24app.api.remedies import REMEDIES
from b24app.host.masks import masked
from b24app.models import Portal, PortalUser
from b24app.portal import hold
from traces import sentences
from traces.delivery import requeue
from traces.models import Attempt, Batch, Form, Notice, Preferences, SourceRule, Submission, Unmatched
from traces.monitoring import notices

_SUBSCRIPTIONS = {
    "F": "free",
    "D": "demo",
    "T": "trial",
    "P": "paid",
    "L": "local application",
    "S": "Market subscription",
}


def _number(state: str) -> Coalesce:
    """How many submissions of a portal are in a state, as a part of the query of the portals."""
    rows = Submission.objects.filter(portal=OuterRef("pk"), state=state).order_by().values("portal")
    return Coalesce(Subquery(rows.annotate(number=Count("pk")).values("number")), 0, output_field=IntegerField())


class ById(admin.SimpleListFilter):
    """What belongs to one row of another model, whose number stands in the address.

    All rows of that model are no choice to offer: there may be thousands. A link from its own list leads here.
    """

    field = ""

    def __init__(self, *args: Any) -> None:
        self.parameter_name = f"{self.field}__id__exact"
        self.title = self.field
        super().__init__(*args)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The one that is chosen, so that it can be seen and taken back."""
        number = request.GET.get(self.parameter_name or "", "")
        return [(number, f"number {number}")] if number.isdecimal() else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        number = self.value()
        return queryset.filter(**{f"{self.field}_id": int(number)}) if number and number.isdecimal() else queryset


class ByPortal(ById):
    field = "portal"


class ByForm(ById):
    field = "form"


class ByCode(admin.SimpleListFilter):
    """By the code of a reason. The codes that are known are offered, not those that stand in the table."""

    title = parameter_name = "code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code, code) for code in sorted({*sentences.FAILURES, *REMEDIES} - {""})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(code=self.value()) if self.value() else queryset


class Operable(ReadOnly):
    """Rows on which an operator may act: resume portals, send submissions again."""

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Whether the user may run the actions; Django asks by this name (`permissions=["operate"]`)."""
        return request.user.has_perm("traces.change_submission")


class UserInline(ReadOnlyInline):
    """The administrators whose permission is stored."""

    model = PortalUser
    fields = ("user_id", "state", "dead_code", "renewed_at", "proved_at", "version")


@admin.register(Portal)
class PortalAdmin(Operable):
    """Portals, how their queues are, and what can be done for them."""

    list_display = (
        *("domain", "member_id", "state_with_remedy", "waiting", "failed"),
        *("oldest_due", "tariff", "subscription", "submissions"),
    )
    list_filter = ("state", "hold_code", "tariff")
    search_fields = ("domain", "member_id")
    actions = ("resume", "send_failed_again")
    inlines = (UserInline,)
    fields = (
        *("domain", "member_id", "state_with_remedy", "state", "hold_code", "held_since", "probe_at"),
        *("waiting", "failed", "oldest_due", "paused_until", "pauses", "tariff", "receipt_option_sets"),
        *("client_endpoint", "oauth_host", "scope"),
        *("subscription", "app_version", "language", "installed_at", "uninstalled_at", "clean_requested_at"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Portal]:
        due = Submission.objects.filter(portal=OuterRef("pk"), due_at__lte=timezone.now()).order_by("due_at")
        rows: QuerySet[Portal] = super().get_queryset(request)
        return rows.annotate(
            waiting_rows=_number(Submission.State.QUEUED),
            failed_rows=_number(Submission.State.FAILED),
            oldest=Subquery(due.values("due_at")[:1]),
        )

    @admin.display(description="state")
    def state_with_remedy(self, portal: Portal) -> str:
        """The state, and why a held portal is held and what helps."""
        if portal.state != Portal.State.HELD:
            return portal.get_state_display()
        remedy = notices.remedy_of(portal.hold_code, portal.by_webhook)
        return f"held: {remedy.happened} {remedy.todo}"

    @admin.display(description="waiting", ordering="waiting_rows")
    def waiting(self, portal: Any) -> int:
        return int(portal.waiting_rows)

    @admin.display(description="failed", ordering="failed_rows")
    def failed(self, portal: Any) -> int:
        return int(portal.failed_rows)

    @admin.display(description="oldest due", ordering="oldest")
    def oldest_due(self, portal: Any) -> datetime | None:
        oldest: datetime | None = portal.oldest
        return oldest

    @admin.display(description="subscription", ordering="app_status")
    def subscription(self, portal: Portal) -> str:
        """What `STATUS` of Bitrix24's `app.info` means."""
        return _SUBSCRIPTIONS.get(portal.app_status, portal.app_status)

    @admin.display(description="")
    def submissions(self, portal: Portal) -> str:
        address = reverse("admin:traces_submission_changelist")
        return format_html('<a href="{}?portal__id__exact={}">submissions</a>', address, portal.pk)

    @admin.action(description="Resume delivery", permissions=["operate"])
    def resume(self, request: HttpRequest, chosen: QuerySet[Portal]) -> None:
        """Send to held portals again; one that is still not well is held anew by its next answer."""
        held = list(chosen.filter(state=Portal.State.HELD))
        for portal in held:
            hold.resume(portal)
        self.message_user(request, f"Delivery was resumed to {len(held)} held portals.", messages.SUCCESS)

    @admin.action(description="Send failed submissions again", permissions=["operate"])
    def send_failed_again(self, request: HttpRequest, chosen: QuerySet[Portal]) -> None:
        ids = list(chosen.values_list("pk", flat=True))
        number = requeue.send_again(Q(portal__in=ids, state=Submission.State.FAILED))
        self.message_user(request, f"{number} submissions will be sent again.", messages.SUCCESS)


@admin.register(Form)
class FormAdmin(ReadOnly):
    list_display = ("name", "portal", "creates", "active", "created_at")
    list_filter = ("active", "creates", ByPortal)
    list_select_related = ("portal",)
    search_fields = ("name", "=key")
    fields = (
        *("portal", "name", "key", "creates", "origins", "mapping", "field_types", "country"),
        *("repeats", "assigned_by_id", "thank_you_url", "honeypot", "min_seconds"),
        *("max_per_minute", "active", "old_secret_until", "created_at"),
    )


class AttemptInline(ReadOnlyInline):
    model = Attempt
    fields = ("at", "method", "outcome", "code", "milliseconds")


@admin.register(Submission)
class SubmissionAdmin(Operable, LongReadOnly):
    list_display = ("id", "portal", "form", "state", "code", "tries", "received_at", "due_at", "delivered_at")
    list_filter = ("state", ByCode, ByPortal, ByForm)
    list_select_related = ("portal", "form")
    actions = ("send_again",)
    inlines = (AttemptInline,)
    fields = (
        *("id", "portal", "form", "state", "code", "masked_source", "received_at", "due_at", "trying_since", "tries"),
        *("isolated", "batch", "repairs", "progress", "trace_id", "delivered_at"),
    )

    @admin.display(description="source")
    def masked_source(self, submission: Submission) -> str:
        """The source without what a visitor may have typed in its place."""
        return masked(submission.source_text)

    @admin.action(description="Send again", permissions=["operate"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[Submission]) -> None:
        """Make those that failed or wait for their next try due at once."""
        number = requeue.send_again(Q(pk__in=chosen.order_by().values("pk")))
        self.message_user(request, f"{number} submissions will be sent again.", messages.SUCCESS)


@admin.register(Batch)
class BatchAdmin(ReadOnly):
    """Batches in flight, and those whose answer was lost (`code`)."""

    list_display = ("id", "portal", "state", "sent_at", "expected_at", "lease_until", "code", "number")
    list_filter = ("state", ByCode, ByPortal)
    list_select_related = ("portal",)
    fields = (*("id", "portal", "state", "receipt_slot", "sent_at", "expected_at", "lease_until", "code", "commands"),)

    @admin.display(description="commands")
    def number(self, batch: Batch) -> int:
        return len(batch.commands)


@admin.register(Preferences)
class PreferencesAdmin(ReadOnly):
    list_display = ("portal", "fields_days", "retention_days", "viewers", "notify", "notices_a_day", "erase_before")
    list_filter = ("notify", "viewers")
    list_select_related = ("portal",)
    fields = (
        *("portal", "fields_days", "retention_days", "viewers", "notify", "notify_user_id", "tell_of", "notices_a_day"),
        *("erase_before", "welcomed"),
    )


@admin.register(Notice)
class NoticeAdmin(LongReadOnly):
    """What administrators were told of, and what could not be told yet (`try_at`)."""

    list_display = ("about", "portal", "at", "try_at", "over")
    list_filter = ("over", ByPortal)
    list_select_related = ("portal",)
    fields = ("portal", "about", "at", "try_at", "over")


@admin.register(SourceRule)
class SourceRuleAdmin(ReadOnly):
    """Rules are changed in the portal or added by `source_rule_add`, which check them; they can be taken away here."""

    list_display = ("__str__", "portal", "position")
    list_filter = (ByPortal,)
    list_select_related = ("portal",)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)


@admin.register(Unmatched)
class UnmatchedAdmin(ReadOnly):
    list_display = ("field", "masked_value", "portal", "week", "count", "last_at")
    list_filter = ("field", ByPortal)
    list_select_related = ("portal",)
    fields = ("portal", "week", "field", "masked_value", "count", "last_at")

    @admin.display(description="value")
    def masked_value(self, unmatched: Unmatched) -> str:
        """The value without what a visitor may have typed in its place."""
        return masked(unmatched.value)
