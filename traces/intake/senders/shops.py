"""Shops: orders, customers and checkouts."""

from __future__ import annotations

from traces.intake.senders.builders import ATTRIBUTION
from traces.intake.senders.sender import GENERAL, NOISE, OWN_NAME, Sender

_ADDRESS = (
    "first_name",
    "last_name",
    "name",
    "company",
    "phone",
    "address1",
    "address2",
    "city",
    "zip",
    "province",
    "country",
)


def _shopify() -> dict[str, str]:
    people = ("customer", "billing_address", "shipping_address", "addresses")
    places = {f"{person}/{name}": GENERAL for person in people for name in (*_ADDRESS, "email")}
    return {**places, **{f"customer/default_address/{name}": GENERAL for name in ("company", "phone")}}


SHOPS = (
    Sender(
        "shopify",
        "Shopify",
        headers=("x-shopify-",),
        shapes=(("admin_graphql_api_id",), ("line_items", "total_price", "landing_site")),
        places={
            "name": "order",
            "note": "message",
            "customer/note": "message",
            "note_attributes/**": GENERAL,
            "landing_site": "page_url",
            "referring_site": "referrer",
            "total_price": "total",
            "shipping_lines/title": "delivery",
            "discount_codes/code": "promocode",
            "gateway": OWN_NAME,
            "payment_gateway_names": OWN_NAME,
            "tags": OWN_NAME,
            **dict.fromkeys(("email", "contact_email", "phone", "first_name", "last_name"), GENERAL),
            **_shopify(),
            "**": NOISE,
        },
        delivery_headers=("x-shopify-webhook-id", "x-shopify-event-id"),
    ),
    Sender(
        "woocommerce",
        "WooCommerce",
        headers=("x-wc-webhook-",),
        shapes=(("billing/first_name", "line_items"), ("billing/email", "line_items"), ("billing/phone", "line_items")),
        places={
            "number": "order",
            "customer_note": "message",
            "total": "total",
            "payment_method_title": "payment",
            "shipping_lines/method_title": "delivery",
            "coupon_lines/code": "promocode",
            **{f"meta_data/_wc_order_attribution_{name}": place for name, place in ATTRIBUTION.items()},
            "meta_data/_*": NOISE,
            "meta_data/**": OWN_NAME,
            "billing/**": GENERAL,
            "shipping/**": GENERAL,
            **dict.fromkeys(("email", "first_name", "last_name"), GENERAL),
            "**": NOISE,
        },
        delivery_headers=("x-wc-webhook-delivery-id",),
        probes=({"webhook_id": "*"},),
    ),
    Sender(
        "woocommerce_checkout",
        "WooCommerce checkout",
        shapes=(("billing_first_name", "billing_phone"), ("billing_first_name", "billing_email")),
        places={
            **{f"wc_order_attribution_{name}": place for name, place in ATTRIBUTION.items()},
            "order_comments": "message",
            "woocommerce-process-checkout-nonce": NOISE,
            "woocommerce_*": NOISE,
            "ship_to_different_address": NOISE,
            "terms-field": NOISE,
        },
    ),
)
