"""The Celery application: `celery -A b24app worker` and `celery -A b24app beat`.

A message is a hint that a portal has work, never the work itself: it carries a portal's number and
may be lost, doubled or late without harm (docs/architecture.md, "Messages are hints").
"""

import os

from celery import Celery

from b24app.host import patches

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "b24app.settings")

patches.restore_no_messages()

app = Celery("b24app")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
