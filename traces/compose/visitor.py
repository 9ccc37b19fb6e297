"""Which of the submitted names are a visitor's name, phone, e-mail and so on. Pure.

Every form builder has names of its own, and so has every website. What is recognised here needs no mapping: the
product's own names, those of HTML's `autocomplete` (HTML Living Standard, "Autofill"), and those of Contact Form 7,
Elementor, Gravity Forms, WPForms, Tilda and the like, in English and in Russian.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAX_VALUES = 100
# A field that no person sees in a form, so that whoever fills it in is a program (`traces.intake.spam`).
HONEYPOT = "website_confirm"

# Names without what is no letter or digit, in small letters.
_MEANINGS = {
    "name": "name yourname firstname fname givenname clientname username imya имя вашеимя имяклиента kontaktnoelitso",
    "full_name": "fullname fio фио фамилияимяотчество contactname контактноелицо",
    "last_name": "lastname yourlastname lname familyname surname familiya фамилия",
    "second_name": "secondname middlename additionalname patronymic otchestvo отчество",
    "phone": "phone tel telephone mobile phonenumber yourphone yourtel cell mobilephone telnational contactnumber "
    "telefon telefonnumber телефон тел номертелефона вашtелефон вашномер мобильный",
    "email": "email mail youremail emailaddress mailaddress pochta почта электроннаяпочта эпочта элпочта имейл емейл",
    "company": "company yourcompany companyname companytitle organization organisation organizationname kompaniya "
    "firma компания организация названиекомпании фирма",
    "comments": "comments comment yourmessage message msg textarea question yoursubject subject text description "
    "soobschenie soobshchenie kommentariy vopros сообщение комментарий комментарии вопрос текст тема",
    "position": "position post jobtitle organizationtitle role dolzhnost должность",
    "web": "website url site yourwebsite web сайт",
}
_KNOWN = {name: meaning for meaning, names in _MEANINGS.items() for name in names.split()}
# Words before or around a name that say nothing: `form_fields[name]`, `tel-123`, `wpforms[fields][0][first]`.
_PREFIXES = (
    "formfields",
    "wpformsfields",
    "fields",
    "contact",
    "customer",
    "client",
    "visitor",
    "user",
    "form",
    "your",
)
_FIRST_LAST = {"first": "name", "last": "last_name", "middle": "second_name"}
# Gravity Forms numbers the parts of a name: 3 is the first name, 6 the last one.
_GRAVITY_NAME = re.compile(r"input_\d+[._](3|4|6)")
_GRAVITY = {"3": "name", "4": "second_name", "6": "last_name"}

# What forms send for themselves, and what this product takes by itself.
_CONTROL = re.compile(
    r"(?i)trace|entities|utm_\w+|page_url|referrer|source|_\w*|formid|form_?id|post_id|queried_id|tranid|action"
    r"|referer_title|gform_\w+|is_submit_\w+|state_\d+|[\w-]*(csrf|captcha|token|nonce|honey|password)[\w-]*"
    r"|tildaspec-(?!phone)\S*|wpforms\[(?!fields)\w+\].*|submit|sessid|ajax|lang|" + HONEYPOT
)
EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]{2,}")
_PHONE = re.compile(r"\+?[\d\s().-]{6,24}")
_FEWEST_DIGITS, _MAX_DIGITS = 6, 15


@dataclass(frozen=True, slots=True)
class Visitor:
    """What a submission says of its sender. `rest` is what was not recognised, by its submitted name."""

    name: str = ""
    last_name: str = ""
    second_name: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    company: str = ""
    comments: str = ""
    position: str = ""
    web: str = ""
    rest: tuple[tuple[str, str], ...] = ()

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.name} {self.last_name}".strip()


def recognise(body: Mapping[str, Any]) -> Visitor:
    """The visitor of a submission's body."""
    by_meaning, rest = _by_name(body)
    rest = _by_value(by_meaning, rest)
    first, last, second = _names(by_meaning)
    return Visitor(
        name=first,
        last_name=last,
        second_name=second,
        phones=tuple(dict.fromkeys(by_meaning.get("phone", ()))),
        emails=tuple(dict.fromkeys(by_meaning.get("email", ()))),
        company=next(iter(by_meaning.get("company", ())), ""),
        comments="\n".join(by_meaning.get("comments", ())),
        position=next(iter(by_meaning.get("position", ())), ""),
        web=next(iter(by_meaning.get("web", ())), ""),
        rest=tuple(rest),
    )


def submitted_values(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The texts that a visitor has sent, by name; nested ones as `form_fields[name]`. Control fields are left out."""
    count = 0
    for name, text in _flat("", body):
        if text and not _CONTROL.fullmatch(name) and (count := count + 1) <= MAX_VALUES:
            yield name, text


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if name or not _CONTROL.fullmatch(str(key)):
                yield from _flat(f"{name}[{key}]" if name else str(key), item)
    elif isinstance(value, list):
        for item in value:
            yield from _flat(name, item)
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
        yield name, str(value).strip()


def meaning_of(name: str) -> str:
    """What a submitted name stands for, a key of the table above, or ""."""
    if gravity := _GRAVITY_NAME.fullmatch(name):
        return _GRAVITY[gravity[1]]
    plain = re.sub(r"[\W_]+", "", name.lower())
    words = re.findall(r"[^\W\d_]+", name.lower())
    if words and words[-1] in _FIRST_LAST:
        return _FIRST_LAST[words[-1]]
    for text in (plain, "".join(words), *(plain.removeprefix(prefix) for prefix in _PREFIXES)):
        if text in _KNOWN:
            return _KNOWN[text]
    return _KNOWN.get(words[-1] if words else "", "")


def phone(text: str) -> str:
    """A telephone number as it was written, with single spaces, or "" where the text is none."""
    number = re.sub(r"\s+", " ", text).strip()
    digits = sum(letter.isdigit() for letter in number)
    return number if _PHONE.fullmatch(number) and _FEWEST_DIGITS <= digits <= _MAX_DIGITS else ""


def _by_name(body: Mapping[str, Any]) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """The values by their meaning, and the (name, value) pairs whose name says nothing."""
    by_meaning: dict[str, list[str]] = {}
    rest: list[tuple[str, str]] = []
    for name, value in submitted_values(body):
        meaning = meaning_of(name)
        if meaning == "email" and not EMAIL.fullmatch(value):
            meaning = ""  # the portal would refuse the whole record for it
        if meaning == "phone" and not (value := phone(value)):
            continue
        if meaning:
            by_meaning.setdefault(meaning, []).append(value)
        else:
            rest.append((name, value))
    return by_meaning, rest


def _by_value(by_meaning: dict[str, list[str]], rest: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Take an e-mail address and a phone number from unknown names where none came by name."""
    left = []
    for name, value in rest:
        if "email" not in by_meaning and EMAIL.fullmatch(value):
            by_meaning["email"] = [value]
        elif "phone" not in by_meaning and value.lstrip()[:1] in "+(" and phone(value):
            by_meaning["phone"] = [phone(value)]
        else:
            left.append((name, value))
    return left


def _names(by_meaning: Mapping[str, list[str]]) -> tuple[str, str, str]:
    """First, last and second name; a full name is taken apart where no last name came."""
    first, last, second = (next(iter(by_meaning.get(key, ())), "") for key in ("name", "last_name", "second_name"))
    full = next(iter(by_meaning.get("full_name", ())), "")
    if last or not (full or first):
        return first or full, last, second
    words = (full or first).split()
    if len(words) == 3 and (full or words[2].endswith(("вич", "вна", "ична"))):
        return words[1], words[0], words[2]  # as documents have it: family name, name, patronymic
    if full and len(words) == 2 and re.search(r"[а-яё]", full.lower()):
        return words[1], words[0], second
    return (words[0], " ".join(words[1:]), second) if len(words) > 1 else (full or first, last, second)
