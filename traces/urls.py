"""The product's addresses: the page in the portal, the forms' public intake, the figures."""

from django.urls import path

from traces import dashboard, snippet, views

urlpatterns = [
    path("b24/app/", dashboard.app_page, name="app"),
    path("in/<str:key>.js", snippet.serve, name="snippet"),
    path("in/<str:key>/", views.receive, name="intake"),
    path("in/<str:key>/thanks/", views.thanks, name="thanks"),
    path("in/<str:key>/<uuid:submission_id>/", views.status, name="submission-status"),
    path("metrics", views.prometheus, name="metrics"),
]
