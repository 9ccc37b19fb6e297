"""The addresses of Trace Relay; the product's own are in traces/urls.py."""

from django.contrib import admin
from django.urls import include, path

from b24app import views

urlpatterns = [
    path("b24/install/", views.install_page, name="install"),
    path("b24/events/", views.events, name="events"),
    path("b24/oauth/callback/", views.oauth_callback, name="oauth-callback"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("admin/login/", views.operator_login),
    path("admin/", admin.site.urls),
    path("", include("traces.urls")),
]
