"""Slack's Events API: signed with the app's signing secret, answered at once, retried by Slack under the same ids."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import unescape
from typing import Any, Final

from services.intake.inbound.charsets import one_line, storable
from services.intake.inbound.json_reading import inner, listed, number, object_in, text
from services.intake.inbound.ports import (
    AUTHENTIC,
    Arrived,
    Attachment,
    Incoming,
    Parsed,
    Person,
    ThreadKey,
    Unreadable,
    Unwanted,
    Verdict,
    refused,
)
from services.intake.inbound.signatures import as_bytes, body_key, digest, is_recent, matches_any, short_key

KIND: Final = "slack"
SUBJECT_LENGTH_MAX: Final = 80
_PERSONS: Final = frozenset({"", "file_share", "thread_broadcast", "me_message"})
"""Subtypes of a message that a person wrote just now; the others are edits, deletions, joins and bots."""
_LINK: Final = re.compile(r"<((?:https?|mailto|tel):[^<>|]{1,2000})(?:\|([^<>]{0,500}))?>")
_NAMED: Final = re.compile(r"<([@#!])([^<>|]{1,100})(?:\|([^<>]{0,200}))?>")
_GREETED: Final = re.compile(r"^\s*(?:<@[A-Z0-9]{1,30}(?:\|[^<>]{0,100})?>[\s,:]*)+")
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,60}")


class Slack:
    """`v0` signature over timestamp and raw body, five minutes' tolerance; one delivery per (team, channel, ts)."""

    name = "slack"
    body_bytes_max = 1024 * 1024
    signs_body = True

    def make_secret(self) -> str | None:
        return None  # Slack makes it: the app's signing secret

    def secret_fault(self, secret: str) -> str | None:
        sound = 16 <= len(secret) <= 200 and secret.isascii() and secret.isprintable() and " " not in secret
        return None if sound else "Enter the signing secret of the Slack app, as its page shows it."

    def verify(self, arrived: Arrived, secrets: Sequence[str], now: datetime) -> Verdict:
        timestamp = arrived.headers.get("x-slack-request-timestamp", "")
        if not is_recent(timestamp, now):
            return refused("timestamp")
        signed = b"v0:" + timestamp.encode() + b":" + arrived.body
        given = as_bytes(arrived.headers.get("x-slack-signature", ""))
        expected = [b"v0=" + digest(as_bytes(each), signed).hex().encode() for each in secrets]
        return AUTHENTIC if matches_any(given, expected) else refused("signature")

    def handshake(self, arrived: Arrived) -> Mapping[str, str] | None:
        body = object_in(arrived.body) or {}
        if text(body, "type") != "url_verification":
            return None
        return {"challenge": text(body, "challenge")[:1000]}

    def dedup_key(self, arrived: Arrived) -> str:
        """A message by where and when it was written, since Slack may send it under several event ids."""
        body = object_in(arrived.body) or {}
        event = inner(body, "event")
        if _is_new_message(event):
            return short_key("message", _team(body, event), text(event, "channel"), text(event, "ts"))
        event_id = text(body, "event_id")
        return short_key("event", event_id) if event_id else body_key(arrived.body)

    def read(self, arrived: Arrived, settings: Mapping[str, Any]) -> Parsed:
        body = object_in(arrived.body)
        if body is None:
            return Unreadable("not a JSON object")
        kind = text(body, "type")
        if kind != "event_callback":
            return Unwanted(f"no event: {one_line(kind, 40) or 'unnamed'}")
        event = inner(body, "event")
        unwanted = _unwanted(body, event, settings)
        return Unwanted(unwanted) if unwanted else _message(_team(body, event), event)


def _is_new_message(event: Mapping[str, Any]) -> bool:
    kinds = text(event, "type") in ("message", "app_mention")
    return kinds and text(event, "subtype") in _PERSONS and bool(text(event, "ts") and text(event, "channel"))


def _team(body: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    return text(body, "team_id") or text(event, "team") or text(event, "team_id")


def _unwanted(body: Mapping[str, Any], event: Mapping[str, Any], settings: Mapping[str, Any]) -> str | None:
    kind, subtype = text(event, "type"), text(event, "subtype")
    if kind not in ("message", "app_mention"):
        return f"event: {one_line(kind, 40) or 'unnamed'}"
    if event.get("bot_id") or event.get("bot_profile") or subtype == "bot_message":
        return "a bot wrote it"
    if subtype not in _PERSONS:
        return f"message event: {one_line(subtype, 40)}"
    if text(event, "user") in _own_users(body):
        return "our own message"
    channels = settings.get("channels")
    if isinstance(channels, list) and channels and text(event, "channel") not in channels:
        return "another channel"
    return None


def _own_users(body: Mapping[str, Any]) -> set[str]:
    own = {text(each, "user_id") for each in listed(body, "authorizations") if each.get("is_bot") is True}
    return own | {"USLACKBOT"}


def _message(team: str, event: Mapping[str, Any]) -> Parsed:
    user, channel, ts = text(event, "user"), text(event, "channel"), text(event, "ts")
    if not (team and all(_NAME.fullmatch(each) for each in (team, user, channel, ts))):
        return Unreadable("a message without team, channel, user or time")
    root = text(event, "thread_ts")
    root = root if _NAME.fullmatch(root) else ts
    key = ThreadKey(KIND, f"{team}/{channel}/{root}")
    words = plain(text(event, "text"))
    return Incoming(
        channel="chat",
        person=Person(_name(event), reference=f"slack:{team}/{user}"),
        subject=one_line(words.partition("\n")[0], SUBJECT_LENGTH_MAX),
        text=words,
        reply=words,
        key=key,
        answers=(key,),
        attachments=tuple(_file(each) for each in listed(event, "files", 50)),
    )


def plain(mrkdwn: str) -> str:
    """Slack's markup as people read it; a greeting of the app at the beginning is left out."""
    shown = _GREETED.sub("", mrkdwn[:100_000])
    shown = _LINK.sub(lambda found: f"{found[2]} ({found[1]})" if found[2] else found[1], shown)
    shown = _NAMED.sub(lambda found: found[1].replace("!", "@") + (found[3] or found[2]), shown)
    return storable(unescape(shown))


def _name(event: Mapping[str, Any]) -> str | None:
    profile = inner(event, "user_profile")
    return one_line(text(profile, "real_name") or text(profile, "display_name") or text(event, "username"), 200) or None


def _file(file: Mapping[str, Any]) -> Attachment:
    """Slack sends where a file is, not the file: its hash is not known."""
    name = one_line(text(file, "name") or text(file, "title"), 255) or "unnamed"
    return Attachment(
        name, one_line(text(file, "mimetype"), 100) or "application/octet-stream", number(file, "size"), ""
    )
