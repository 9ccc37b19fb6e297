"""Puts each value of a submission in its place: into the flat body, into what is known besides it, or aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from traces.compose.addresses import UTM
from traces.intake.reading.tree import File, embedded_size
from traces.intake.senders import values
from traces.intake.senders.asides import aside_of
from traces.intake.senders.leaves import GOODS, MORE, Leaf
from traces.intake.senders.names import is_of_another, is_opaque, joined, meaning, own_name, readable
from traces.intake.senders.noise import is_noise
from traces.intake.senders.posted import Notes, word_set
from traces.intake.senders.sender import (
    BY_VALUE,
    COOKIES,
    DELIVERY,
    FORM_ID,
    FORM_NAME,
    GENERAL,
    NOISE,
    OWN_NAME,
    PROBE,
    SECRET,
    Sender,
    path_text,
    place_of,
)
from traces.intake.senders.tracking import (
    HINT,
    REFERER_HEADER,
    WEBHOOK,
    Tracking,
    is_address,
    is_marks_name,
    is_query,
    is_referrer,
    page_rank,
    tag_of,
)

MAX_KEYS = 1000
MAX_RANK = 1000  # of a page that the visitor's own body does not name
MAX_REFERER_LENGTH = 2048
TRUE = word_set("true 1 yes y test")
PROBE_NAMES = word_set("test ping istest event type eventtype action status message text hello challenge topic")


class Placing:
    """One submission while its values are put in their places."""

    def __init__(self, sender: Sender | None, notes: Notes) -> None:
        self.sender = sender
        self.notes = notes
        self.body: dict[str, Any] = {}
        self.more: list[str] = []  # what came after `MAX_KEYS`
        self.tracking = Tracking()
        self.tag_names: dict[str, str] = {}  # the name that each UTM field came under
        self.pages: list[tuple[str, str]] = []  # the key and address of each page
        self.deliveries: list[tuple[int, str, str]] = []  # how sure, the name and the id
        self.form_id = self.form_name = ""
        self.is_probe = self.has_plain_name = False

    # --- One value --------------------------------------------------------------------------------

    def place(self, leaf: Leaf) -> None:
        if leaf.own is not None:
            if self.body.setdefault(leaf.path[-1], leaf.own) != leaf.own:
                self.notes.drop(leaf.path[-1])
            return
        if (size := embedded_size(leaf.text)) is not None:
            self.notes.note("file_left_out")
            self.notes.drop(leaf.path[-1] if leaf.path else "")
            leaf = Leaf(leaf.path, str(File("", "", size)), leaf.id, leaf.kind, leaf.is_pair)
        if leaf.kind == GOODS:
            self.put(GOODS, leaf.text)
            return
        own = leaf.path[-1] if leaf.path else ""
        place = place_of(self.sender, path_text(leaf.path))
        if place in (NOISE, SECRET, COOKIES, DELIVERY, FORM_ID, FORM_NAME, PROBE):
            self.set_aside(leaf, own, place)
        elif place == BY_VALUE:
            self.put_by_value(leaf)
        elif place == "page_url":
            self.add_page(leaf, 0, readable(leaf.path or ("",)))
        elif place in UTM:
            self.tag(place, leaf, own)
        elif place == OWN_NAME:
            self.put(readable(leaf.path), leaf.text)
        elif place and place != GENERAL:
            self.put_for(place, leaf)
        elif not self.is_own_page(leaf, own) and not self.is_aside(leaf, own) and not self.is_tracking(leaf):
            self.put_by_name(leaf)

    def set_aside(self, leaf: Leaf, own: str, place: str) -> None:
        self.notes.drop(own)
        if place == COOKIES:
            is_whole = joined(own) not in ("tildautm", "sbjscurrent", "utmz")
            self.tracking.cookies(leaf.text if is_whole else f"{own}={leaf.text}")
        elif place == DELIVERY:
            self.deliveries.append((self.rank(leaf), own, leaf.text))
        elif place == FORM_ID:
            self.form_id = self.form_id or leaf.text
        elif place == FORM_NAME:
            self.form_name = self.form_name or leaf.text
        elif place == NOISE and is_query(leaf.text) and not is_address(leaf.text):
            self.tracking.address("?" + leaf.text.lstrip("?&#"))
        elif place == NOISE and own == "_wp_http_referer":
            self.tracking.hints.append(leaf.text)
        elif place == PROBE:
            self.is_probe = self.is_probe or leaf.text.lower() in TRUE

    def rank(self, leaf: Leaf) -> int:
        """Where a leaf's path stands in the sender's table: of several ids the first one of the table counts."""
        places = list(self.sender.places) if self.sender else []
        path = path_text(leaf.path)
        return places.index(path) if path in places else len(places)

    def is_own_page(self, leaf: Leaf, own: str) -> bool:
        """Whether a value is the page, told among what a builder adds for itself; it is taken."""
        is_private = any(part.startswith("_") for part in leaf.path)
        rank = page_rank(leaf.path) if is_private and is_address(leaf.text) else -1
        if rank >= 0:
            self.notes.drop(own)
            self.tracking.pages.append((rank, leaf.text))
        return rank >= 0

    def is_aside(self, leaf: Leaf, own: str) -> bool:
        """Whether a value is one of the form's, the browser's or the sender's own; it is put aside where it is."""
        if place := aside_of(leaf, own):
            self.set_aside(leaf, own, place)
        return bool(place)

    def is_tracking(self, leaf: Leaf) -> bool:
        """Whether a value says where the visitor came from; if so, it is read."""
        paths = [path for path in ((leaf.id,) if leaf.id else (), leaf.path) if path]
        for path in paths:
            if tag := tag_of(path):
                self.tag(tag, leaf, path[-1])
                return True
        if leaf.text[:13].lower().startswith(("http%3a%2f", "https%3a%2f")):
            leaf = replace(leaf, text=unquote(leaf.text))
        if paths and is_marks_name(paths[-1]) and "utm_" not in leaf.text and self.tracking.marks(leaf.text):
            return False
        if is_query(leaf.text) and not is_address(leaf.text):
            self.tracking.address("?" + leaf.text.lstrip("?&#"))
        if not is_address(leaf.text):
            return False
        if "utm_" in leaf.text:
            self.tracking.hints.append(leaf.text)
        for path in paths:
            if is_referrer(path):
                self.put("referrer", leaf.text)
                return True
            if (rank := page_rank(path)) >= 0:
                self.add_page(leaf, rank, readable(leaf.path))
                return True
        return False

    def tag(self, tag: str, leaf: Leaf, name: str) -> None:
        """Read a UTM field or click id; the last one counts."""
        before = self.tracking.explicit(tag)
        if not self.tracking.tag(tag, leaf.text):
            self.notes.drop(name)
            return
        if before not in ("", leaf.text):
            self.notes.drop(self.tag_names[tag])
        self.tag_names[tag] = name

    def add_page(self, leaf: Leaf, rank: int, key: str) -> None:
        self.tracking.pages.append((rank, leaf.text))
        self.pages.append((key, leaf.text))

    def put_by_name(self, leaf: Leaf) -> None:
        key = meaning((leaf.id,)) if leaf.id else ""
        if not key and leaf.kind:
            key = _of_type(leaf.kind, leaf.text)
        if not key and leaf.path:
            key = meaning((leaf.path[-1],) if leaf.is_pair else leaf.path)
        if key == "email" and not values.is_email(leaf.text):
            key = ""
        if key:
            self.put_for(key, leaf)
        elif leaf.path and is_opaque(own_name(leaf.path[-1])):
            self.put_by_value(leaf)
        else:
            self.put(self.readable(leaf), leaf.text)

    def put_for(self, key: str, leaf: Leaf) -> None:
        """Put a visitor's value; one of a second person only where the visitor's own is not known."""
        known = self.body.get(key, leaf.text)
        is_second = is_of_another(leaf.path) and leaf.text != known and leaf.text not in known
        self.put(self.readable(leaf) if is_second else key, leaf.text)
        if key == "name" and leaf.path and joined(leaf.path[-1]) == "name" and not self.has_plain_name:
            self.has_plain_name = True
            if isinstance(names := self.body.get(key), list):
                names.sort(key=leaf.text.__ne__)  # what came before, as `leadName`, may be what the lead is called

    def put_by_value(self, leaf: Leaf) -> None:
        key = values.kind_of(leaf.text)
        if key == "name" and not {"name", "first_name"}.isdisjoint(self.body):
            key = ""
        self.put(key or self.readable(leaf), leaf.text)

    def readable(self, leaf: Leaf) -> str:
        if not leaf.path:
            return "text"
        if leaf.is_pair:
            return readable((leaf.path[-1],))
        return readable(leaf.path)

    def put(self, key: str, text: str) -> None:
        """Put a text under a key; two under one key become a list, and one that came twice stays one."""
        if not text:
            return
        old = self.body.get(key)
        if old is None and len(self.body) >= MAX_KEYS:
            self.notes.note("values_joined")
            self.more.append(f"{key}: {text}")
        elif old is None:
            self.body[key] = text
        elif isinstance(old, list):
            if text not in old:
                old.append(text)
        elif old != text:
            self.body[key] = [old, text]

    def is_empty(self) -> bool:
        """Whether there is nothing to make a record or a trace from."""
        return not self.body and not self.tracking.tags and not self.tracking.pages

    # --- All of them ------------------------------------------------------------------------------

    def take_query(self, query: Mapping[str, str]) -> bool:
        """Use the parameters of the webhook's address as fields, for want of others; whether there are any."""
        for name, text in query.items():
            if not is_noise(name) and not tag_of((name,)) and joined(name) not in (*PROBE_NAMES, "confirmation"):
                self.place(Leaf((name,), text))
        return bool(self.body)

    def add_addresses(self, query: Mapping[str, str], referer: str) -> None:
        """Read from the webhook's own address and the Referer header what the body does not say."""
        page = self.tracking.page()
        for _, address in sorted(self.tracking.pages, key=lambda found: found[0]):
            self.tracking.address(address)
        for address in self.tracking.hints:  # such as a hidden field whose name says nothing
            self.tracking.address(address, HINT)
        for name, text in query.items():
            if tag := tag_of((name,)):
                self.tracking.tag(tag, text, WEBHOOK)
            elif page_rank((name,)) >= 0 and is_address(text):
                self.tracking.pages.append((MAX_RANK, text))
                self.tracking.address(text, WEBHOOK)
            elif self.body and name not in self.body and not is_noise(name) and joined(name) != "confirmation":
                self.put(meaning((name,)) or name, text)
        if is_address(referer) and not page:
            self.tracking.address(referer, REFERER_HEADER)
            self.tracking.pages.append((MAX_RANK, referer[:MAX_REFERER_LENGTH]))

    def finished(self) -> dict[str, Any]:
        """The flat body."""
        page = self.tracking.page()
        for key, address in self.pages:
            if address != page:
                self.put(key if key != "page_url" else "page", address)
        self._merge_name()
        if self.more:
            old = self.body.get(MORE, [])
            self.body[MORE] = "\n".join([*self.more, *(old if isinstance(old, list) else [old])])
        if page:
            if other := self.body.pop("page_url", ""):  # a label, with something else than an address
                self.put("page", other)
            self.body["page_url"] = page
        self.body.update(self.tracking.result())
        return self.body

    def _merge_name(self) -> None:
        """A whole name that only repeats the first and last name is left out."""
        first, last = self.body.get("first_name"), self.body.get("last_name")
        if (
            isinstance(first, str)
            and isinstance(last, str)
            and self.body.get("name") in (f"{first} {last}", f"{last} {first}")
        ):
            del self.body["name"]
            self.notes.drop("name")


def _of_type(kind: str, text: str) -> str:
    """`email` or `phone` where a sender calls a field's type so and the value can be one."""
    if "email" in kind and values.is_email(text):
        return "email"
    if any(word in kind for word in ("phone", "tel", "mobile")) and sum(map(str.isdigit, text)) >= 5:
        return "phone"
    return ""
