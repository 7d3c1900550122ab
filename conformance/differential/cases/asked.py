"""Cases of the request: what it tells, and its body read in many ways."""

from __future__ import annotations

from .build import BOUNDARY, Case, ask, case, part

SEEN = "GET /echo/attributes/args"

FORM = {"a": ["1", "2"], "b": "gr\u00fc\u00df", "": "unnamed"}
PARTS = [
    part("a", "text"),
    part("a", "more"),
    part("f", "file content", "f.txt", "Content-Type: text/plain", "X-Part: yes"),
    part("\u00fc", "\u2603", "\u00fc.bin"),
]
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


def body(name: str, steps: str, **request: object) -> Case:
    """A case whose body is read by these steps."""
    return case(name, ask(f"POST /echo/body/{steps}", **request))  # type: ignore[arg-type]


# fmt: off
CASES: list[Case] = [
    case("a bare request tells every attribute", SEEN),
    case("a query is parsed", SEEN + "?a=1&a=2&b&c=&=d&e=%20+%C3%BC&f;g&&h==i"),
    *[case(f"a query of empty pairs: {query}", SEEN + "?" + query)
      for query in ("=&", "&=", "&&", "a&&b", "=", "&", "a=&", "&a", "==", "=&=", "?", "a=1&")],
    case("a query with bytes that are not UTF-8, escaped", SEEN + "?a=%FF&%FE=1"),
    case(
        "a query with raw bytes that are not UTF-8",
        ask(SEEN, environ={"QUERY_STRING": "a=\xff&\xfe=1"}),
    ),
    case("a query with raw UTF-8", ask(SEEN, environ={"QUERY_STRING": "a=\xc3\xbc"})),
    case("a query argument asked as a number", SEEN.replace("args", "method") + "?n=1&n=x&n=3"),
    case(
        "every header that has a meaning",
        ask(
            SEEN,
            {
                "Accept": "text/html;q=0.5, application/json, */*;q=0.1",
                "Accept-Language": "de, en;q=0.7",
                "Accept-Encoding": "gzip, br;q=0",
                "Accept-Charset": "utf-8",
                "Authorization": "Basic YWRhOnB3Onh4",
                "Cache-Control": "no-cache, max-age=5",
                "Pragma": "no-cache",
                "If-Match": '"a", W/"b"',
                "If-None-Match": "*",
                "If-Modified-Since": "Wed, 21 Oct 2015 07:28:00 GMT",
                "If-Unmodified-Since": "no date",
                "If-Range": '"etag"',
                "Range": "bytes=0-4,-3",
                "Date": "Wed, 21 Oct 2015 07:28:00 GMT",
                "User-Agent": "Agent/1.0 (X)",
                "Referer": "http://localhost/from?here",
                "Origin": "https://origin.example",
                "Max-Forwards": "5",
                "X-Forwarded-For": "10.0.0.1, 10.0.0.2",
                "Access-Control-Request-Method": "PUT",
                "Access-Control-Request-Headers": "X-A, X-B",
                "Content-Encoding": "gzip",
                "Content-MD5": "abc",
            },
        ),
    ),
    *[
        case(f"the header {name}: {value}", ask(f"GET /echo/attributes/{attribute}", {name: value}))
        for attribute, name, value in [
            ("authorization", "Authorization", "Bearer abc.def"),
            ("authorization", "Authorization", "Basic not-base64!"),
            ("authorization", "Authorization", 'Digest username="u", realm="r"'),
            ("authorization", "Authorization", ""),
            ("range", "Range", "bytes=5-1"),
            ("range", "Range", "items=0-1"),
            ("content_type", "Content-Type", "Text/HTML; Charset=Latin-1; x"),
            ("is_json", "Content-Type", "application/problem+json"),
            ("is_json", "Content-Type", "application/json; charset=latin-1"),
            ("max_forwards", "Max-Forwards", "five"),
            ("cookies", "Cookie", 'a=1; b="x y"; c; a=2; d=\xfc; =e; f="\\303\\274"'),
            ("cookies", "Cookie", ";;; a = b ; c=d=e"),
            ("cookies", "Cookie", "a=b,c=d"),
            ("host", "Host", "LOCALHOST:80"),
            ("host", "Host", "example.org:443"),
            ("host", "Host", "[::1]:5000"),
            ("host", "Host", "exa mple"),
            ("host", "Host", "user@example.org"),
            ("host", "Host", "example.org:0"),
            ("host", "Host", "example.org:99999"),
            ("host", "Host", "..example..org"),
            ("host", "Host", "a" * 5000),
            ("host", "Host", "b\u00fccher.example".encode().decode("latin-1")),
            ("host", "Host", "example.org/path"),
            ("if_modified_since", "If-Modified-Since", "Sun, 31 Feb 2015 07:28:00 GMT"),
            ("accept_mimetypes", "Accept", ";;q=,text/html;level=1;q=0.4"),
        ]
    ],
    case(
        "the same header twice",
        ask(SEEN, [("X-A", "1"), ("X-A", "2"), ("Cookie", "a=1"), ("Cookie", "b=2")]),
    ),
    case("no Host header", ask(SEEN, environ={"HTTP_HOST": None})),
    case(
        "no Host header and a port of its own",
        ask(SEEN, environ={"HTTP_HOST": None, "SERVER_PORT": "8080", "SERVER_NAME": "srv"}),
    ),
    case("a mounted app", ask(SEEN + "?x=1", environ={"SCRIPT_NAME": "/m\xc3\xbc"})),
    case("no remote address", ask(SEEN, environ={"REMOTE_ADDR": None, "REMOTE_USER": "ada"})),
    case("https on its own port", ask(SEEN, environ={"wsgi.url_scheme": "https",
        "SERVER_PORT": "443"})),
    case("a URL with everything that needs care",
        ask("GET /path/%C3%BC%20%25%3F%23/x?q=%C3%BC%20+%25")),
    case("the request object in the hand", "GET /echo/hands"),
    body("a form", "form,data,values,get_data", form=FORM),
    body("a form after the data", "get_data,form,data", form=FORM),
    body("a form, then the data", "form,get_data,stream", form=FORM),
    body("a form read as a stream first", "stream,form", form=FORM),
    body("a form parsed by get_data", "parsed_data,form", form=FORM),
    body("a form without a length", "form,data", form=FORM, length=None),
    body("a form with broken escapes", "form", body="a=%FF&b=%zz&c=%C3&d", headers={
        "Content-Type": "application/x-www-form-urlencoded"}),
    body("a form in another charset", "form", body=b"a=\xfc", headers={
        "Content-Type": "application/x-www-form-urlencoded; charset=latin-1"}),
    case("a form is no value of a GET", ask("GET /echo/body/values,form", form=FORM)),
    case("a form is a value of a DELETE", ask("DELETE /echo/body/values?q=1", form=FORM)),
    body("a multipart form", "form,files,data,get_data", parts=PARTS),
    body("a multipart form after the data", "get_data,form,files", parts=PARTS),
    body("a file with a path in its name", "files", parts=[
        part("f", "x", "../../etc/passwd"), part("g", "y", "C:\\\\a\\\\b.txt"), part("h", "z",
            "")]),
    body("a part without a name", "form,files", parts=["--the-boundary\r\n\r\nbare\r\n"]),
    body("a part in a charset of its own", "form", parts=[
        part("a", "\u00fc", None, "Content-Type: text/plain; charset=latin-1")]),
    body("a multipart form without its end", "form,files", body=part("a", "cut"), headers={
        "Content-Type": MULTIPART}),
    body("a multipart form without a boundary", "form,files", parts=PARTS, headers={
        "Content-Type": "multipart/form-data"}),
    body("a multipart form with another boundary", "form,files", parts=PARTS, headers={
        "Content-Type": "multipart/form-data; boundary=other"}),
    body("a multipart form with a quoted boundary", "form", parts=PARTS, headers={
        "Content-Type": f'multipart/form-data; boundary="{BOUNDARY}"'}),
    body("a file large enough for the disk", "files", parts=[part("f", "x" * 600_000, "big")]),
    body("a text field that is too large", "form", parts=[part("a", "x" * 500_001)]),
    body("a large form that is not multipart", "form", form={"a": "x" * 600_000}),
    body("more parts than allowed", "form", parts=[part("a", "1")] * 1001),
    body("a limit of its own for the memory", "max_memory:10,form", parts=PARTS),
    body("a limit of its own for the parts", "max_parts:2,form", parts=PARTS),
    body("a limit of its own for the length", "max_content:5,data", body="more than five"),
    body("a limit lifted", "max_content:none,max_content_now,data", body="any"),
    body("JSON", "json,get_json,data,get_data", json={"b": [1, {"c": None}], "a": "\u00fc"}),
    body("JSON read twice without a cache", "uncached,uncached,json", json=[1]),
    body("JSON null", "json,silent,force", json=None, body="null", headers={
        "Content-Type": "application/json"}),
    body("empty JSON", "json,silent", headers={"Content-Type": "application/json"}),
    body("malformed JSON", "json,silent,json,force", body="{'a': 1}", headers={
        "Content-Type": "application/json"}),
    body("JSON of another type", "json,silent,force", body='{"a": 1}', headers={
        "Content-Type": "text/plain"}),
    body("JSON without a type", "json,silent,force_silent", body="[1]"),
    body("JSON with NaN", "json", body='{"a": NaN}', headers={"Content-Type": "application/json"}),
    body("JSON with a byte order mark", "json", body=b"\xef\xbb\xbf[1]", headers={
        "Content-Type": "application/json"}),
    body("JSON in UTF-16", "json", body="[1]".encode("utf-16"), headers={
        "Content-Type": "application/json"}),
    body("JSON with bytes that are not UTF-8", "json", body=b'"\xff"', headers={
        "Content-Type": "application/json"}),
    body("JSON with the same key twice", "json", body='{"a": 1, "a": 2}', headers={
        "Content-Type": "application/json"}),
    body("JSON nested very deep", "json", body="[" * 100_000, headers={
        "Content-Type": "application/json"}),
    case("JSON that is wrong leaves the view", ask("POST /echo/strict/json", body="{", headers={
        "Content-Type": "application/json"})),
    case("JSON of a wrong type leaves the view", ask("POST /echo/strict/json", body="{}")),
    case("JSON decoded by flask.json", ask("POST /json/decode", json={"b": 1, "a": [None, 1.5]})),
    case("JSON decoded by flask.json, malformed", ask("POST /json/decode", body=b"{\xff")),
    case("a missing key leaves the view", "GET /echo/strict/missing_arg"),
    case("a missing form key leaves the view", ask("POST /echo/strict/missing_form", form=FORM)),
    body("missing keys", "missing_arg,missing_form,missing_file,missing_cookie,missing_header"),
    body("a text field asked as a file", "text_as_file", form={"a": "1"}),
    body("a multipart text field asked as a file", "text_as_file", parts=PARTS),
    body("text with bytes that are not UTF-8", "text,data", body=b"a\xffb"),
    body("lines", "line,line,lines", body="one\ntwo\nthree\nfour"),
    body("a stream in small pieces", "stream:2,stream:3,stream,stream", body="0123456789"),
    body("the raw input", "input,data", body="0123456789"),
    body("a shorter body than announced", "data", body="short", length="50"),
    body("a shorter form than announced", "form", form=FORM, length="500"),
    body("a longer body than announced", "data", body="0123456789", length="4"),
    body("a body of announced length zero", "data", body="0123456789", length="0"),
    *[
        body(f"a Content-Length of {length!r}", "data", body="0123456789", length=length)
        for length in ("-5", "+5", "abc", "", " 5", "5 ", "5.0", "0x5", "\u0665", "9" * 30)
    ],
    body("a chunked body", "data", body="chunked", length=None, environ={
        "wsgi.input_terminated": "yes", "HTTP_TRANSFER_ENCODING": "chunked"}),
    body("a chunked body with a length", "data", body="chunked", length="3", environ={
        "wsgi.input_terminated": "yes"}),
    body("a chunked body over a limit", "max_content:3,data", body="chunked", length=None, environ={
        "wsgi.input_terminated": "yes"}),
    case("an unread body is left alone", ask("POST /echo/unread", body="left", length="100")),
    case("the bytes back", ask("PUT /echo/plain", body=bytes(range(256)))),
    body("closing the request by hand", "files,close,files", parts=PARTS),
    case("limits hold: too long", ask("POST /echo/body/data", body="x" * 1001), config="limits"),
    case("limits hold: too long, unread", ask("POST /echo/unread", body="x" * 1001),
        config="limits"),
    case("limits hold: too long, form", ask("POST /echo/strict/form", form={"a": "x" * 1001}),
        config="limits"),
    case("limits hold: too many parts", ask("POST /echo/strict/form", parts=PARTS),
        config="limits"),
    case("limits hold: too much memory", ask("POST /echo/strict/form", parts=[
        part("a", "x" * 201)]), config="limits"),
    case("limits hold: the rest of the part counts", ask("POST /echo/body/form", parts=[
        part("a", "x" * 150)]), config="limits"),
    case("limits hold: chunked and too long", ask("POST /echo/body/data", body="x" * 1001,
        length=None,
        environ={"wsgi.input_terminated": "yes"}), config="limits"),
    case("limits hold: lifted for one request", ask("POST /echo/body/max_content:none,data",
        body="x" * 1001), config="limits"),
]
# fmt: on
