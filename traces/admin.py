"""The operator's view of forms and submissions. What visitors typed is in none of it."""

from django.contrib import admin

from b24app.admin import ReadOnly
from traces.models import Form, Submission


@admin.register(Form)
class FormAdmin(ReadOnly):
    list_display = ("name", "portal", "creates", "active", "created_at")
    exclude = ("secret_hash",)


@admin.register(Submission)
class SubmissionAdmin(ReadOnly):
    list_display = ("id", "portal", "form", "state", "code", "tries", "received_at", "delivered_at")
    list_filter = ("state", "code")
    exclude = ("body", "idempotency_key", "body_hash")
