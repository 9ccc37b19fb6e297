"""Label and value in sibling keys, as most builders and advertising systems send a field.

They are paired before anything is recognised, so that a label's word never becomes a value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from traces.intake.senders.names import KNOWN, joined
from traces.intake.senders.posted import Notes, word_list, word_set
from traces.intake.senders.tree import leaf_text

# Keys of the label and of the value; the first shape that fits counts.
_SHAPES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("columnname", "columnid"), ("stringvalue", "value")),
    (("question", "questiontext", "questiontitle", "q"), ("answer", "answers", "answertext", "a", "value", "response")),
    (("label", "title", "fieldlabel", "caption", "fieldtitle"), ("value", "values", "answer", "answers", "fieldvalue")),
)
# Shapes of words that a field of a form could have as well: nothing else may stand beside them.
_STRICT: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("fieldname", "fieldkey", "field"), ("fieldvalue", "value", "values")),
    (("name", "key", "fieldid", "id", "slug", "text"), ("value", "values", "answer")),
)
_STRICT_LABELS = frozenset(("name", "key", "field", "id", "text"))
_IDS = (
    "columnid",
    "customkey",
    "key",
    "fieldcode",
    "code",
    "id",
    "ref",
    "slug",
    "name",
    "fieldid",
    "customid",
    "fieldname",
)
_TYPES = ("type", "fieldtype", "inputtype", "questiontype")
_METADATA = frozenset(
    (*_IDS, *_TYPES)
    + tuple(
        word_list(
            "required rawvalue section group order position index sort options choices enum enumid enumcode columnname "
            "placeholder visible valid versions source sourcetype sourceid sourcelabel timestamp valuetype selected "
            "displayname tab isprimary primary verified parent questionid optionids objecttypeid valueraw valuechoice "
            "dateunix amountraw unix description hint rawanswer"
        )
    )
)
_FILE_KEYS = word_set("id url name filename originalname mimetype contenttype type size key ext extension")
_ANSWERS = ("answer", "answers", "value", "values")
_LABELS = ("label", "text", "title")
_OF_QUESTION = frozenset((*_METADATA, *_LABELS, "answertype"))
_INNER_VALUES = ("value", "label", "text", "name", "title")


@dataclass(frozen=True, slots=True)
class Pair:
    """One field: what stands above it, its stable id and type where the sender has them, its value, what is left."""

    label: str
    value: Any
    id: str = ""
    kind: str = ""
    rest: tuple[tuple[str, Any], ...] = ()


def pair_of(
    node: dict[str, Any], own: str, notes: Notes, *, is_root: bool = False, are_listed: bool = False
) -> Pair | None:
    """The field that an object is, or None. `own` is the name that it stands under, "" in a list.

    At the root an object may be a whole form; where `are_listed`, all its neighbours have a value too.
    """
    if not 2 <= len(node) <= 30:
        return None
    node = _with_plain_label(node, notes)
    keys = {joined(key): key for key in reversed(node)}
    for shapes, strict in ((_SHAPES, is_root), (_STRICT, not are_listed and not _is_listed(node))):
        for labels, values in shapes:
            label, value = _one_of(keys, labels), _one_of(keys, values)
            if label is None or value is None or not _fits(node, keys, label, value, strict):
                continue
            return _pair(node, keys, label, value, own, notes)
    return None


def _with_plain_label(node: dict[str, Any], notes: Notes) -> dict[str, Any]:
    """A field whose question is an object (`{"question": {"text": …}, "answer": …}`), with its text in that place."""
    key = next((key for key, item in node.items() if joined(key) == "question" and isinstance(item, dict)), "")
    if not key or not _one_of({joined(name): name for name in node}, _ANSWERS):
        return node
    asked = node[key]
    labels = [item for name, item in asked.items() if joined(name) in _LABELS]
    label = (
        next(iter(labels[0].values()), "")
        if labels and isinstance(labels[0], dict)
        else "".join(map(leaf_text, labels[:1]))
    )
    if not isinstance(label, str) or not label or not all(joined(name) in _OF_QUESTION for name in asked):
        return node
    for name, item in asked.items():
        notes.drop(name)
        for inner in item if isinstance(item, dict) else ():
            notes.drop(inner)
    ids = {"slug": asked["slug"]} if isinstance(asked.get("slug"), str) else {}
    return {**ids, **node, key: label}


def sole_value(node: dict[str, Any], own: str, notes: Notes) -> tuple[Any] | None:
    """The value of an object with a value and what describes it (`{"value": …, "versions": […]}`), in a tuple."""
    keys = {joined(key): key for key in reversed(node)}
    names = ("value", "email", "number", "address") if own.lower().startswith(("email", "phone")) else ("value",)
    found = _one_of(keys, names)
    if found is None or isinstance(node[found], dict):
        return None
    if not all(name in _METADATA or node[key] in ("", None) for name, key in keys.items() if key != found):
        return None
    _drop(node, {found}, notes)
    return (node[found],)


def is_choice(value: dict[str, Any]) -> bool:
    """Whether an object is an option that was chosen: its label, and nothing but its own numbers beside it."""
    return all(
        joined(key) in (*_METADATA, *_INNER_VALUES) and not isinstance(value[key], (dict, list)) for key in value
    )


def _is_listed(node: dict[str, Any]) -> bool:
    """Whether an object says that it is one field of several: it has an id and a type."""
    names = {joined(key) for key in node}
    return not names.isdisjoint(_TYPES) and not names.isdisjoint(("id", "key", "ref", "fieldid"))


def _one_of(keys: dict[str, str], names: Iterable[str]) -> str | None:
    return next((keys[name] for name in names if name in keys), None)


def _fits(node: dict[str, Any], keys: dict[str, str], label: str, value: str, strict: bool) -> bool:
    if isinstance(node[label], (dict, list)) or not leaf_text(node[label]) or label == value:
        return False
    others = [name for name, key in keys.items() if key not in (label, value) and name not in _METADATA]
    if strict:
        return not others and _is_simple(node[value])
    if label in _STRICT_LABELS and not _is_simple(node[value]):
        return False
    return not any(name in KNOWN for name in others)  # else it is a form with a field called `title`


def _is_simple(value: Any) -> bool:
    """Whether a value is what one field can have, and no part of the tree."""
    if isinstance(value, list):
        return all(not isinstance(item, list) and _is_simple(item) for item in value[:50])
    if isinstance(value, dict):
        return len(value) <= 8 and not any(isinstance(item, (dict, list)) for item in value.values())
    return True


def _pair(node: dict[str, Any], keys: dict[str, str], label: str, value: str, own: str, notes: Notes) -> Pair:
    kind = _one_of(keys, _TYPES)
    id_keys = (key for name in _IDS if (key := keys.get(name, label)) not in (label, value))
    ids = (leaf_text(node[key]) for key in id_keys if not isinstance(node[key], (dict, list)))
    used = {label, value}
    rest = tuple((key, item) for key, item in node.items() if key not in used and joined(key) not in _METADATA)
    _drop(node, used | {key for key, _ in rest}, notes)
    notes.drop(label)
    return Pair(
        label=leaf_text(node[label]),
        value=_chosen(value, node, keys, notes),
        id=next(filter(None, ids), own),
        kind=joined(leaf_text(node[kind])) if kind and kind not in used else "",
        rest=rest,
    )


def _drop(node: dict[str, Any], kept: set[str], notes: Notes) -> None:
    for key, item in node.items():
        if key not in kept and item not in ("", None, [], {}):
            notes.drop(key)


def _chosen(name: str, node: dict[str, Any], keys: dict[str, str], notes: Notes) -> Any:
    """A value with the texts of the options that were chosen in the place of their ids."""
    options = node.get(keys.get("options", keys.get("choices", "")))
    texts: dict[str, str] = {}
    for option in options if isinstance(options, list) else ():
        if isinstance(option, dict) and (text := inner_text(option)):
            texts[leaf_text(option.get("id"))] = text
    value = node[name]
    if not texts:
        return value
    notes.drop(name)
    if isinstance(value, list):
        return [texts.get(item, item) if isinstance(item, str) else item for item in value]
    return texts.get(value, value) if isinstance(value, str) else value


def has_value(node: dict[str, Any]) -> bool:
    """Whether an object has a value under that name, as each field of a list has."""
    return any(key.lower() in ("value", "values") for key in node)


def file_texts(value: dict[str, Any], notes: Notes) -> list[str]:
    """The name and the address of an uploaded file; empty if an object is none."""
    keys = {joined(key): key for key in value}
    address, name = keys.get("url"), _one_of(keys, ("name", "filename", "originalname"))
    if address is None or name is None or not _FILE_KEYS.issuperset(keys):
        return []
    _drop(value, {address, name}, notes)
    return [text for key in (name, address) if (text := leaf_text(value[key]))]


def inner_text(value: dict[str, Any]) -> str:
    """What an object in the place of a value shows to people: its label or text; "" if it has none."""
    for key in _INNER_VALUES:
        item = value.get(key)
        if item is not None and not isinstance(item, (dict, list)) and (text := leaf_text(item)):
            return text
    return ""
