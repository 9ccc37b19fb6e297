"""Why a portal's queue is held, in plain words: what happened and what to do about it.

Each remedy is a promise: following it resumes the queue. A held portal is probed at least once an hour
(`b24app.portal.hold`), so a fix on the portal is noticed within that time; opening the application as an
administrator, or adding a webhook again, resumes at once. `tests/portal/test_remedies.py` follows each to its end.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Remedy:
    """`happened` says what is the matter, `todo` what the administrator can do; delivery then resumes by itself."""

    happened: Text
    todo: Text


_OPEN_ONCE = _(
    "Open the application once as an administrator. This renews the permission, and delivery resumes at once."
)
_NEW_WEBHOOK = _(
    "Create a new incoming webhook in Bitrix24 and ask the operator of Trace Relay to add its address. "
    "Delivery then resumes at once."
)
_CERTIFICATE = _(
    "Renew the certificate on the portal's server for the exact host name that Trace Relay calls. "
    "Delivery then resumes within an hour."
)
# By the code of a `Stop`, for a portal on which the application is installed.
REMEDIES: dict[str, Remedy] = {
    "payment_required": Remedy(
        _("The Bitrix24 subscription or the paid period of the application has expired."),
        _("Renew it in Bitrix24. Nothing is lost, and delivery resumes within an hour."),
    ),
    "plan": Remedy(
        _(
            "Your Bitrix24 plan does not include applications and webhooks, or the Bitrix24 Market "
            "subscription is missing."
        ),
        _(
            "Upgrade to a paid plan, or subscribe to Bitrix24 Market if Bitrix24 asks for it. Delivery "
            "then resumes within an hour, or at once if you open the application."
        ),
    ),
    "market_subscription": Remedy(
        _("Your Bitrix24 has no Market subscription. Applications and webhooks do not work without one."),
        _(
            "Buy or renew the Bitrix24 Market subscription. Delivery then resumes within an hour, or at "
            "once if you open the application."
        ),
    ),
    "feature_missing": Remedy(
        _("Your Bitrix24 plan does not include the records this form creates."),
        _("Upgrade the plan, or go to “Forms” and choose another kind of record."),
    ),
    "licence": Remedy(
        _(
            "The license of the portal's server has expired. It redirects every request to the page for a "
            "new license key."
        ),
        _("Renew the license on the server. Delivery then resumes within an hour."),
    ),
    "not_installed": Remedy(
        _("The application is no longer installed on this portal."),
        _("Reinstall it from the Market. Submissions in the queue are then delivered."),
    ),
    "invalid_client": Remedy(
        _("The Bitrix24 authorization server rejects this application for the portal."),
        _(
            "Reinstall the application. If this happens on every portal, check B24_CLIENT_ID and "
            "B24_CLIENT_SECRET. Delivery then resumes within an hour, or at once if you open the application."
        ),
    ),
    "no_administrator": Remedy(_("No administrator's permission is valid anymore."), _OPEN_ONCE),
    "no_rights": Remedy(
        _("The administrators whose permissions Trace Relay uses have insufficient CRM rights."),
        _(
            "In the CRM access permissions, allow one of them to add and read records, or open the "
            "application as an administrator who has these rights. Delivery then resumes within an hour, "
            "or at once after you open the application."
        ),
    ),
    "not_allowed": Remedy(
        _("Bitrix24 does not allow the administrators whose permissions Trace Relay uses to run applications."),
        _(
            "Allow one of them to use this application, or open it as another administrator. Delivery "
            "then resumes within an hour, or at once after you open the application."
        ),
    ),
    "invalid_token": Remedy(_("Bitrix24 does not recognize the application's permission."), _OPEN_ONCE),
    "insufficient_scope": Remedy(
        _("Trace Relay does not have access to the CRM of this portal."),
        _("Update or reinstall the application and confirm the rights it requests. Delivery then resumes."),
    ),
    "overload_limit": Remedy(
        _("Bitrix24 has manually blocked Trace Relay on this portal."),
        _("Contact Bitrix24 support: only they can lift the block. Delivery resumes within an hour after that."),
    ),
    "portal_deleted": Remedy(
        _("The portal is suspended or deleted."),
        _("If the portal is reactivated, delivery resumes within an hour."),
    ),
    "portal_off": Remedy(
        _("There is no Bitrix24 at the portal's address right now. It is suspended or has moved."),
        _(
            "Open the portal in your browser. Once it opens, delivery resumes within an hour. If it has "
            "a new address, open the application there once."
        ),
    ),
    "redirected": Remedy(
        _("The portal redirects every request to a page of its own. The site may be closed for maintenance."),
        _("Open the portal to its users again. Delivery then resumes within an hour."),
    ),
    "disk_quota": Remedy(
        _("The portal has no disk space left, so its CRM accepts no new records."),
        _("Free up space on the portal's Drive or buy more. Delivery then resumes within an hour."),
    ),
    "certificate": Remedy(
        _("The certificate of the portal's server is not valid: it has expired or was issued for another host name."),
        _CERTIFICATE,
    ),
    "certificate_authority": Remedy(
        _("The certificate of the portal's server comes from an authority that Trace Relay does not trust."),
        _(
            "Install a certificate from a public authority on the server, including all intermediate "
            "certificates, or ask the operator of Trace Relay to trust your authority (B24_CA_FILE). "
            "Delivery then resumes within an hour."
        ),
    ),
    "private_address": Remedy(
        _("The portal's host name points to a private network address, and Trace Relay does not connect to those."),
        _(
            "Make the portal reachable at a public address, or ask the operator of Trace Relay to allow "
            "this host (B24_PRIVATE_HOSTS). Delivery then resumes within an hour."
        ),
    ),
    "plain_http": Remedy(
        _("The portal's address is not encrypted (http), and Trace Relay does not send personal data over http."),
        _("Set up https on the portal's server, then open the application once at its https address."),
    ),
    "invalid_credentials": Remedy(
        _("Bitrix24 does not accept the permission that Trace Relay uses."),
        _OPEN_ONCE,
    ),
    "webhook_owner_gone": Remedy(
        _("The user who owns the webhook has been dismissed or blocked in Bitrix24."),
        _(
            "Create an incoming webhook as another user and ask the operator of Trace Relay to add its "
            "address. Delivery then resumes at once."
        ),
    ),
    "webhook_moved": Remedy(
        _(
            "The portal has a new address. Trace Relay does not send a webhook's secret to an address that "
            "nobody has confirmed."
        ),
        _(
            "Ask the operator of Trace Relay to add the webhook again with the new address. Delivery then "
            "resumes at once."
        ),
    ),
    "moved": Remedy(
        _("The portal responds from an address that the authorization server does not confirm."),
        _(
            "If the portal was renamed, open the application once at its new address. If it runs on your "
            "own server, make it respond at the address registered with Bitrix24. Delivery then resumes "
            "within an hour, or at once if you open the application."
        ),
    ),
    "invalid_request": Remedy(
        _("The portal accepts only encrypted connections."),
        _("Open the application once at the portal's https address. Delivery then resumes at once."),
    ),
    "confirmation_waiting": Remedy(
        _("An administrator has to approve the application's request in Bitrix24."),
        _(
            "Approve the request in the portal's notifications. The submissions that need it are then "
            "delivered within an hour."
        ),
    ),
    "method_missing": Remedy(
        _("The portal does not support what this form needs: its version is too old, or its CRM is turned off."),
        _(
            "Turn on the CRM, or update the portal if it runs on your own server. The submissions that "
            "need it are then delivered within an hour. Other forms are not affected."
        ),
    ),
    "key_missing": Remedy(
        _("The permission is encrypted with a key that the service no longer has."),
        _("Open the application once as an administrator. This gives a new permission, and delivery resumes at once."),
    ),
    "forbidden": Remedy(
        _("The portal's address rejects our requests. The portal was deleted, or a firewall blocks them."),
        _(
            "Check the portal's list of allowed IP addresses, or its firewall if it runs on your own "
            "server. Delivery then resumes within an hour."
        ),
    ),
}
# Where they differ for a portal that is connected by a webhook: there is no application to open or install.
_BY_WEBHOOK: dict[str, Remedy] = {
    "payment_required": Remedy(
        _("The Bitrix24 subscription has expired."),
        _("Renew it in Bitrix24. Nothing is lost, and delivery resumes within an hour."),
    ),
    "plan": Remedy(
        _(
            "Your Bitrix24 plan does not include applications and webhooks, or the Bitrix24 Market "
            "subscription is missing."
        ),
        _(
            "Upgrade to a paid plan, or subscribe to Bitrix24 Market if Bitrix24 asks for it. Delivery "
            "then resumes within an hour."
        ),
    ),
    "market_subscription": Remedy(
        _("Your Bitrix24 has no Market subscription. Applications and webhooks do not work without one."),
        _("Buy or renew the Bitrix24 Market subscription. Delivery then resumes within an hour."),
    ),
    "no_rights": Remedy(
        _("The user who owns the webhook has insufficient CRM rights."),
        _(
            "In the CRM access permissions, allow this user to add and read records. Delivery then "
            "resumes within an hour."
        ),
    ),
    "not_allowed": Remedy(
        _("Bitrix24 does not allow the user who owns the webhook to use it."),
        _(
            "Give this user access in Bitrix24 again: delivery then resumes within an hour. Or create a "
            "webhook as another user and ask the operator of Trace Relay to add its address."
        ),
    ),
    "insufficient_scope": Remedy(
        _("Trace Relay does not have access to the CRM of this portal."),
        _("Add the “CRM” scope to the webhook in Bitrix24. Delivery then resumes within an hour."),
    ),
    "overload_limit": Remedy(
        _("Bitrix24 has manually blocked Trace Relay on this portal."),
        _("Contact Bitrix24 support: only they can lift the block. Delivery resumes within an hour after that."),
    ),
    "portal_off": Remedy(
        _("There is no Bitrix24 at the portal's address right now. It is suspended or has moved."),
        _(
            "Open the portal in your browser. Once it opens, delivery resumes within an hour. If it has "
            "a new address, ask the operator of Trace Relay to add the webhook again."
        ),
    ),
    "plain_http": Remedy(
        _("The portal's address is not encrypted (http), and Trace Relay does not send personal data over http."),
        _(
            "Set up https on the portal's server, then ask the operator of Trace Relay to add the "
            "webhook's https address."
        ),
    ),
    "invalid_credentials": Remedy(
        _("The webhook is no longer valid. It was deleted, changed or blocked, or it has expired."), _NEW_WEBHOOK
    ),
    "key_missing": Remedy(
        _("The webhook is encrypted with a key that the service no longer has."),
        _("Ask the operator of Trace Relay to add the webhook's address again. Delivery then resumes at once."),
    ),
    "invalid_request": Remedy(
        _("The portal accepts only encrypted connections."),
        _("Ask the operator of Trace Relay to add the webhook's https address. Delivery then resumes at once."),
    ),
}
for _code in ("invalid_token", "not_installed", "no_administrator", "moved"):
    # A webhook does not meet these; whatever a portal answers, its page shall not speak of an application.
    _BY_WEBHOOK[_code] = _BY_WEBHOOK["invalid_credentials"]


def of(code: str, by_webhook: bool) -> Remedy | None:
    """The remedy for a reason, as the portal is connected; None for a code that is no reason of a hold."""
    return (_BY_WEBHOOK.get(code) if by_webhook else None) or REMEDIES.get(code)
