"""The addresses of the pages inside the portal, all below /b24/app/."""

from django.urls import path

from traces.pages import forms, health, opening, overview, settings, sources, start, submission, submissions

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
    path("submissions/again/", submissions.again, name="submissions-again"),
    path("submissions/again/all/", submissions.again_all, name="submissions-again-all"),
    path("submissions/export/", submissions.export, name="submissions-export"),
    path("submissions/<uuid:submission_id>/", submission.show, name="submission"),
    path("submissions/<uuid:submission_id>/again/", submission.again, name="submission-again"),
    path("submissions/<uuid:submission_id>/delete/", submission.delete, name="submission-delete"),
    # Settings
    path("settings/", settings.show, name="settings"),
    # Health
    path("health/", health.show, name="health"),
]
