"""The meaning of a name's parts: whose name, phone or e-mail a value is, and how to show the name to people.

Names here are those of programs (`billing_last_name`, `contact[phones]`, `firstName`). What people write above a field,
in whatever language, is read by `traces.compose.visitor`.
"""

from __future__ import annotations

from functools import lru_cache

from traces.intake.senders.posted import word_set

MAX_KEY_LENGTH = 1000  # a label may be a whole question
MAX_NAME_LENGTH = 200  # what is looked at of a name

_KNOWN = {
    "first_name": "firstname fname givenname forename",
    "last_name": "lastname lname surname familyname",
    "second_name": "middlename secondname patronymic additionalname",
    "name": "name names fullname",
    "fio": "fio",  # the family's name comes first
    "phone": "phone phones tel telephone mobile mobilephone cell cellphone phonenumber phonenumbers mobilenumber "
    "telnumber contactno phoneno mobileno contactnumber whatsapp whatsappnumber whatsappphone waid msisdn",
    "email": "email emails mail emailaddress emailaddresses mailaddress",
    "company": "company companyname organization organisation organizationname organisationname companytitle "
    "businessname orgname",
    "position": "position jobtitle",
    "website": "website websiteurl homepage",
    "message": "message comment comments msg textarea customernote ordercomments messagetext commenttext",
}
KNOWN = {name: key for key, names in _KNOWN.items() for name in names.split()}
# A person stands behind these; those of `_OTHERS` come after the visitor.
PERSONS = word_set(
    "person visitor customer client contact contacts user lead leads customers clients users persons people buyer "
    "guest profile subscriber invitee applicant "
    "sender from author member participant respondent patient student payer parent owner attendee requester "
    "billing address addresses"
)
_OTHERS = word_set("shipping delivery recipient")
# Words before a known name that say nothing against it.
_FILLERS = PERSONS | word_set(
    "your my form forms field fields input text hidden no label work home personal business office primary main "
    "direct day enter value mobile default wpforms contactinfo txt tb answer"
)
# Wrappings: what stands in them stands for itself.
ENVELOPES = word_set(
    "data payload body form_response object params parameters fields form_fields formfields values answers "
    "questions submission submissions response responses result results record request content properties "
    "attributes formdata form_data input inputs entry entries event message contactinfo contact_info merges "
    "rawrequest custom custom_fields customfields custom_fields_values customdata custom_data hidden hiddenfields "
    "hidden_fields extra meta_data note_attributes variables triggerdata данные meta metadata context tracking "
    "marketing attribution analytics json root namedvalues wpforms items rows row property lead_data field_data "
    "add update changes value form envelope details info additional contactdetails traits props querystring steps "
    "pages posted_data posteddata array bundle current"
)
# A name of these words alone is a wrapping: `form_data`, `formSubmission`, `response_values`.
_WRAPPING_WORDS = word_set(
    "data info details fields form values object submission submissions response responses answers entry entries "
    "payload request params content"
)
_PAGES_OF_FORM = word_set("page step section screen slide part")
_PARTS_OF_NAME = {
    "first": "first_name",
    "given": "first_name",
    "last": "last_name",
    "family": "last_name",
    "middle": "second_name",
    "full": "name",
}
_OPAQUE = word_set("field input text question custom q col column prop property answer item form order tel")


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case, at most eight: `billing_lastName-2` has four."""
    spaced: list[str] = []
    before = ""
    for character in name[:MAX_NAME_LENGTH]:
        if character.isupper() and before.islower():
            spaced.append(" ")
        spaced.append(character.lower() if character.isalnum() else " ")
        before = character
    return tuple("".join(spaced).split()[:8])


def joined(name: str) -> str:
    """The letters and digits of a name in lower case, to compare spellings."""
    return _joined(name[:MAX_NAME_LENGTH])


@lru_cache(maxsize=4096)
def _joined(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def meaningful(path: tuple[str, ...]) -> tuple[str, ...]:
    """The path without wrappings, numbers and empty names in front of its last part."""
    *parents, own = path
    return (*(part for part in parents if part and not part.isdigit() and not _is_envelope(part)), own)


@lru_cache(maxsize=1024)
def _is_envelope(part: str) -> bool:
    is_page = part[-1:].isdigit() and part.lower().rstrip("0123456789").rstrip("_- ") in _PAGES_OF_FORM
    return is_page or part.lower() in ENVELOPES or _WRAPPING_WORDS.issuperset(words(part))


@lru_cache(maxsize=4096)
def meaning(path: tuple[str, ...]) -> str:
    """The visitor's key (`first_name`, `phone` …) that a path stands for, or ""."""
    *parents, own = meaningful(path)
    above = tuple(word for word in words(parents[-1]) if word not in _WRAPPING_WORDS) if parents else ()
    mine = _without_numbers(words(own_name(own)))
    both = (*above, *mine)
    if len(both) > 1 and mine and mine[-1] in _PARTS_OF_NAME and both[-2] in ("name", "names", "fullname"):
        return _PARTS_OF_NAME[mine[-1]]
    if mine == ("username",) or not mine:
        return ""
    return _of_words((*_without_numbers(above), *mine)) or ("" if above else _of_words(mine))


def is_of_another(path: tuple[str, ...]) -> bool:
    """Whether a value belongs to a second person, such as the recipient of the goods."""
    return any(not _OTHERS.isdisjoint(words(part)) for part in path)


def is_opaque(own: str) -> bool:
    """Whether a name says nothing of its value: `field_5c1a2b3`, `input_3`, `Field4`, `2`."""
    if own and own.replace(".", "").replace("_", "").isdigit():
        return True
    first, *rest = words(own) or ("",)
    if not rest:
        head = first.rstrip("0123456789")
        return head != first and head in _OPAQUE
    return first in _OPAQUE and all(_is_code(word) or word in _OPAQUE for word in rest)


def readable(path: tuple[str, ...]) -> str:
    """How a path is shown to people: the name that somebody gave it, behind what it stands under."""
    *parents, own = meaningful(path)
    own = own_name(own) or own
    parents = [part for part in parents if part.lower() not in PERSONS or is_opaque(own)]
    if not parents and own.isdigit():
        parents = [part for part in path[:-1] if part and not part.isdigit()]
    parent = own_name(parents[-1]) if parents else ""
    if parent and not own.lower().startswith(parent.lower()):
        own = f"{parent} {own}"
    return own[:MAX_KEY_LENGTH]


def own_name(name: str) -> str:
    """A name without what form builders put around it: `No Label phone`, `q3_phone`, `field:phone_4c77`."""
    name = name.strip().rpartition("$")[2]  # ASP.NET's: ctl00$Main$txtName
    if name[:9].lower() == "no label ":
        return name[9:].strip()
    if name[:6].lower() == "field:":
        head, separator, tail = name[6:].rpartition("_")
        return head if separator and len(tail) == 4 and not tail.strip("0123456789abcdef") else name[6:]
    if not name.isascii():
        return name.replace("_", " ")  # Tilda's, of a label
    first, separator, rest = name.partition("_")
    if separator and first[:1] == "q" and first[1:].isdigit() and rest:
        return rest
    return name


def _is_code(word: str) -> bool:
    """Whether a word is one of a program: a number, or four and more hexadecimal digits with a number in them."""
    if word.isdigit():
        return True
    return len(word) >= 4 and any(letter.isdigit() for letter in word) and not word.strip("0123456789abcdef")


def _without_numbers(found: tuple[str, ...]) -> tuple[str, ...]:
    """Words without numbers (`phone_2`, `name-1-first-name`) and a question's number in front (`q3_phone`)."""
    start = 1 if len(found) > 1 and found[0][:1] == "q" and found[0][1:].isdigit() else 0
    return tuple(word for word in found[start:] if not word.isdigit())


def _of_words(found: tuple[str, ...]) -> str:
    """The meaning of the last two words, or of the last one, where those before them say nothing against it."""
    if key := KNOWN.get("".join(found)):
        return "" if found == ("username",) else key
    for size in (2, 1):
        head, tail = found[:-size], found[-size:]
        key = KNOWN.get("".join(tail), "")
        if key and head and all(word in _allowed(key) for word in head):
            return key
    return ""


def _allowed(key: str) -> frozenset[str]:
    if key == "name":  # the name of a form, product, page or campaign is not the visitor's
        return PERSONS | {"your", "my", "text", "txt", "answer"} | _OTHERS
    if key in ("phone", "email", "website"):
        return _FILLERS | _OTHERS | {"company", "organization", "order"}
    return _FILLERS | _OTHERS | {"name", "names"}
