"""The addresses of the pages inside the portal, all below /b24/app/."""

from django.urls import path

from traces.pages import (
    arrival,
    form_consent,
    form_fields,
    forms,
    health,
    opening,
    overview,
    responsible,
    settings,
    sources,
    start,
    submission,
    submissions,
    takeover,
    visitor_requests,
)

urlpatterns = [
    path("", opening.app_page, name="app"),
    # The first run
    path("start/", start.show, name="start"),
    path("start/checks/", start.check_connection, name="start-checks"),
    path("start/form/", start.create_form, name="start-form"),
    path("start/test/", start.send_test, name="start-test"),
    path("start/watch/<uuid:submission_id>/", start.watch, name="start-watch"),
    path("start/finish/", start.finish, name="start-finish"),
    path("takeover/<int:portal_id>/", takeover.take_over, name="takeover"),
    # Overview
    path("overview/", overview.show, name="overview"),
    path("overview/figures/", overview.show_figures, name="overview-figures"),
    # Sources
    path("sources/", sources.show, name="sources"),
    path("sources/rules/", sources.list_rules, name="source-rules"),
    path("sources/new/", sources.new, name="source-new"),
    path("sources/add/", sources.add, name="source-add"),
    path("sources/<int:rule_id>/", sources.edit, name="source-edit"),
    path("sources/<int:rule_id>/move/", sources.move, name="source-move"),
    path("sources/<int:rule_id>/remove/", sources.remove, name="source-remove"),
    path("sources/crm/", sources.list_crm_sources, name="source-crm"),
    path("sources/try/", sources.preview, name="source-try"),
    path("sources/export/", sources.export_rules, name="source-export"),
    path("sources/import/", sources.import_rules, name="source-import"),
    # Forms
    path("forms/", forms.show, name="forms"),
    path("forms/new/", forms.create, name="form-new"),
    path("forms/<int:form_id>/", forms.settings, name="form"),
    path("forms/<int:form_id>/responsible/", responsible.show, name="form-responsible"),
    path("forms/<int:form_id>/fields/", form_fields.show, name="form-fields"),
    path("forms/<int:form_id>/fields/rows/", form_fields.rows, name="form-fields-rows"),
    path("forms/<int:form_id>/consent/", form_consent.show, name="form-consent"),
    path("forms/<int:form_id>/codes/", forms.show_codes, name="form-codes"),
    path("forms/<int:form_id>/arrival/", arrival.show, name="form-arrival"),
    path("forms/<int:form_id>/secret/", forms.renew_secret, name="form-secret"),
    path("forms/<int:form_id>/remove/", forms.delete_or_disable, name="form-remove"),
    # Submissions
    path("submissions/", submissions.show, name="submissions"),
    path("submissions/again/", submissions.resend, name="submissions-again"),
    path("submissions/again/all/", submissions.resend_all, name="submissions-again-all"),
    path("submissions/export/", submissions.export, name="submissions-export"),
    path("submissions/<uuid:submission_id>/", submission.show, name="submission"),
    path("submissions/<uuid:submission_id>/again/", submission.resend, name="submission-again"),
    path("submissions/<uuid:submission_id>/delete/", submission.delete, name="submission-delete"),
    # Settings
    path("settings/", settings.show, name="settings"),
    path("settings/retention/", settings.save_retention, name="settings-retention"),
    path("settings/notices/", settings.save_notices, name="settings-notices"),
    path("settings/notices/test/", settings.send_test_notice, name="settings-notices-test"),
    path("settings/plan/", settings.save_tariff, name="settings-plan"),
    path("settings/viewers/", settings.save_viewers, name="settings-viewers"),
    path(
        "settings/administrators/<int:user>/choose/",
        settings.choose_administrator,
        name="settings-administrator-choose",
    ),
    path(
        "settings/administrators/<int:user>/remove/",
        settings.remove_administrator,
        name="settings-administrator-remove",
    ),
    path("settings/export/", settings.export, name="settings-export"),
    path("settings/visitor/", visitor_requests.find, name="settings-visitor"),
    path("settings/visitor/export/", visitor_requests.export, name="settings-visitor-export"),
    path("settings/visitor/erase/", visitor_requests.erase, name="settings-visitor-erase"),
    path("settings/erase/", settings.erase, name="settings-erase"),
    path("settings/erasing/", settings.show_erasing, name="settings-erasing"),
    # Health
    path("health/", health.show, name="health"),
    path("health/portal/", health.show_portal, name="health-portal"),
]
