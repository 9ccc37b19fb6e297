"""The product's addresses: the public pages, those in the portal, the forms' public intake, the figures."""

from django.urls import include, path

from traces.intake import openapi, snippet, views
from traces.monitoring import views as monitoring
from traces.site import views as site

urlpatterns = [
    path("", site.home, name="home"),
    path("privacy/", site.privacy, name="privacy"),
    path("license/", site.license_agreement, name="license"),
    path("help/", site.help_topic, name="help"),
    path("help/<slug:topic>/", site.help_topic, name="help-topic"),
    path("b24/app/", include("traces.pages.urls")),
    path("in/openapi.json", openapi.serve, name="openapi"),
    path("in/<str:key>.js", snippet.serve, name="snippet"),
    path("in/<str:key>/", views.receive, name="intake"),
    # Many senders do not follow a redirect with their body.
    path("in/<str:key>", views.receive),
    path("in/<str:key>/thanks/", views.thanks, name="thanks"),
    path("in/<str:key>/<uuid:submission_id>/", views.status, name="submission-status"),
    path("metrics", monitoring.show_metrics, name="metrics"),
]
