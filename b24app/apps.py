"""The Django application `b24app`."""

from django.apps import AppConfig


class B24AppConfig(AppConfig):
    name = "b24app"
    verbose_name = "Bitrix24"

    def ready(self) -> None:
        from b24app import checks  # noqa: F401  # registers the checks
