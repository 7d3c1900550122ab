"""Cases with a memory: sessions, cookies, flashes, contexts, nested requests."""

from __future__ import annotations

import forge
from protocol import CLOCK, Request

from .build import Case, ask, case

DAY = 24 * 3600


def steps(program: str, **request: object) -> Request:
    """The program run on the session in a view."""
    return ask(f"GET /session/view/{program}", **request)  # type: ignore[arg-type]


def signed(inside: str, key: str = forge.SECRET) -> str:
    """A session cookie's value with a right signature."""
    return forge.signed(forge.text_of(inside.encode("latin-1")), key, CLOCK)


# fmt: off
CASES: list[Case] = [
    case("a session is kept", steps("set:a:1,get"), steps("get,items,state"), steps("del"),
        steps("get")),
    case("an untouched session sends nothing", "GET /session/untouched"),
    case("an untouched session stays silent", steps("set:a"), "GET /session/untouched"),
    *[
        case(f"touching an empty session: {step}", steps(step))
        for step in ("get", "in", "len", "bool", "equal", "repr", "keys", "state", "clear",
            "pop_none",
                     "default", "update_none", "copy", "type", "or", "popitem", "item",
                     "modified:1",
                     "accessed:0", "permanent:1", "permanent:0", "flashed", "cookie")
    ],
    *[
        case(f"touching a filled session: {step}", steps("set:a:1,set:l:list"), steps(step))
        for step in ("get", "in", "len", "clear", "pop", "pop_none", "default", "default:b",
            "update",
                     "del", "nested:l", "nested:l,modified:1", "modified:0", "set:a:1,modified:0",
                     "or",
                     "permanent:1", "flashed", "item:missing", "accessed:0,modified:0", "popitem")
    ],
    case("every type survives the journey", steps(",".join(
        f"set:{name}:{name}" for name in ("tuple", "bytes", "markup", "uuid", "datetime", "naive",
        "collision", "collision_two", "nested", "unicode", "none", "true", "float", "list", "empty")
    )), steps("items,repr")),
    case("a long session is packed", steps("set:a:long"), steps("get")),
    case("a session too large for a cookie warns", steps("set:a:huge"), steps("len")),
    case("a set cannot be saved", steps("set:a:set")),
    case("an object cannot be saved", steps("set:a:object")),
    case("keys that are numbers become text", steps("set:a:int_keys"), steps("items")),
    case("a permanent session is refreshed", steps("permanent:1,set:a:1"), "GET /session/untouched",
         ask("GET /session/untouched", clock=30 * DAY), ask("GET /session/untouched",
             clock=62 * DAY)),
    case("a permanent session is refreshed on a miss", steps("permanent:1,set:a:1"),
        "GET /no/such"),
    case("a permanent session is refreshed on a redirect", steps("permanent:1,set:a:1"),
        "GET /slash"),
    case("a session expires", steps("set:a:1"), steps("items", clock=31 * DAY),
         steps("items", clock=31 * DAY + 1)),
    case("a session from the future", steps("set:a:1", clock=DAY), steps("items")),
    case("a tampered session is empty", steps("set:a:1"),
         steps("items", headers={"Cookie": "session=x<<session>>"}),
         steps("items", headers={"Cookie": "session=<<session>>x"}),
         steps("items", headers={"Cookie": "session=.<<session>>"}),
         steps("items", headers={"Cookie": 'session="<<session>>"'})),
    *[
        case(f"a session cookie that is rubbish: {text!r}", steps("items,state", headers={
            "Cookie": f"session={text}"}))
        for text in ("", ".", "a.b.c", "...", "e30.ZVP0AA.c2ln", "\xff", "a" * 5000, "%00",
            "eyJ.Z.\u00fc")
    ],
    *[
        case(f"a genuine session of {inside[:40]!r}",
             steps("items,state,flashed", headers={"Cookie": f"session={signed(inside)}"}))
        for inside in forge.INSIDES
    ],
    case("a genuine session in the packed form", steps("items", headers={
        "Cookie": f"session=.{signed('{}')}"})),
    case("a genuine session that cannot be read, where errors propagate", steps("items", headers={
        "Cookie": "session=" + signed("{")}), config="testing"),
    case("settings: a session signed with the old key", steps("items", headers={
        "Cookie": "biscuit=" + signed('{"a":1}', forge.OLD_KEY)}), config="settings"),
    case("a session signed with a key that is not known", steps("items", headers={
        "Cookie": "session=" + signed('{"a":1}', forge.OLD_KEY)})),
    case("two session cookies", steps("set:a:1"), steps("items", headers={
        "Cookie": "session=bad; session=<<session>>"}), steps("items", headers={
        "Cookie": "session=<<session>>; session=bad"})),
    case("a session without cookies", steps("set:a:1"), steps("items", headers={"Cookie": ""})),
    case("a session changed after the view is saved", "GET /session/after/set:a:late,state",
        steps("items")),
    case("a session changed before a crash", "GET /session/fail/set:a:crash", steps("items")),
    case("a session beside other cookies", "GET /session/own/set:a:1", "GET /session/own/get"),
    case("a session and a Vary of its own", "GET /session/own/len"),
    case("flashes are shown once", steps("flash:one,flash:two:error"), steps("flashed_with"),
         steps("flashed")),
    case("flashes are cached in a request", steps("flash:one,flashed,flash:two,flashed"),
        steps("flashed")),
    case("flashes by category", steps("flash:a:x,flash:b:y,flash:c"),
         steps("flashed_only:x,flashed_both:y:message")),
    case("flashes with markup", steps("flash_markup"), steps("flashed")),
    case("flashes unread stay", steps("flash:a"), steps("get"), steps("flashed")),
    case("a session of a nested request", "GET /context/nested", "GET /context/nested"),
    case("contexts pushed inside a request", "GET /context/pushed"),
    case("a context copied to a thread", "GET /context/copied"),
    case("functions for after this request", "GET /context/later"),
    case("the proxies and their objects", "GET /context/identities"),
    case("g by every operation", "GET /context/g/missing,get,set,get,in,iterate,repr,pop,pop,"
         "pop_default,setdefault,delete,set_more,app_context"),
    case("no secret: reading", steps("get,len,items,state,type"), config="no_secret"),
    case("no secret: writing", steps("set:a:1"), config="no_secret"),
    case("no secret: every write", steps("clear,pop,update,default,del,or,popitem,flash,flashed"),
         config="no_secret"),
    case("no secret: with a cookie", steps("items", headers={"Cookie": "session=abc"}),
        config="no_secret"),
    case("settings: the session's cookie", steps("set:a:1"), steps("items"), config="settings"),
    case("settings: a permanent session", steps("permanent:1,set:a:1"), "GET /session/untouched",
         steps("items", clock=3601), config="settings"),
    case("settings: a deleted session", steps("set:a:1"), steps("clear"), config="settings"),
    case("settings: a key that has been replaced", steps("items", headers={
        "Cookie": "biscuit=eyJhIjoiMSJ9.ZVPxAA.oldsignature"}), config="settings"),
    case("a custom session", "GET /custom/see", "GET /custom/see", config="customized"),
    case("a custom session that is refused", ask("GET /custom/see", {"X-Session": "none"}),
         config="customized"),
    case("a custom session on a miss", "GET /nothing", config="customized"),
    case("a custom session that is broken", ask("GET /custom/see", {"Cookie": "plain=rubbish"}),
         config="customized"),
]
# fmt: on
