"""Chats and messengers: the visitor's message, never what the company's own people are called."""

from __future__ import annotations

from traces.intake.senders.sender import DELIVERY, GENERAL, NOISE, OWN_NAME, Sender

_WHATSAPP = "entry/changes/value"


def _telegram(kind: str) -> dict[str, str]:
    return {
        f"{kind}/from/first_name": "first_name",
        f"{kind}/from/last_name": "last_name",
        f"{kind}/from/username": "telegram",
        f"{kind}/contact/phone_number": "phone",
        f"{kind}/contact/first_name": "first_name",
        f"{kind}/contact/last_name": "last_name",
        f"{kind}/text": "message",
        f"{kind}/caption": "message",
        f"{kind}/data": "message",
        f"{kind}/web_app_data/data/**": GENERAL,
    }


_TAWK = ("name", "email", "phone", "city", "country")

MESSENGERS = (
    Sender(
        "intercom",
        "Intercom",
        shapes=(("topic", "data/item/email"), ("topic", "data/item/user")),
        places={
            **{f"data/item/{name}": name for name in ("name", "email", "phone")},
            "data/item/type": NOISE,
            "data/item/role": NOISE,
            "data/item/avatar/**": NOISE,
            "type": NOISE,
            "topic": NOISE,
        },
    ),
    Sender(
        "jivo",
        "Jivo",
        shapes=(("event_name", "visitor", "widget_id"), ("event_name", "widget_id")),
        places={
            "offline_message_id": DELIVERY,
            "visitor/name": "name",
            "visitor/phone": "phone",
            "visitor/email": "email",
            "visitor/description": "description",
            "visitor/**": NOISE,
            "message": "message",
            "plain_messages": "message",
            "page/url": "page_url",
            "page/title": OWN_NAME,
            "session/utm_json/**": GENERAL,
            "session/utm": GENERAL,
            "session/geoip/city": "city",
            "user_fields/**": GENERAL,
            "tags/title": "tags",
            "**": NOISE,
        },
        answer='{"result":"ok"}',
    ),
    Sender(
        "tawk",
        "tawk.to",
        headers=("x-tawk-",),
        shapes=(("event", "property/id", "property/name"),),
        places={
            **{f"{who}/{name}": GENERAL for who in ("visitor", "requester") for name in _TAWK},
            "ticket/subject": "subject",
            "ticket/message": "message",
            "message/text": "message",
            "**": NOISE,
        },
        delivery_headers=("x-hook-event-id",),
    ),
    Sender(
        "telegram",
        "Telegram",
        shapes=(("update_id",),),
        places={
            "update_id": DELIVERY,
            **_telegram("message"),
            **_telegram("business_message"),
            **_telegram("callback_query"),
            "**": NOISE,
        },
    ),
    Sender(
        "whatsapp",
        "WhatsApp",
        shapes=((f"{_WHATSAPP}/messaging_product",), (f"{_WHATSAPP}/contacts", f"{_WHATSAPP}/messages")),
        places={
            f"{_WHATSAPP}/messages/id": DELIVERY,
            f"{_WHATSAPP}/contacts/profile/name": "name",
            f"{_WHATSAPP}/contacts/wa_id": "phone",
            f"{_WHATSAPP}/messages/text/body": "message",
            f"{_WHATSAPP}/messages/button/text": "message",
            f"{_WHATSAPP}/messages/*/caption": "message",
            f"{_WHATSAPP}/messages/interactive/*/title": "message",
            f"{_WHATSAPP}/messages/interactive/nfm_reply/response_json/**": GENERAL,
            f"{_WHATSAPP}/messages/referral/source_url": "page_url",
            f"{_WHATSAPP}/messages/referral/headline": "headline",
            f"{_WHATSAPP}/messages/referral/ctwa_clid": "ctwa_clid",
            "**": NOISE,
        },
    ),
)
