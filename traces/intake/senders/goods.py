"""Goods: what a visitor has put into a cart, a line for each."""

from __future__ import annotations

from typing import Any

from traces.intake.senders.names import joined
from traces.intake.senders.noise import is_id, is_noise
from traces.intake.senders.posted import Notes, word_set
from traces.intake.senders.tree import as_text, leaf_text

LISTS = word_set(
    "products product lineitems goods cart cartitems basket orderlines orderitems items purchases positions tovary "
    "товары корзина"
)
_NAME = ("name", "title", "productname", "producttitle", "itemname", "product", "label")
_QUANTITY = ("quantity", "qty", "count", "kolvo")
_PRICE = ("price", "unitprice", "saleprice", "cost", "priceperitem")
_TOTAL = ("total", "amount", "sum", "subtotal", "linetotal", "fulltotalprice")
# What is shown of a shop's own goods, whose records have a hundred fields.
_BRIEF = word_set(
    "sku article articul vendorcode varianttitle variant variantname size color colour unit options option "
    "properties comment note metadata"
)


def is_goods(name: str, items: list[Any]) -> bool:
    """Whether a list is one of goods: by its name, or since each of its items has a price and a quantity."""
    if not items or not all(isinstance(item, dict) and _first(item, _NAME) for item in items):
        return False
    if joined(name) in LISTS:
        return True
    return all(_first(item, _QUANTITY) and (_first(item, _PRICE) or _first(item, _TOTAL)) for item in items)


def line(item: dict[str, Any], currency: str, *, brief: bool, notes: Notes) -> str:
    """One line for one of the goods: `Oak table × 1, 199 EUR`. `brief` leaves out what a shop adds for itself."""
    used: set[str] = set()
    name, quantity, price, total = (_first(item, keys, used) for keys in (_NAME, _QUANTITY, _PRICE, _TOTAL))
    money = f" {own}" if (own := _first(item, ("currency", "currencycode"), used) or currency) else ""
    text = f"{name} × {quantity}" if quantity else name
    if price:
        text += f", {price}{money}"
    if total and total != price:
        text += f" = {total}{money}"
    extras = [extra for key, value in item.items() if key not in used and (extra := _extra(key, value, brief, notes))]
    return f"{text} ({'; '.join(extras)})" if extras else text


def _extra(key: str, value: Any, brief: bool, notes: Notes) -> str:
    if is_id(key) or is_noise(key) or (brief and joined(key) not in _BRIEF):
        if value not in ("", None, [], {}):
            notes.drop(key)
        return ""
    text = "; ".join(filter(None, map(_option, value))) if isinstance(value, list) else as_text(value)
    return text and (text if isinstance(value, list) else f"{key}: {text}")


def _option(value: Any) -> str:
    """An option of an item, as `Colour: oak`."""
    if isinstance(value, dict) and len(value) > 1:
        used: set[str] = set()
        label = _first(value, ("option", "name", "displaykey", "key"), used)
        chosen = _first(value, ("variant", "displayvalue", "value"), used)
        told = (label.casefold(), chosen.casefold())
        left = {key: item for key, item in value.items() if key not in used and not is_id(key)}
        rest = as_text({key: item for key, item in left.items() if as_text(item).casefold() not in told})
        if label and chosen:
            return "" if label.startswith("_") else f"{label}: {chosen}" + (f", {rest}" if rest else "")
    return as_text(value)


def _first(item: dict[str, Any], keys: tuple[str, ...], used: set[str] | None = None) -> str:
    named = {joined(key): key for key in reversed(item)}
    for wanted in keys:
        key = named.get(wanted)
        if key is not None and not isinstance(item[key], (dict, list)) and (text := leaf_text(item[key])):
            if used is not None:
                used.add(key)
            return text
    return ""
