"""Cases of the answer: responses, JSON, templates, streams, files."""

from __future__ import annotations

from .build import Case, ask, case, each

BYTES = "GET /static/hello.txt"


def ranged(name: str, value: str, line: str = BYTES, **more: str) -> Case:
    """A case with a Range header."""
    headers = {"Range": value, **{key.replace("_", "-"): text for key, text in more.items()}}
    return case(name, ask(line, headers))


# fmt: off
CASES: list[Case] = [
    *each(
        "HEAD drops the body and keeps its length",
        """
        HEAD /return/str
        HEAD /return/dict
        HEAD /return/generator
        HEAD /return/status_204
        HEAD /return/closing
        HEAD /stream/plain/3
        HEAD /stream/context/3
        HEAD /static/hello.txt
        HEAD /template/file/page.html
        HEAD /return/redirect
        HEAD /return/abort_404
        """,
    ),
    *each(
        "a program of changes to a response",
        """
        GET /change/cookie:a:1,cookie:a:2,cookie:b:3,cookie_gone:a
        GET /change/status:404_Gone_Fishing,status,code:299,code:0,status:nonsense
        GET /change/set:X-S:1,add:X-S:2,set:X-S:3,unset
        GET /change/set:Content-Length:3,data:changed,length
        GET /change/etag,conditional
        GET /change/mimetype,charset,text
        GET /change/mimetype:text.plain,add:Vary:Cookie,vary:Cookie,vary:Origin
        GET /change/write:more,write:text,text,length
        GET /change/truncate,data:x
        GET /change/code:204,data:dropped
        GET /change/code:304,etag
        GET /change/location:relative,absolute
        GET /change/location:%C3%BC%20x
        GET /change/location://other/x
        GET /change/cookie_odd,cookie_full,cookie_delta,cookie_part
        GET /change/cookie_same
        GET /change/cookie_host,cookie_path,cookie_big
        GET /change/set:X-S:a%0Ab
        GET /change/on_close,freeze,iterate,read
        GET /change/cookie:%C3%BC:v,cookie::v,cookie:a%20b:v
        GET /later/set:X-S:later,cookie,streamed,length,repr
        GET /later/data:now_known,etag
        GET /later/freeze,read,length
        """,
    ),
    case(
        "a tag that the client has",
        "GET /change/etag",
        ask("GET /change/etag,conditional", {"If-None-Match": "<<etag>>"}),
    ),
    case("a weak tag", ask("GET /change/set_etag:weak,conditional", {"If-None-Match": 'W/"weak"'})),
    case("a range of a text", ask("GET /change/conditional", {"Range": "bytes=2-5"})),
    case("a range of a text, if unchanged", ask("GET /change/set_etag:t,conditional", {
        "Range": "bytes=2-5", "If-Range": '"other"'})),
    *[
        case(f"a file sent: {way}", f"GET /send-caught/{way}")
        for way in ("path", "attachment", "unicode", "quoted", "missing", "text", "open")
    ],
    case("the server's file wrapper is used", ask(BYTES, environ={"wsgi.file_wrapper": "yes"})),
    case(
        "the server's file wrapper and a range",
        ask(BYTES, {"Range": "bytes=3-7"}, environ={"wsgi.file_wrapper": "yes"}),
    ),
    case("the server's file wrapper and HEAD", ask("HEAD /static/hello.txt", environ={
        "wsgi.file_wrapper": "yes"})),
    *each(
        "a static file",
        """
        GET /static/hello.txt
        GET /static/page.html
        GET /static/.dotfile
        GET /static/module.js
        GET /static/empty.txt
        GET /static/data.unknown
        GET /static/data.txt.gz
        GET /static/with%20space.txt
        GET /static/uml%C3%A4ut.txt
        GET /static/sub/deep.css
        GET /static/sub
        GET /static/sub/
        GET /static/
        GET /static
        GET /static/missing.txt
        GET /static/../app.py
        GET /static/sub/../hello.txt
        GET /static/sub/..%2F..%2Fapp.py
        GET /static//hello.txt
        GET /static/hello.txt/
        GET /static/hello.txt%00
        GET /static/%2Fetc%2Fpasswd
        GET /static/large.txt
        POST /static/hello.txt
        OPTIONS /static/hello.txt
        GET /pages/static/own.txt
        GET /pages/static/hello.txt
        GET /files/hello.txt
        GET /files/sub/../../templates/page.html
        GET /files/nothing
        GET /resource/rb/static/hello.txt
        GET /resource/r/static/hello.txt
        GET /resource/w/static/hello.txt
        GET /resource/rt/static/missing.txt
        """,
    ),
    case(
        "a static file that the client has",
        BYTES,
        ask(BYTES, {"If-None-Match": "<<etag>>"}),
        ask(BYTES, {"If-Modified-Since": "<<last-modified>>"}),
        ask(BYTES, {"If-None-Match": '"other"', "If-Modified-Since": "<<last-modified>>"}),
        ask(BYTES, {"If-None-Match": "W/<<etag>>"}),
        ask(BYTES, {"If-None-Match": "*"}),
        ask(BYTES, {"If-Match": '"other"'}),
        ask(BYTES, {"If-Match": "<<etag>>"}),
        ask(BYTES, {"If-Modified-Since": "Wed, 21 Oct 2015 07:28:00 GMT"}),
        ask(BYTES, {"If-Unmodified-Since": "Wed, 21 Oct 2015 07:28:00 GMT"}),
        ask(BYTES, {"If-Modified-Since": "rubbish"}),
        ask("HEAD /static/hello.txt", {"If-None-Match": "<<etag>>"}),
        ask(BYTES, {"Range": "bytes=0-3", "If-Range": "<<etag>>"}),
        ask(BYTES, {"Range": "bytes=0-3", "If-Range": '"other"'}),
        ask(BYTES, {"Range": "bytes=0-3", "If-Range": "<<last-modified>>"}),
    ),
    ranged("a range", "bytes=0-4"),
    ranged("a range to the end", "bytes=30-"),
    ranged("the last bytes", "bytes=-5"),
    ranged("more last bytes than there are", "bytes=-500"),
    ranged("a range over the end", "bytes=30-500"),
    ranged("a range beyond the end", "bytes=500-600"),
    ranged("no bytes at all", "bytes=-0"),
    ranged("two ranges", "bytes=0-1,4-5"),
    ranged("a malformed range", "bytes=a-b"),
    ranged("a range backwards", "bytes=5-1"),
    ranged("another unit", "items=0-1"),
    ranged("a range without a unit", "0-4"),
    ranged("a range of an empty file", "bytes=0-0", "GET /static/empty.txt"),
    ranged("a range of a large file", "bytes=8000-16999", "GET /static/large.txt"),
    ranged("a range and HEAD", "bytes=0-4", "HEAD /static/hello.txt"),
    ranged("a range of a file in memory", "bytes=0-4", "GET /send/memory"),
    ranged("a range of a named file in memory", "bytes=0-4", "GET /send/memory_named"),
    ranged("a range of an unconditional file", "bytes=0-4", "GET /send/no_conditional"),
    *each(
        "a stream",
        """
        GET /stream/plain/0
        GET /stream/plain/3
        GET /stream/plain/3?fail=0
        GET /stream/plain/3?fail=2
        GET /stream/context/3
        GET /stream/context/3?fail=0
        GET /stream/context/3?fail=2
        POST /stream/context/3
        """,
    ),
    *[
        case(f"an abandoned stream: {path} after {take}", ask(f"GET /stream/{path}", take=take))
        for path in ("plain/5", "context/5", "decorated", "reads_with", "closing")
        for take in (0, 1, 2)
    ],
    case("a stream with the session of before", "GET /stream/reads_with", "GET /stream/reads_with"),
    *[
        case(f"a template streamed and abandoned after {take}", ask(
            "GET /template/stream/page.html", take=take))
        for take in (0, 1)
    ],
    *each(
        "a template",
        """
        GET /template/file/page.html?name=%3Cb%3E%26%22'
        GET /template/file/missing.html
        GET /template/file/../app.py
        GET /template/file/sub/../page.html
        GET /template/list?t=missing.html&t=text.txt
        GET /template/list?t=missing.html&t=missing.txt
        GET /template/object
        GET /template/string/flashed?flash=saved
        GET /template/string/macro?name=%22%3E
        GET /template/text?source={{7*7}}
        GET /template/text?source={{%20x
        GET /template/text?source={{%20g.missing%20}}
        GET /template/text?source={{%20url_for(%27nothing%27)%20}}
        GET /template/text?source={{%20''.__class__.__mro__%20}}
        GET /template/text?source={%25%20extends%20'base.html'%20%25}
        GET /template/text?source={{'blue'%20is%20blue}}{{'a'|bracketed}}{{from_pages()}}
        GET /template/overriding
        GET /template/attribute
        GET /template/outside
        GET /template/environment
        GET /pages/here
        GET /pages/file/own.html
        GET /pages/file/shared.html
        GET /pages/file/page.html
        GET /pages/string/processor
        GET /pages/string/blueprint
        GET /template/file/shared.html
        GET /template/file/own.html
        """,
    ),
    case("a request that names a content type for JSON", ask("GET /json/encode/dict/unsorted", {
        "Accept": "application/json"})),
]
# fmt: on
