"""The addresses of the pages inside the portal, all below /b24/app/."""

from django.urls import path

from traces.pages import (
    form_fields,
    forms,
    health,
    opening,
    overview,
    settings,
    sources,
    start,
    submission,
    submissions,
)

urlpatterns = [
    path("", opening.app_page, name="app"),
    # The first run
    path("start/", start.show, name="start"),
    path("start/checks/", start.connection, name="start-checks"),
    path("start/form/", start.make, name="start-form"),
    path("start/test/", start.test, name="start-test"),
    path("start/watch/<uuid:submission_id>/", start.watch, name="start-watch"),
    path("start/finish/", start.finish, name="start-finish"),
    # Overview
    path("overview/", overview.show, name="overview"),
    path("overview/figures/", overview.part, name="overview-figures"),
    # Sources
    path("sources/", sources.show, name="sources"),
    path("sources/rules/", sources.listed, name="source-rules"),
    path("sources/new/", sources.new, name="source-new"),
    path("sources/add/", sources.add, name="source-add"),
    path("sources/<int:rule_id>/", sources.edit, name="source-edit"),
    path("sources/<int:rule_id>/move/", sources.move, name="source-move"),
    path("sources/<int:rule_id>/remove/", sources.remove, name="source-remove"),
    path("sources/crm/", sources.crm, name="source-crm"),
    path("sources/try/", sources.attempt, name="source-try"),
    path("sources/export/", sources.export, name="source-export"),
    path("sources/import/", sources.take_in, name="source-import"),
    # Forms
    path("forms/", forms.show, name="forms"),
    path("forms/new/", forms.create, name="form-new"),
    path("forms/<int:form_id>/", forms.settings, name="form"),
    path("forms/<int:form_id>/fields/", form_fields.show, name="form-fields"),
    path("forms/<int:form_id>/fields/rows/", form_fields.rows, name="form-fields-rows"),
    path("forms/<int:form_id>/codes/", forms.codes_page, name="form-codes"),
    path("forms/<int:form_id>/secret/", forms.secret, name="form-secret"),
    path("forms/<int:form_id>/remove/", forms.take_away, name="form-take-away"),
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
