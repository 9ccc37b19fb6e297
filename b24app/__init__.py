"""The Django project, and all that knows Bitrix24; knows nothing of forms or submissions."""

__version__ = "0.1.0"

from b24app.celery import app as celery_app

__all__ = ["celery_app"]
