"""Why a portal's queue is held, in plain words: what happened and what to do about it."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Remedy:
    """`happened` says what is the matter, `todo` what the administrator can do; delivery then resumes by itself."""

    happened: Text
    todo: Text


REMEDIES: dict[str, Remedy] = {
    "payment_required": Remedy(
        _("The portal's subscription or the application's paid period has ended."),
        _("Renew it in Bitrix24. Nothing is lost: delivery goes on by itself afterwards."),
    ),
    "plan": Remedy(
        _("The portal's plan does not include access for applications."),
        _("Change to a plan that includes REST, then open the application once."),
    ),
    "not_installed": Remedy(
        _("The application is no longer installed on this portal."),
        _("Install it again from the Market; what is waiting will then be delivered."),
    ),
    "invalid_client": Remedy(
        _("The authorization server does not accept this application for the portal."),
        _("Install the application again. If it happens on every portal, check B24_CLIENT_ID and B24_CLIENT_SECRET."),
    ),
    "no_administrator": Remedy(
        _("No administrator's permission is valid any more."),
        _("Open the application as an administrator once; that renews the permission."),
    ),
    "invalid_token": Remedy(
        _("The portal does not recognise the application's permission."),
        _("Open the application as an administrator once; that renews the permission."),
    ),
    "insufficient_scope": Remedy(
        _("The application lacks the right to use the CRM on this portal."),
        _("Update or reinstall the application and confirm the requested rights."),
    ),
    "overload_limit": Remedy(
        _("Bitrix24 has blocked the application on this portal by hand."),
        _("Write to Bitrix24 support; only they can lift the block."),
    ),
    "portal_deleted": Remedy(
        _("The portal is switched off or deleted."), _("If it is switched on again, delivery goes on by itself.")
    ),
    "invalid_credentials": Remedy(
        _("The webhook address is no longer valid."),
        _("Create a new incoming webhook on the portal and add its address again."),
    ),
    "webhook_moved": Remedy(
        _("The portal has a new address, and a webhook's secret is not sent to an address that nobody confirmed."),
        _("Add the webhook again with the portal's new address."),
    ),
    "moved": Remedy(
        _("The portal answers from an address that the authorization server does not confirm."),
        _("Open the application as an administrator once; that stores the confirmed address."),
    ),
    "invalid_request": Remedy(
        _("The portal accepts encrypted connections only."), _("Use the portal's https address.")
    ),
    "confirmation_waiting": Remedy(
        _("The portal waits for an administrator to allow the application's request."),
        _("Confirm the request in the portal's notifications."),
    ),
    "method_missing": Remedy(
        _("The portal has no Sales Intelligence or its CRM is switched off."),
        _("Switch the CRM on, or update the portal if it runs on your own server."),
    ),
    "key_missing": Remedy(
        _("The permission is stored with an encryption key that the service does not have any more."),
        _("The operator puts the key back; or open the application as an administrator once, which gives it anew."),
    ),
    "forbidden": Remedy(
        _("The portal turns our requests away before they reach it."),
        _("Check the portal's list of allowed addresses, or its firewall if it runs on your own server."),
    ),
}
