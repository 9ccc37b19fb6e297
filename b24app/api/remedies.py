"""Why a portal's queue is held, in plain words: what happened and what to do about it.

Each remedy is a promise: whoever follows it makes the queue go on. A held portal is probed at least once an hour
(`b24app.portal.hold`), so what is put right on the portal is found within that; opening the application as an
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
    "Open the application as an administrator once; that renews the permission, and delivery goes on at once."
)
_NEW_WEBHOOK = _(
    "Make a new incoming webhook on the portal and have its address added to Trace Relay; "
    "delivery then goes on at once."
)
_CERTIFICATE = _(
    "Renew the certificate on the portal's server, for the very name by which it is called. "
    "Delivery then goes on by itself within an hour."
)
# By the code of a `Stop`, for a portal on which the application is installed.
REMEDIES: dict[str, Remedy] = {
    "payment_required": Remedy(
        _("The portal's subscription or the application's paid period has ended."),
        _("Renew it in Bitrix24. Nothing is lost: delivery then goes on by itself within an hour."),
    ),
    "plan": Remedy(
        _("The portal's plan includes no applications and webhooks, or the Bitrix24 Market subscription is missing."),
        _(
            "Change to a paid plan, or subscribe to Bitrix24 Market where the portal asks for it. "
            "Delivery then goes on by itself within an hour, and at once if you open the application."
        ),
    ),
    "market_subscription": Remedy(
        _("The portal has no Bitrix24 Market subscription, without which applications and webhooks do not work."),
        _(
            "Buy or renew the Bitrix24 Market subscription. "
            "Delivery then goes on by itself within an hour, and at once if you open the application."
        ),
    ),
    "feature_missing": Remedy(
        _("The portal's plan does not include what this form makes."),
        _("Change the plan, or choose on the page “Forms” that something else is made."),
    ),
    "licence": Remedy(
        _("The licence of the portal's server has ended: it sends every request to the page for a new licence key."),
        _("Renew the licence on the server. Delivery then goes on by itself within an hour."),
    ),
    "not_installed": Remedy(
        _("The application is no longer installed on this portal."),
        _("Install it again from the Market; what is waiting will then be delivered."),
    ),
    "invalid_client": Remedy(
        _("The authorization server does not accept this application for the portal."),
        _("Install the application again. If it happens on every portal, check B24_CLIENT_ID and B24_CLIENT_SECRET."),
    ),
    "no_administrator": Remedy(_("No administrator's permission is valid any more."), _OPEN_ONCE),
    "no_rights": Remedy(
        _("The administrators by whose permission Trace Relay works lack rights in the CRM."),
        _(
            "Give one of them the right to add and read records in the CRM's access permissions, or open the "
            "application as an administrator who has it. Delivery then goes on by itself within an hour, at once after "
            "opening."
        ),
    ),
    "not_allowed": Remedy(
        _("The portal does not let the administrators by whose permission Trace Relay works use applications."),
        _(
            "Allow one of them to use this application, or open it as another administrator. "
            "Delivery then goes on by itself within an hour, at once after opening."
        ),
    ),
    "invalid_token": Remedy(_("The portal does not recognise the application's permission."), _OPEN_ONCE),
    "insufficient_scope": Remedy(
        _("Trace Relay lacks the right to use the CRM on this portal."),
        _("Update or reinstall the application and confirm the requested rights; delivery then goes on by itself."),
    ),
    "overload_limit": Remedy(
        _("Bitrix24 has blocked Trace Relay on this portal by hand."),
        _(
            "Write to Bitrix24 support; only they can lift the block. "
            "Delivery goes on by itself within an hour after they have."
        ),
    ),
    "portal_deleted": Remedy(
        _("The portal is switched off or deleted."),
        _("If it is switched on again, delivery goes on by itself within an hour."),
    ),
    "portal_off": Remedy(
        _("At the portal's address there is no Bitrix24 at present: it is switched off, or it has moved."),
        _(
            "Open the portal in your browser. Once it opens, delivery goes on by itself within an hour; "
            "if it has a new address, open the application there once."
        ),
    ),
    "redirected": Remedy(
        _("The portal sends every request to a page of its own: the site may be closed for maintenance."),
        _("Open the portal to its users again. Delivery then goes on by itself within an hour."),
    ),
    "disk_quota": Remedy(
        _("The portal's disk space is used up, so its CRM takes no new records."),
        _("Free space on the portal's Drive, or buy more. Delivery then goes on by itself within an hour."),
    ),
    "certificate": Remedy(
        _("The certificate of the portal's server is not valid: it has expired, or it is for another name."),
        _CERTIFICATE,
    ),
    "certificate_authority": Remedy(
        _("The certificate of the portal's server was issued by an authority that Trace Relay does not know."),
        _(
            "Install a certificate of a public authority with all its intermediate ones on the server, or have the "
            "operator of Trace Relay name yours (B24_CA_FILE). Delivery then goes on by itself within an hour."
        ),
    ),
    "private_address": Remedy(
        _("The portal's name leads to an address of a private network, where Trace Relay does not go."),
        _(
            "Make the portal reachable by a public address, or have the operator of Trace Relay name it "
            "(B24_PRIVATE_HOSTS). Delivery then goes on by itself within an hour."
        ),
    ),
    "plain_http": Remedy(
        _("The portal is called by an unencrypted address (http), and Trace Relay sends no personal data over one."),
        _("Set up https on the portal's server, then open the application by its https address once."),
    ),
    "invalid_credentials": Remedy(
        _("The portal does not accept the permission by which Trace Relay works."),
        _OPEN_ONCE,
    ),
    "webhook_owner_gone": Remedy(
        _("The user who owns the webhook was dismissed or blocked on the portal."),
        _(
            "Make an incoming webhook of another user and have its address added to Trace Relay; "
            "delivery then goes on at once."
        ),
    ),
    "webhook_moved": Remedy(
        _("The portal has a new address, and a webhook's secret is not sent to an address that nobody confirmed."),
        _("Have the webhook added to Trace Relay again with the portal's new address; delivery then goes on at once."),
    ),
    "moved": Remedy(
        _("The portal answers from an address that the authorization server does not confirm."),
        _(
            "If the portal was renamed, open the application at its new address once. If it runs on your own server, "
            "let it answer at the address under which it is registered with Bitrix24. "
            "Delivery then goes on by itself within an hour, and at once if you open the application."
        ),
    ),
    "invalid_request": Remedy(
        _("The portal accepts encrypted connections only."),
        _("Open the application by the portal's https address once; delivery then goes on at once."),
    ),
    "confirmation_waiting": Remedy(
        _("The portal waits for an administrator to allow the application's request."),
        _("Confirm the request in the portal's notifications. What waits for it then goes on within an hour."),
    ),
    "method_missing": Remedy(
        _("The portal does not offer what this form needs: its version is too old, or its CRM is switched off."),
        _(
            "Switch the CRM on, or update the portal if it runs on your own server. "
            "What waits for it then goes on within an hour. Other forms are not affected."
        ),
    ),
    "key_missing": Remedy(
        _("The permission is stored with an encryption key that the service does not have any more."),
        _("Open the application as an administrator once; that gives it anew, and delivery goes on at once."),
    ),
    "forbidden": Remedy(
        _("The portal's address turns our requests away: the portal was deleted, or a firewall stands before it."),
        _(
            "Check the portal's list of allowed addresses, or its firewall if it runs on your own server. "
            "Delivery then goes on by itself within an hour."
        ),
    ),
}
# Where they differ for a portal that is connected by a webhook: there is no application to open or install.
_BY_WEBHOOK: dict[str, Remedy] = {
    "payment_required": Remedy(
        _("The portal's subscription has ended."),
        _("Renew it in Bitrix24. Nothing is lost: delivery then goes on by itself within an hour."),
    ),
    "plan": Remedy(
        _("The portal's plan includes no applications and webhooks, or the Bitrix24 Market subscription is missing."),
        _(
            "Change to a paid plan, or subscribe to Bitrix24 Market where the portal asks for it. "
            "Delivery then goes on by itself within an hour."
        ),
    ),
    "market_subscription": Remedy(
        _("The portal has no Bitrix24 Market subscription, without which applications and webhooks do not work."),
        _("Buy or renew the Bitrix24 Market subscription. Delivery then goes on by itself within an hour."),
    ),
    "no_rights": Remedy(
        _("The user who owns the webhook lacks rights in the CRM."),
        _(
            "Give this user the right to add and read records in the CRM's access permissions. "
            "Delivery then goes on by itself within an hour."
        ),
    ),
    "not_allowed": Remedy(
        _("The portal does not let the user who owns the webhook use it."),
        _(
            "Allow this user on the portal again; delivery then goes on by itself within an hour. Or make a webhook of "
            "another user and have its address added to Trace Relay."
        ),
    ),
    "insufficient_scope": Remedy(
        _("Trace Relay lacks the right to use the CRM on this portal."),
        _("Add the right “CRM” to the webhook on the portal. Delivery then goes on by itself within an hour."),
    ),
    "overload_limit": Remedy(
        _("Bitrix24 has blocked Trace Relay on this portal by hand."),
        _(
            "Write to Bitrix24 support; only they can lift the block. "
            "Delivery goes on by itself within an hour after they have."
        ),
    ),
    "portal_off": Remedy(
        _("At the portal's address there is no Bitrix24 at present: it is switched off, or it has moved."),
        _(
            "Open the portal in your browser. Once it opens, delivery goes on by itself within an hour; "
            "if it has a new address, have the webhook added to Trace Relay again."
        ),
    ),
    "plain_http": Remedy(
        _("The portal is called by an unencrypted address (http), and Trace Relay sends no personal data over one."),
        _("Set up https on the portal's server, then have the webhook's https address added to Trace Relay."),
    ),
    "invalid_credentials": Remedy(
        _("The webhook is no longer valid: it was deleted, changed or blocked, or its time has ended."), _NEW_WEBHOOK
    ),
    "key_missing": Remedy(
        _("The webhook is stored with an encryption key that the service does not have any more."),
        _("Have the webhook's address added to Trace Relay again; delivery then goes on at once."),
    ),
    "invalid_request": Remedy(
        _("The portal accepts encrypted connections only."),
        _("Have the webhook's https address added to Trace Relay; delivery then goes on at once."),
    ),
}
for _code in ("invalid_token", "not_installed", "no_administrator", "moved"):
    # A webhook does not meet these; whatever a portal answers, its page shall not speak of an application.
    _BY_WEBHOOK[_code] = _BY_WEBHOOK["invalid_credentials"]


def of(code: str, by_webhook: bool) -> Remedy | None:
    """The remedy for a reason, as the portal is connected; None for a code that is no reason of a hold."""
    return (_BY_WEBHOOK.get(code) if by_webhook else None) or REMEDIES.get(code)
