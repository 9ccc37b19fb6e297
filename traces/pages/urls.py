"""The addresses of the pages inside the portal, all below /b24/app/."""

from django.urls import path

from traces.pages import forms, health, opening, overview, settings, sources, start, submissions

urlpatterns = [
    path("", opening.app_page, name="app"),
    # The first run
    path("start/", start.show, name="start"),
    # Overview
    path("overview/", overview.show, name="overview"),
    # Sources
    path("sources/", sources.show, name="sources"),
    # Forms
    path("forms/", forms.show, name="forms"),
    # Submissions
    path("submissions/", submissions.show, name="submissions"),
    # Settings
    path("settings/", settings.show, name="settings"),
    path("settings/retention/", settings.retention, name="settings-retention"),
    path("settings/notices/", settings.notify, name="settings-notices"),
    path("settings/notices/test/", settings.test_notice, name="settings-notices-test"),
    path("settings/plan/", settings.plan, name="settings-plan"),
    path("settings/viewers/", settings.viewers, name="settings-viewers"),
    path("settings/administrators/<int:user>/remove/", settings.remove, name="settings-administrator-remove"),
    path("settings/export/", settings.download, name="settings-export"),
    path("settings/erase/", settings.erase, name="settings-erase"),
    path("settings/erasing/", settings.erasing, name="settings-erasing"),
    # Health
    path("health/", health.show, name="health"),
    path("health/portal/", health.of_portal, name="health-portal"),
]
