"""Forms as a service: Typeform, Tally, Jotform and the like."""

from __future__ import annotations

from typing import Any

from traces.intake.senders.posted import Notes, word_list
from traces.intake.senders.sender import DELIVERY, FORM_ID, FORM_NAME, GENERAL, NOISE, OWN_NAME, SECRET, Sender
from traces.intake.senders.tree import leaf_text


def _typeform(tree: dict[str, Any], notes: Notes) -> dict[str, Any]:
    """Each answer behind its question, which stands in the form's definition."""
    response = tree.get("form_response")
    if not isinstance(response, dict):
        return tree
    definition = response.get("definition")
    asked = definition.get("fields") if isinstance(definition, dict) else None
    titles = {
        leaf_text(field.get("id")): leaf_text(field.get("title"))
        for field in (asked if isinstance(asked, list) else ())
        if isinstance(field, dict)
    }
    answers = response.get("answers")
    told: dict[str, Any] = {}
    for name, value in response.items():
        if name == "definition" and isinstance(definition, dict):
            notes.drop("definition")
            told["form_name"] = definition.get("title")
        elif name == "answers" and isinstance(answers, list):
            told[name] = [_answer(answer, titles, notes) for answer in answers]
        elif name == "variables" and isinstance(value, list):
            told[name] = [_variable(variable) for variable in value]
        else:
            told[name] = value
    return {**tree, "form_response": told}


def _variable(variable: Any) -> Any:
    """A variable of a Typeform as label and value."""
    if not isinstance(variable, dict):
        return variable
    return {"label": variable.get("key"), "value": variable.get(leaf_text(variable.get("type")))}


def _answer(answer: Any, titles: dict[str, str], notes: Notes) -> Any:
    """A Typeform answer as label and value; the value stands under the name of its type."""
    if not isinstance(answer, dict) or not isinstance(kind := answer.get("type"), str):
        return answer
    field = answer.get("field")
    field = field if isinstance(field, dict) else {}
    value = answer.get(kind)
    if isinstance(value, dict):
        value = {key: item for key, item in value.items() if key not in ("id", "ids", "ref", "refs")}
        value = [text for item in value.values() for text in (item if isinstance(item, list) else [item])]
    label = titles.get(leaf_text(field.get("id"))) or leaf_text(field.get("ref")) or kind
    for name in ("field", "type", "ref", "ids"):
        notes.drop(name)
    left = {key: item for key, item in answer.items() if key not in (kind, "type", "field")}
    return {**left, "label": label, "ref": field.get("ref"), "type": field.get("type") or kind, "value": value}


def _wufoo(tree: dict[str, Any], notes: Notes) -> dict[str, Any]:
    """Wufoo's `Field1` under the title that `FieldStructure` gives it."""
    structure = tree.get("FieldStructure")
    asked = structure.get("Fields") if isinstance(structure, dict) else None
    titles: dict[str, tuple[str, str]] = {}
    for field in asked if isinstance(asked, list) else ():
        if not isinstance(field, dict):
            continue
        title, kind = leaf_text(field.get("Title")), leaf_text(field.get("Type"))
        titles[leaf_text(field.get("ID"))] = (title, kind)
        parts = field.get("SubFields")
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict):
                titles[leaf_text(part.get("ID"))] = (f"{title} {leaf_text(part.get('Label'))}", kind)
    if not titles:
        return tree
    notes.drop("FieldStructure")
    told: list[dict[str, Any]] = []
    rest: dict[str, Any] = {}
    for name, value in tree.items():
        if name in titles and titles[name][0]:
            title, kind = titles[name]
            told.append({"label": title, "type": kind, "value": value})
        elif name != "FieldStructure":
            rest[name] = value
    return {**rest, "fields": told}


def _formstack(tree: dict[str, Any], notes: Notes) -> dict[str, Any]:
    """The parts of a Formstack name or address, which come as `first = Ian`, a line each."""
    told: dict[str, Any] = {}
    for name, value in tree.items():
        lines = [line.partition(" = ") for line in value.splitlines()] if isinstance(value, str) else []
        if len(lines) > 1 and all(equals and part.isidentifier() for part, equals, _ in lines):
            told[name] = {part: text for part, _, text in lines}
        else:
            told[name] = value
    return told


def _tally(tree: dict[str, Any], notes: Notes) -> dict[str, Any]:
    """Tally tells of each box once more by itself, and names the rows and columns of a matrix by ids."""
    data = tree.get("data")
    fields = data.get("fields") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(fields, list):
        return tree
    told: list[Any] = []
    keys = {leaf_text(field.get("key")) for field in fields if isinstance(field, dict)}
    for field in fields:
        if isinstance(field, dict) and leaf_text(field.get("value")) in ("true", "false") and _is_box(field, keys):
            notes.drop("value")
            notes.drop("label")
        else:
            told.append(_matrix(field, notes) if isinstance(field, dict) else field)
    return {**tree, "data": {**data, "fields": told}}


def _is_box(field: dict[str, Any], keys: set[str]) -> bool:
    return field.get("type") == "CHECKBOXES" and leaf_text(field.get("key")).rpartition("_")[0] in keys


def _matrix(field: dict[str, Any], notes: Notes) -> dict[str, Any]:
    """The rows of a matrix and what was chosen in them, by what people read."""
    value, texts = field.get("value"), {}
    for item in [*_objects(field.get("rows")), *_objects(field.get("columns"))]:
        texts[leaf_text(item.get("id"))] = leaf_text(item.get("text"))
    if not texts or not isinstance(value, dict):
        return field
    for name in ("rows", "columns", "value"):
        notes.drop(name)
    chosen = [
        f"{texts.get(row, row)}: {texts.get(leaf_text(one), leaf_text(one))}"
        for row, found in value.items()
        for one in (found if isinstance(found, list) else [found])
    ]
    return {**{key: item for key, item in field.items() if key not in ("rows", "columns")}, "value": chosen}


def _objects(items: Any) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


_JOTFORM_ITSELF = word_list(
    "slug event_id path submitsource submitdate builddate uploadserverurl eventobserver timetosubmit preview "
    "jsexecutiontracker validatednewrequiredfieldids submitssource file_server target_env payment_* simple_fpc "
    "embedurl_* temp_upload/**"
)

SERVICES = (
    Sender(
        "typeform",
        "Typeform",
        shapes=(("form_response/answers",), ("event_type", "form_response")),
        places={
            "event_id": DELIVERY,
            "event_type": NOISE,
            "form_response/form_id": FORM_ID,
            "form_response/form_name": FORM_NAME,
            "form_response/token": NOISE,
            "form_response/landed_at": NOISE,
            "form_response/submitted_at": NOISE,
            "form_response/response_url": NOISE,
            "form_response/ending/**": NOISE,
            "form_response/outcome/**": OWN_NAME,
            "form_response/calculated/score": "score",
        },
        prepare=_typeform,
    ),
    Sender(
        "tally",
        "Tally",
        shapes=(("eventtype", "data/fields", "data/responseid"), ("eventtype", "data/respondentid")),
        places={
            "eventid": DELIVERY,
            "eventtype": NOISE,
            "createdat": NOISE,
            "data/createdat": NOISE,
            "data/formid": FORM_ID,
            "data/formname": FORM_NAME,
            "data/responseid": NOISE,
            "data/submissionid": NOISE,
            "data/respondentid": NOISE,
        },
        prepare=_tally,
    ),
    Sender(
        "jotform",
        "Jotform",
        shapes=(("rawrequest", "formid"), ("rawrequest", "submissionid"), ("formid", "simple_spc")),
        places={
            "q*_*": GENERAL,
            "q*_*/**": GENERAL,
            "submissionid": DELIVERY,
            "formid": FORM_ID,
            "formtitle": FORM_NAME,
            **dict.fromkeys((f"rawrequest/{name}" for name in _JOTFORM_ITSELF), NOISE),
            "rawrequest/**": GENERAL,
            "pretty": NOISE,
            "**": NOISE,
        },
    ),
    Sender(
        "cognito",
        "Cognito Forms",
        shapes=(("form/internalname", "entry/number"),),
        places={
            "form/id": FORM_ID,
            "form/name": FORM_NAME,
            "form/**": NOISE,
            "id": NOISE,
            "$*": NOISE,
            "entry/**": NOISE,
            "*/firstandlast": NOISE,
        },
    ),
    Sender(
        "google_forms",
        "Google Forms",
        shapes=(("namedvalues",),),
        places={"namedvalues/**": GENERAL, "**": NOISE},
    ),
    Sender(
        "formstack",
        "Formstack",
        shapes=(("formid", "uniqueid"),),
        places={"formid": FORM_ID, "uniqueid": DELIVERY, "handshakekey": SECRET},
        prepare=_formstack,
    ),
    Sender(
        "wufoo",
        "Wufoo",
        shapes=(("fieldstructure", "entryid"), ("handshakekey", "entryid"), ("fieldstructure",)),
        places={
            "handshakekey": SECRET,
            "entryid": DELIVERY,
            "formstructure/name": FORM_NAME,
            "formstructure/hash": FORM_ID,
            "formstructure/**": NOISE,
            "ip": NOISE,
            "createdby": NOISE,
            "datecreated": NOISE,
        },
        prepare=_wufoo,
    ),
)
