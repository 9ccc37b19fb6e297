"""Where a visitor came from: UTM fields, click ids, the page and the referrer, wherever they are and however spelled.

Several places may have them: a separate field beats an address, and the visitor's page beats the webhook's address. A
lesser place only adds what a better one lacks, and only if the two do not contradict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote

import re2

from traces.compose.addresses import CLICK_IDS, UTM, parameters
from traces.intake.senders.names import joined, meaningful, own_name, words
from traces.intake.senders.posted import word_list, word_set

_CLICK_NAMES = {joined(name): name for name in CLICK_IDS}
_PARTS = {
    "source": "utm_source",
    "medium": "utm_medium",
    "campaign": "utm_campaign",
    "campaignname": "utm_campaign",
    "name": "utm_campaign",
    "content": "utm_content",
    "term": "utm_term",
    "keyword": "utm_term",
}
# Here `source` and `medium` are those of the visit, without a "utm" in front.
_VISIT = word_set("marketing attribution attributionsource traffic trafficsource visitsource")
_TRANSPARENT = _VISIT | {"formsubmissions", "visitor", "lead", "utm"}
_UTM_WORDS = word_set("utm utms utmtags utmparams utmdata utmparameters utmmarks")
# Names of the page with the form, the surest first.
_PAGES = word_list(
    "pageurl sourceurl eventsourceurl pagelocation pageaddress formurl formpage formpageurl currenturl currentpage "
    "pageuri "
    "embedurl submissionurl page url href location permalink postpermalink posturl pagelink landingpage "
    "landingpageurl landingurl landing landingsite entryurl firstpage requesturl uri origin link locationhref "
    "documentlocation originpage documentlocationhref windowlocationhref windowlocation locationurl posturi wpurl "
    "страница адресстраницы urlстраницы ссылканастраницу страницаотправки страницасайта страницазаявки "
    "сторінка адресасторінки urlсторінки seite seitenurl página urldelapágina urldapágina urldelapage pagina "
    "urldellapagina strona adresstrony urlstrony adresurlstrony sayfa sayfaurlsi"
)
_PAGE_RANKS = {name: rank for rank, name in enumerate(_PAGES)}
_REFERRERS = word_set(
    "referrer referer referrerurl refererurl httpreferrer httpreferer documentreferrer referringsite referringurl "
    "pagereferrer urlreferrer reffererurl refferer реферер реферрер источникперехода"
)
# A tag that nobody has filled in.
_MARKS = re2.compile(r"(?:^|[|;,&\n])\s*(?:utm_)?(source|medium|campaign|content|term)\s*[=:]\s*([^|;,&\n]+)")
_UNFILLED = frozenset(("undefined", "null", "none", "nil", "(not set)", "[object object]"))
EXPLICIT, PAGE, COOKIE, HINT, REFERER_HEADER, WEBHOOK = range(6)


@dataclass(slots=True)
class Tracking:
    """What was found so far: UTM fields and click ids by the kind of place, pages as (rank, address)."""

    tags: dict[int, dict[str, str]] = field(default_factory=dict)
    pages: list[tuple[int, str]] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)  # addresses that may be the page

    def tag(self, key: str, text: str, place: int = EXPLICIT) -> bool:
        """Read a UTM field or click id; the last spelling counts. False if it is a placeholder."""
        if text.lower() in _UNFILLED or text[:1] + text[-1:] in ("{}", "%%"):
            return False
        self.tags.setdefault(place, {})[key] = text
        return True

    def explicit(self, key: str) -> str:
        """The value of a UTM field or click id from a separate field, or ""."""
        return self.tags.get(EXPLICIT, {}).get(key, "")

    def address(self, text: str, place: int = PAGE) -> None:
        """Read the query of an address; the first address with something in it counts."""
        address, _, fragment = text[:4096].replace("&amp;", "&").partition("#")
        behind = fragment.rpartition("?")[2] if "utm_" in fragment else ""
        found = dict(_tags_of([*parameters(f"?{behind}"), *parameters(address)]))
        if found and place not in self.tags:
            self.tags[place] = found

    def marks(self, text: str) -> bool:
        """Read the UTM fields of a text such as `campaign=may|source=vk`; whether it has any."""
        found = _MARKS.findall(text[:4096])
        for name, value in found:
            self.tag(_PARTS[name], value.strip(), PAGE)
        return bool(found)

    def cookies(self, text: str) -> None:
        """Read the cookies of Tilda, Sourcebuster (WooCommerce) and the old Google Analytics."""
        for cookie in text[:32_768].split(";"):
            name, _, value = cookie.strip().partition("=")
            if name == "TILDAUTM":
                self._take(part.partition("=") for part in _unquoted(value).split("|||"))
            elif name == "sbjs_current":
                self._take(
                    (_SOURCEBUSTER[short], "", long)
                    for short, _, long in (part.partition("=") for part in _unquoted(value).split("|||"))
                    if short in _SOURCEBUSTER and long[:1] != "("
                )
            elif name == "__utmz":
                self._take(
                    (_UTMZ[short], "", long)
                    for short, _, long in (
                        part.rpartition(".")[2].partition("=") for part in _unquoted(value).split("|")
                    )
                    if short in _UTMZ and long[:1] != "("
                )

    def _take(self, parts: Iterable[tuple[str, str, str]]) -> None:
        for key, value in _tags_of((name.strip().lower(), value.strip()) for name, _, value in parts):
            self.tag(key, value, COOKIE)

    def result(self) -> dict[str, str]:
        """The tags, UTM fields first: the best place's, with what the others add without contradiction."""
        found: dict[str, str] = {}
        clicks: dict[str, str] = {}
        for place in sorted(self.tags):
            tags = {key: value for key, value in self.tags[place].items() if key in UTM}
            clicks = {key: value for key, value in self.tags[place].items() if key not in UTM} | clicks
            if all(found.get(key, value).lower() == value.lower() for key, value in tags.items()):
                found = tags | found
        return {key: found[key] for key in UTM if key in found} | clicks

    def page(self) -> str:
        """The page with the form, or ""."""
        return min(self.pages, key=lambda page: page[0])[1] if self.pages else ""


_SOURCEBUSTER = {
    "src": "utm_source",
    "mdm": "utm_medium",
    "cmp": "utm_campaign",
    "cnt": "utm_content",
    "trm": "utm_term",
}
_UTMZ = {
    "utmcsr": "utm_source",
    "utmcmd": "utm_medium",
    "utmccn": "utm_campaign",
    "utmcct": "utm_content",
    "utmctr": "utm_term",
}


def _tags_of(pairs: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    for name, value in pairs:
        if value and (name in UTM or name in CLICK_IDS):
            yield name, value


def _unquoted(text: str) -> str:
    """A cookie's value, which is percent-encoded twice by the time it arrives."""
    for _ in range(3):
        if "%" not in text:
            break
        text = unquote(text)
    return text


@lru_cache(maxsize=4096)
def tag_of(path: tuple[str, ...]) -> str:
    """The UTM field or click id that a path stands for, or "": `utmSource`, `utm/name`, `hidden/utm_term`, `gcl_id`."""
    mine = words(path[-1])
    if not mine:
        return ""
    if "utm" in mine[:3]:
        start = mine.index("utm")
        filled = all(word in ("hidden", "field", "no", "label", "form", "fields") for word in mine[:start])
        tail = mine[start + 1 :]
        while tail and tail[-1].isdigit():
            tail = tail[:-1]
        return _PARTS.get("".join(tail), "") if filled and tail != ("name",) else ""
    whole = "".join(mine)
    if whole.startswith("utm") and whole[3:] in _PARTS and whole != "utmname":
        return _PARTS[whole[3:]]
    parents = [part for part in path[:-1] if part and not part.isdigit()]
    if parents and (joined(parents[-1]) in _UTM_WORDS or words(parents[-1])[:1] == ("utm",)):
        return _PARTS.get(whole, "")
    if [part.lower() for part in parents[-2:]] == ["context", "campaign"]:  # of Segment's specification
        return _PARTS.get(whole, "")
    if parents and joined(parents[-1]) in _VISIT and whole != "name":
        return _PARTS.get(whole, "")
    return _CLICK_NAMES.get(whole, "")


@lru_cache(maxsize=4096)
def page_rank(path: tuple[str, ...]) -> int:
    """How surely a name means the page with the form, 0 the surest; -1 if it does not."""
    return _PAGE_RANKS.get(_whole(path), -1)


@lru_cache(maxsize=4096)
def is_referrer(path: tuple[str, ...]) -> bool:
    """Whether a name means the page that led the visitor here."""
    return _whole(path) in _REFERRERS


def _whole(path: tuple[str, ...]) -> str:
    """A name and what it stands under as one word: ("page", "url") as `page_url`."""
    *parents, own = meaningful(path)
    parents = [part for part in parents if joined(part) not in _TRANSPARENT]
    own = own_name(own).lstrip("_")  # CF7's special tags begin so: `_url`
    whole = joined(parents[-1]) + joined(own) if parents else joined(own)
    return joined(own) if joined(own) in ("pageurl", "sourceurl", "pagelocation", "documentreferrer") else whole


def is_marks_name(path: tuple[str, ...]) -> bool:
    """Whether a name is one of all UTM fields together."""
    return joined(path[-1]) in _UTM_WORDS


def is_address(text: str) -> bool:
    """Whether a text is a web address, or at least a path of one."""
    if text[:2048].split() != [text[:2048]]:  # there is a space in it
        return False
    head = text[:8].lower()
    return head.startswith(("http://", "https://", "//")) or "://" in text[:40] or _is_path(text)


def _is_path(text: str) -> bool:
    host = text.partition("/")[0].partition("?")[0]
    return text[:1] == "/" or ("/" in text and "." in host and "@" not in text and host.isascii() and host[:1] != ".")


def is_query(text: str) -> bool:
    """Whether a text is the query of an address by itself: `?utm_source=vk&utm_medium=cpc`."""
    return "utm_" in text[:1024] and "=" in text and text.lstrip("?&#").isascii() and " " not in text[:1024]


def of_query(query: Mapping[str, str | list[str]]) -> Iterable[tuple[str, str]]:
    """The parameters of the webhook's own address, the last of several."""
    for name, value in query.items():
        text = (value[-1] if value else "") if isinstance(value, list) else value
        if text.strip():
            yield name, text.strip()
