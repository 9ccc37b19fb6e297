"""The intake's measure: a plain Django view that stores what is posted by one insert, as anybody would write it.

Served by gunicorn with two processes of eight threads (`tests.bench.intake`). The same database settings as ours.
"""

from __future__ import annotations

import json
import os
import uuid

import environ
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, models
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone

from b24app.host import patches

patches.use_bundled_sqlite()
DATABASE = environ.Env().db_url("PLAIN_DATABASE_URL", default="sqlite://:memory:")
if "sqlite3" in DATABASE["ENGINE"]:
    pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
    DATABASE["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 5, "init_command": pragmas}
if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": {**DATABASE, "CONN_MAX_AGE": 600}},
        ROOT_URLCONF=__name__,
        SECRET_KEY=os.environ.get("DJANGO_SECRET_KEY", "plain"),
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
application = get_wsgi_application()


class Received(models.Model):
    """One submission."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    form = models.CharField(max_length=40)
    received_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=10, default="queued")
    body: models.JSONField[dict[str, object], dict[str, object]] = models.JSONField()

    class Meta:
        app_label = "plain"
        indexes = [models.Index(fields=["form", "state", "received_at"], name="received_list")]

    def __str__(self) -> str:
        return str(self.id)


def receive(request: HttpRequest, key: str) -> HttpResponse:
    """Store one submission."""
    fields = json.loads(request.body)
    if request.method != "POST" or not isinstance(fields, dict):
        return JsonResponse({"error": "Send an object."}, status=400)
    row = Received(form=key, body=fields)
    row.save(force_insert=True)
    return JsonResponse({"id": str(row.id), "status": row.state})


urlpatterns = [path("in/<str:key>/", receive)]

if __name__ == "__main__":
    with connection.schema_editor() as editor:
        editor.create_model(Received)
