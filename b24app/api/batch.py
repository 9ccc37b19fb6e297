"""Many commands in one request: how they are written down, and how the answer is read. Pure.

Source: Bitrix24's documentation of `batch`, and the server's `rest` module (`ParseBatchQuery`, `methodsBatch`), whose
behaviour the fact sheet on batch records: commands run in order, each is a method with a query in PHP's notation, and
texts that look like references between commands are replaced in any value and any key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from b24app.api import errors

MAX_COMMANDS = 50
# A reference is a collection's name in any letter case, with anything behind it but PHP's white space, and in that a
# bracket (`rest_util.php`, ParseBatchQuery): `$resultX.[a]` is one, too.
_WORD = re.compile(r"\S+", re.ASCII)
_COLLECTION = re.compile(r"\$(result|error|total|next|time)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Command:
    """One REST method with its parameters: a map whose values are texts, numbers, lists and maps."""

    method: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operating:
    """What a method has used of its operating time: `used` seconds, some of which end in `resets_in` seconds."""

    used: float
    resets_in: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of the commands of one batch, by key; one in neither map was not run."""

    results: Mapping[str, Any]
    errors: Mapping[str, errors.PortalError]
    operating: Mapping[str, Operating]  # by method


def can_travel(command: Command) -> bool:
    """Whether the portal would leave every text of the command alone in a batch. There is no way to escape one."""
    return not any(
        _is_reference(word[0]) for text in _texts(command.params) if "$" in text for word in _WORD.finditer(text)
    )


def _is_reference(word: str) -> bool:
    """Whether the portal replaces something in a word; in linear time, since a visitor may have typed it."""
    found = _COLLECTION.search(word)
    return found is not None and "[" in word[found.end() :]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def request(commands: Mapping[str, Command]) -> dict[str, Any]:
    """The parameters of a `batch` call whose commands do not depend on each other."""
    return {"halt": 0, "cmd": {key: f"{command.method}?{query(command.params)}" for key, command in commands.items()}}


def query(params: Mapping[str, Any]) -> str:
    """`params` as PHP's query parser takes them: `a[b][0]=c`, percent-encoded; None is an empty text."""
    return "&".join(f"{quote(name, safe='[]')}={quote(text, safe='')}" for name, text in _pairs("", params))


def _pairs(name: str, value: Any) -> Iterator[tuple[str, str]]:
    items: Sequence[tuple[Any, Any]]
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, (list, tuple)):
        items = list(enumerate(value))
    else:
        yield name, _scalar(value)
        return
    for key, item in items:
        yield from _pairs(f"{name}[{key}]" if name else str(key), item)


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else str(value)


def read(body: Any, commands: Mapping[str, Command]) -> Answer:
    """The result of a `batch` call as an `Answer` on the `commands` that were sent.

    Raises `errors.Ambiguous` if it is none: the commands may have been run.
    """
    if not isinstance(body, dict) or not all(isinstance(body.get(k), (dict, list)) for k in ("result", "result_error")):
        raise errors.Ambiguous("unreadable")
    failed = {}
    for key, error in _map(body["result_error"]).items():
        if key in commands:
            facts = error if isinstance(error, dict) else {"error": str(error)}
            failed[key] = errors.of_body(facts, 200, commands[key].method)
    operating: dict[str, Operating] = {}
    for key, time in _map(body.get("result_time")).items():
        if key in commands and (figures := operating_of(time)):
            operating[commands[key].method] = figures  # the last one of a method counts them all
    results = {key: result for key, result in _map(body["result"]).items() if key in commands}
    return Answer(results, failed, operating)


def operating_of(time: Any) -> Operating | None:
    """The figures in an answer's `time`, where it has them; the rest until the reset by the portal's own clock."""
    if not isinstance(time, dict):
        return None
    figures: list[Any] = [time.get(name) for name in ("operating", "operating_reset_at", "finish")]
    if not all(type(figure) in (int, float) and abs(figure) < 1e12 for figure in figures):
        return None
    used, resets_at, now = map(float, figures)
    return Operating(max(0.0, used), min(600.0, max(0.0, resets_at - now)))


def _map(value: Any) -> dict[str, Any]:
    """A map as PHP writes it: an empty one is `[]`, one with the keys 0, 1, 2 … is a list."""
    if isinstance(value, list):
        return {str(number): item for number, item in enumerate(value)}
    return value if isinstance(value, dict) else {}
