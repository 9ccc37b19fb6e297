"""Sorting what a visitor has sent: by the names of fields first, then by values that can be but one thing. Pure.

Nothing is lost on the way: what no field takes becomes a line of the comments, and what was changed a repair.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from traces.compose import emails, person_names, phones
from traces.compose.labels import fold, is_opaque, meaning_of
from traces.compose.person_names import Person, words_of

# Of one submission: values that are looked through for names, numbers and addresses.
MAX_VALUES = 100
# Numbers or addresses of one visitor.
MAX_CONTACTS = 10

_CONTACTS = ("phone", "email", "contact", "messenger")
_WHOLE_NAMES = ("name", "full_name", "last_first")
_NAME_PARTS = ("first_name", "last_name", "second_name")
_SINGLE = ("company", "position", "web")


@dataclass
class Recognition:
    """What has been recognised so far.

    `phones` are by their digits and `emails` in small letters; `names` are (meaning, field, value); `lines` are of the
    comments, `rest` is what was not recognised, `repairs` are codes; lines and repairs are kept once, in their order.
    """

    phones: dict[str, str] = field(default_factory=dict)
    emails: dict[str, str] = field(default_factory=dict)
    names: list[tuple[str, str, str]] = field(default_factory=list)
    single: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    lines: dict[str, None] = field(default_factory=dict)
    rest: list[tuple[str, str]] = field(default_factory=list)
    repairs: dict[str, None] = field(default_factory=dict)
    looked_at: int = 0

    def note(self, *codes: str) -> None:
        """Note repairs."""
        self.repairs.update(dict.fromkeys(codes))

    def keep(self, name: str, value: str) -> None:
        """Keep a value that has no field, or that says more than its field takes, for the comments."""
        self.lines[f"{name}: {value}"] = None

    def take(self, name: str, value: str, meaning: str) -> None:
        """Assign a value by its name."""
        if value in ("true", "false") or meaning not in (*_CONTACTS, *_WHOLE_NAMES, *_NAME_PARTS, *_SINGLE, "comments"):
            self.rest.append((name, value))
        elif meaning == "comments":
            self.messages.append(value)
        elif self.looked_at >= MAX_VALUES:
            self._put_aside(name, value)
        else:
            self._look_at(name, value, meaning)

    def guess(self) -> None:
        """Recognise by its value what no name identifies: an address, a number, and a whole name beside one of them."""
        for name, value in self.rest[:MAX_VALUES]:
            if not self.emails and emails.EMAIL.fullmatch(value):
                self._move(name, value, "email")
        for name, value in self.rest[:MAX_VALUES]:
            if not self.phones and _is_phone(name, value):
                self._move(name, value, "phone")
        if not self.emails and not self.phones:
            self._look_into_messages()
        is_reachable = bool(self.emails or self.phones)
        for name, value in self.rest[:MAX_VALUES]:
            is_nameless = all(kind == "last_name" for kind, _, _ in self.names)
            if is_nameless and _is_name(name, value, is_reachable and not self.names):
                self._move(name, value, "name")

    def person(self) -> Person:
        """First, last and second name. What of the submitted names is in none of them goes to the comments."""
        person = self._person()
        known = person.words
        for _, name, value in self.names:
            words = words_of(value)
            if not words or not words <= known:
                self._put_aside(name, value)
        return person

    def _look_into_messages(self) -> None:
        """Take the addresses and numbers that a message names, where nothing else tells how to reach its writer."""
        for message in self.messages[:MAX_VALUES]:
            mails = emails.read(message) if "@" in message else emails.Emails()
            numbers = filter(phones.is_unmistakable, phones.read(message).numbers)
            _add(self.emails, {address.casefold(): address for address in mails.addresses})
            _add(self.phones, {phones.digits_of(number): number for number in numbers})

    def _put_aside(self, name: str, value: str) -> None:
        self.keep(name, value)
        self.note("value_to_comments")

    def _look_at(self, name: str, value: str, meaning: str) -> None:
        self.looked_at += 1
        if meaning in _CONTACTS:
            self._contact(name, value, meaning)
        elif meaning in _SINGLE:
            if fold(self.single.setdefault(meaning, value)) != fold(value):
                self._put_aside(name, value)
        elif "@" in value or phones.read(value).numbers:
            self._contact(name, value, "contact")
            if words := _without_contacts(value):
                self.names.append((meaning, name, words))
        else:
            self.names.append((meaning, name, value))

    def _contact(self, name: str, value: str, meaning: str) -> None:
        """Take numbers and addresses out of a value. One that says more is kept for the comments too."""
        if phones.is_empty_mask(value):
            return
        mails = emails.read(value) if "@" in value else emails.Emails(others=value)
        numbers = phones.read(mails.others)
        if not numbers.numbers and not mails.addresses:
            self._no_contact(name, value, meaning)
            return
        self.note(*mails.repairs, *numbers.repairs)
        if mails.has_invalid:
            self.note("email_invalid")
        if (meaning == "phone" and not numbers.numbers) or (meaning == "email" and not mails.addresses):
            self.note("contact_moved")
        if numbers.has_more:
            self.keep(name, value)
        is_room = _add(self.phones, {phones.digits_of(number): number for number in numbers.numbers})
        if not _add(self.emails, {address.casefold(): address for address in mails.addresses}) or not is_room:
            self._put_aside(name, value)

    def _no_contact(self, name: str, value: str, meaning: str) -> None:
        if meaning == "phone":
            self.note("phone_unreadable")
        elif meaning == "email":
            self.note("email_invalid")
        else:
            self.rest.append((name, value))
            return
        self.keep(name, value)

    def _move(self, name: str, value: str, meaning: str) -> None:
        """Take a value out of the rest, unless its name says more than what the value is."""
        if is_opaque(name) or meaning_of(name).endswith("?"):
            self.rest.remove((name, value))
        self._look_at(name, value, meaning)

    def _person(self) -> Person:
        first, last, second = (self._first(part)[1] for part in _NAME_PARTS)
        kind, whole = self._first(*_WHOLE_NAMES)
        given = Person(first, last, second)
        if not whole and not last:
            whole, given = first, Person(second=second)
        return person_names.combine(given, person_names.split(whole, family_first=kind == "last_first"), whole)

    def _first(self, *meanings: str) -> tuple[str, str]:
        """The first name with one of these meanings, as (meaning, value)."""
        return next(
            ((kind, value) for kind, _, value in self.names if kind in meanings and any(map(str.isalpha, value))),
            ("", ""),
        )


def _add(contacts: dict[str, str], more: dict[str, str]) -> bool:
    """Add what is not there yet; whether there was room for all."""
    for key, value in more.items():
        if key not in contacts and len(contacts) >= MAX_CONTACTS:
            return False
        contacts.setdefault(key, value)
    return True


def _is_phone(name: str, value: str) -> bool:
    """Whether an unrecognised field holds a telephone number: the less its name says, the more the value must."""
    if meaning_of(name) == "phone?":
        return phones.is_plausible(value)
    return (is_opaque(name) or value.startswith(("+", "("))) and phones.is_unmistakable(value)


def _is_name(name: str, value: str, is_reachable: bool) -> bool:
    """Whether an unrecognised field holds a person's name; `is_reachable`: a number or an address came with it."""
    if meaning_of(name) == "name?":
        return person_names.looks_like_one(value)
    return is_reachable and is_opaque(name) and person_names.is_unmistakable(value)


def _without_contacts(value: str) -> str:
    """The words of a name that has a number or an address beside it."""
    return " ".join(word for word in value.split() if "@" not in word and not any(map(str.isdigit, word)))
