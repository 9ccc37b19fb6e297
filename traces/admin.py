"""The operator's view of forms and submissions. What visitors typed is in none of it."""

from django.contrib import admin
from django.http import HttpRequest

from b24app.admin import ReadOnly
from traces.models import Form, SourceRule, Submission


@admin.register(Form)
class FormAdmin(ReadOnly):
    list_display = ("name", "portal", "creates", "active", "created_at")
    exclude = ("secret_hash", "old_secret_hash")


@admin.register(Submission)
class SubmissionAdmin(ReadOnly):
    list_display = ("id", "portal", "form", "state", "code", "tries", "received_at", "delivered_at")
    list_filter = ("state", "code")
    exclude = ("body", "search", "idempotency_key", "body_hash")


@admin.register(SourceRule)
class SourceRuleAdmin(ReadOnly):
    """Rules are added by `source_rule_add`, which checks them, and can be taken away here."""

    list_display = ("__str__", "portal", "position")
    list_filter = ("portal",)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)
