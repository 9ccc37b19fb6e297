"""The values of a submission's tree, one by one, each with what its position says about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from traces.intake.senders import goods
from traces.intake.senders.names import ENVELOPES, KNOWN, joined
from traces.intake.senders.noise import is_noise
from traces.intake.senders.pairs import Pair, file_texts, has_value, inner_text, is_choice, pair_of, sole_value
from traces.intake.senders.posted import Notes, word_set
from traces.intake.senders.tree import MAX_LEAVES, OWN, as_text, leaf_text
from traces.intake.senders.values import kind_of

GOODS, MORE = "goods", "more"
# What a form is called stands beside its fields, in `name` as a person's name does.
_CONTAINERS = word_set("data fields answers responses submission submissions formdata questions")
_FORMS = word_set("form formdata")
_FIELDS = word_set("fields answers questions submissions")
MAX_LOOKED_AT = 300
FORM_NAME_KIND = "(name of the form)"
_COUNTRY = ("countrycode", "dialcode", "country", "prefix", "code", "countryiso")
_AREA = ("area", "areacode")
_NUMBER = ("number", "full", "phone", "phonenumber", "nationalnumber", "national", "internationalnumber", "e164")
MAX_PHONE_PARTS = 6
MAX_WRAPPINGS, MAX_BESIDE = 3, 4  # of a list of records, and what may stand beside it
_PHONE_KEYS = frozenset((*_COUNTRY, *_AREA, *_NUMBER, "extension", "ext", "type", "valuetype", "formatted"))


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value: the names that it stands under from the outside in, numbers of lists left out.

    Of a pair `path` ends in the label; `id` and `kind` are what the sender calls the field and its type.
    """

    path: tuple[str, ...]
    text: str
    id: str = ""
    kind: str = ""
    is_pair: bool = False
    own: Any = None  # the product's own value (`TRACE`), as it came

    def names(self) -> tuple[str, ...]:
        """The names that its sender may use for it: `form_fields[email]`, `form_fields.email`, `email`."""
        first, *others = self.path or ("",)
        whole = first + "".join(f"[{part}]" for part in others)
        ids = (self.id, f"{first}[{self.id}]") if self.id else ()
        return tuple(filter(None, dict.fromkeys((whole, ".".join(self.path), *self.path[-1:], *ids))))


def leaves_of(tree: Any, notes: Notes, *, brief_goods: bool = False) -> list[Leaf]:
    """The values of a tree in their order. `brief_goods`: a shop's record, of whose goods only the gist is kept."""
    walk = _Walk(notes, brief_goods)
    walk.visit(tree, (), "")
    if walk.beyond:
        notes.note("values_joined")
        walk.found.append(Leaf((MORE,), "\n".join(walk.beyond)))
    return walk.found


def are_records(tree: Any) -> bool:
    """Whether a tree is, or wraps, a list of several people's records."""
    for _ in range(MAX_WRAPPINGS):
        if not isinstance(tree, dict) or len(tree) > MAX_BESIDE:
            break
        lists: list[Any] = [item for item in tree.values() if isinstance(item, list) and len(item) > 1]
        inner = lists or [item for item in tree.values() if isinstance(item, dict)]
        if len(inner) != 1:
            break
        tree = inner[0]
    return isinstance(tree, list) and sum(map(_is_record, tree[:MAX_LOOKED_AT])) > 1


def _is_record(item: Any) -> bool:
    """Whether an item of a list is a person by itself, and no field, address or goods."""
    if not isinstance(item, dict) or has_value(item) or pair_of(item, "", Notes()):
        return False
    own = {KNOWN.get(joined(key), "") for key in item}
    return bool(own & {"name", "first_name"}) and bool(own & {"phone", "email"}) and _has_contact(item)


class _Walk:
    def __init__(self, notes: Notes, brief_goods: bool) -> None:
        self.notes = notes
        self.brief_goods = brief_goods
        self.found: list[Leaf] = []
        self.beyond: list[str] = []  # what came after `MAX_LEAVES`, by its name alone

    def visit(self, node: Any, path: tuple[str, ...], currency: str, own: str = "") -> None:
        """Find the values below; `own` is the name that a node stands under, "" in a list, whose name is no field's."""
        if isinstance(node, dict):
            self.visit_object(node, path, currency, own)
        elif isinstance(node, list):
            self.visit_list(node, path, currency)
        else:
            self.leaf(path, leaf_text(node))

    def leaf(self, path: tuple[str, ...], text: str, pair: Pair | None = None) -> None:
        if text and len(self.found) < MAX_LEAVES:
            known = (pair.id, pair.kind, True) if pair else ("", "", False)
            self.found.append(Leaf(path, text, *known))
        elif text:
            own = path[-1] if path else ""
            if is_noise(own):
                self.notes.drop(own)
            else:
                self.beyond.append(f"{own}: {text}")

    def goods(self, line: str) -> None:
        if line:
            self.found.append(Leaf((GOODS,), line, kind=GOODS))

    def visit_list(self, items: list[Any], path: tuple[str, ...], currency: str) -> None:
        name = path[-1] if path else ""
        if path and _is_cart(name, items):
            for item in items:
                line = goods.line(item, currency, brief=self.brief_goods, notes=self.notes)
                self.goods(line)
            return
        if joined(name) in goods.LISTS and all(isinstance(item, str) for item in items):
            for item in items:
                self.goods(leaf_text(item))
            return
        is_list = name.lower() in ENVELOPES or len(items) > 1
        are_fields = is_list and all(isinstance(item, dict) and has_value(item) for item in items)
        for item in items:
            if are_fields and (pair := pair_of(item, "", self.notes, are_listed=True)):
                self.visit_pair(pair, path, currency)
            else:
                self.visit(item, path, currency)

    def visit_object(self, node: dict[str, Any], path: tuple[str, ...], currency: str, own: str) -> None:
        name = path[-1] if path else ""
        if pair := pair_of(node, "" if own.isdigit() else own, self.notes, is_root=not path):
            self.visit_pair(pair, path, currency)
        elif kind := _known_type(node):
            self.visit({kind: node[_key(node, "value")]}, path, currency)
            self.notes.drop(_key(node, "type"))
        elif path and (only := sole_value(node, name, self.notes)):
            self.visit(only[0], path, currency)
        elif date := _date(node):
            self.leaf(path, date)
            for key in node:
                self.notes.drop(key)
        elif phone := _phone_parts(node, name):
            for part, text in phone:
                self.leaf((*path, part) if part else path, text)
        elif joined(name).rstrip("s") == "product" and goods.is_goods("products", [node]):
            line = goods.line(node, currency, brief=self.brief_goods, notes=self.notes)
            self.goods(line)
        else:
            self.visit_children(node, path, leaf_text(_scalar(node, "currency")) or currency)

    def visit_children(self, node: dict[str, Any], path: tuple[str, ...], currency: str) -> None:
        titled = _title_key(node)
        if (
            len(path)
            and joined(path[-1]) in _FORMS
            and not KNOWN.keys().isdisjoint(map(joined, node))
            and _has_contact(node)
        ):
            path = path[:-1]  # the form's fields, not what it is called
        for key, item in node.items():
            if key in OWN:
                if item not in ("", None):
                    self.found.append(Leaf((*path, key), "", own=item))
            elif titled and key == titled:
                self.found.append(Leaf((*path, key), leaf_text(item), kind=FORM_NAME_KIND))
            else:
                self.visit(item, (*path, key) if key else path, currency, key)

    def visit_pair(self, pair: Pair, path: tuple[str, ...], currency: str) -> None:
        above = path[:-1] if pair.id and path and path[-1] == pair.id else path
        place = (*above, pair.label)
        for value in pair.value if isinstance(pair.value, list) else [pair.value]:
            if isinstance(value, dict):
                self.visit_inner(value, place, pair, currency)
            elif isinstance(value, list):
                self.leaf(place, as_text(value), pair)
            else:
                self.leaf(place, leaf_text(value), pair)
        for key, item in pair.rest:
            self.visit(item, (*place, key), currency)

    def visit_inner(self, value: dict[str, Any], place: tuple[str, ...], pair: Pair, currency: str) -> None:
        """An object as a field's value: one that was chosen shows its label, a name or an address has parts."""
        if texts := file_texts(value, self.notes):
            for text in texts:
                self.leaf(place, text, pair)
        elif (text := inner_text(value)) and is_choice(value):
            self.leaf(place, text, pair)
            for key in value:
                self.notes.drop(key)
        else:
            self.visit(value, place, currency)


def _key(node: dict[str, Any], name: str) -> str:
    return next((key for key in node if joined(key) == name), "")


def _known_type(node: dict[str, Any]) -> str:
    """The type of a value where it says whose it is, as in `{"type": "phone", "value": …}`, else ""."""
    if len(node) != 2 or {joined(key) for key in node} != {"type", "value"}:
        return ""
    kind = leaf_text(_scalar(node, _key(node, "type")))
    return kind if joined(kind) in KNOWN and joined(kind) not in ("mobile", "home") else ""


def _date(node: dict[str, Any]) -> str:
    """The date that an object of day, month and year is, as `2026-12-31`, else ""."""
    parts = {joined(key): leaf_text(item) for key, item in node.items() if not isinstance(item, (dict, list))}
    if len(node) != 3 or set(parts) != {"day", "month", "year"}:
        return ""
    is_date = all(map(str.isdecimal, parts.values())) and len(parts["year"]) == 4
    return f"{parts['year']}-{parts['month']:0>2}-{parts['day']:0>2}" if is_date else ""


def _is_cart(name: str, items: list[Any]) -> bool:
    return goods.is_goods(name, items) and not all(pair_of(item, "", Notes(), is_root=False) for item in items)


def _scalar(node: dict[str, Any], name: str) -> Any:
    value = node.get(name)
    return None if isinstance(value, (dict, list)) else value


def _title_key(node: dict[str, Any]) -> str:
    """The key of what the form is called, or "": its fields stand beside it, and nothing of a person."""
    others = [joined(key) for key, item in node.items() if key != "name" and not isinstance(item, (dict, list))]
    if any(other in KNOWN for other in others):
        return ""
    containers = {joined(key): item for key, item in node.items() if isinstance(item, (dict, list))}
    for key, names in (("name", _CONTAINERS), ("title", _FIELDS)):
        if leaf_text(_scalar(node, key)) and any(_has_contact(containers[name]) for name in names & containers.keys()):
            return key
    return ""


def _has_contact(node: Any) -> bool:
    """Whether an e-mail address or a phone number is among the first values below."""
    queue = [node]
    for item in queue:
        if len(queue) > MAX_LOOKED_AT:
            break
        if isinstance(item, (dict, list)):
            queue.extend(item.values() if isinstance(item, dict) else item)
        elif kind_of(leaf_text(item)) in ("email", "phone"):
            return True
    return False


def _phone_parts(node: dict[str, Any], name: str) -> list[tuple[str, str]]:
    """The parts of a phone number in an object of its own: ("", the number), and a country's code by its name."""
    if len(node) > MAX_PHONE_PARTS or any(isinstance(item, (dict, list)) for item in node.values()):
        return []
    texts = {joined(key): (key, leaf_text(item)) for key, item in node.items()}
    if not _PHONE_KEYS.issuperset(texts):
        return []
    is_named = joined(name).rstrip("s").endswith(("phone", "phonenumber", "tel", "mobile"))
    numbers = [text for key in _NUMBER if (text := texts.get(key, ("", ""))[1])]
    if not numbers or not is_named:
        return []
    area = next((text for key in _AREA if (text := texts.get(key, ("", ""))[1])), "")
    first = f"({area}) {numbers[0]}" if area and area not in numbers[0] else numbers[0]
    used = {area, numbers[0]}
    rest = [(key, text) for key, text in texts.values() if text and text not in used]
    return [("", first), *rest]
