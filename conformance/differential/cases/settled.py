"""Cases of configuration: debug, hosts, trusted hosts, replaced classes."""

from __future__ import annotations

from .build import Case, ask, case, each

HOSTS = (
    "example.org", "example.org:80", "EXAMPLE.ORG", "api.example.org", "ada.example.org",
    "a.b.example.org", "outer.example.org", "inner.outer.example.org", "else.outer.example.org",
    "other.example", "other.example:8080", "example.org.", "static.example", "localhost",
    "127.0.0.1:5000", "", "x y", "b\xc3\xbccher.example.org",
)  # fmt: skip

# fmt: off
CASES: list[Case] = [
    *[
        case(f"{config}: {path} on {host!r}", ask(f"GET {path}", {"Host": host}), config=config)
        for config, paths in (
            ("subdomains", ("/", "/urls", "/only", "/of-user", "/here", "/slash", "/nothing")),
            ("subdomains_unnamed", ("/", "/only")),
            ("host_matching", ("/", "/urls", "/of-user", "/any", "/slash", "/static/hello.txt")),
        )
        for host in HOSTS
        for path in paths
    ],
    case("host matching: OPTIONS and POST", ask("OPTIONS /", {"Host": "example.org"}),
         ask("POST /", {"Host": "example.org"}), config="host_matching"),
    *[
        case(f"trusted hosts: {host!r} asks {path}", ask(f"GET {path}", {"Host": host}),
            config="trusted")
        for host in ("example.org", "example.org:8080", "www.example.org", "trusted.example",
                     "www.trusted.example", "evil.example", "trusted.example.evil", "", "a b", "..",
                     "EXAMPLE.ORG", "\xc3\xbc.trusted.example", "x@example.org", "example.org:0")
        for path in ("/hooks/view", "/nowhere", "/echo/attributes/host")
    ],
    *[
        case(f"a host that is none, {host[:9]!r}: {line}", ask(line, {"Host": host}))
        for host in ("..", ".a", "a" * 64 + ".example", "a_b", "-", "[::1", "a:b", ":80")
        for line in ("GET /", "OPTIONS /exact", "HEAD /slash", "GET /nowhere",
            "GET /build?endpoint=home")
    ],
    *each(
        "debug",
        """
        GET /nowhere
        GET /slash
        POST /slash
        POST /get-post-slash
        POST /moved/5
        POST /old-item/5
        GET /return/none
        GET /return/tuple_1
        GET /return/int
        GET /json/encode/jsonify/nested
        GET /json/encode/dict/unsorted
        GET /json/encode/dumps/unsorted
        GET /template/file/page.html
        GET /template/file/missing.html
        GET /template/string/syntax
        GET /template/environment
        GET /echo/strict/missing_form
        GET /echo/strict/missing_arg
        GET /echo/strict/text_as_file
        GET /abort/404
        GET /context/nested
        GET /stream/context/3?fail=1
        GET /async/fail/trouble
        GET /change/etag
        """,
        "debug",
    ),
    case("debug: malformed JSON tells why", ask("POST /echo/strict/json", {
        "Content-Type": "application/json"}, body="{'a'"), config="debug"),
    case("debug: a file field sent as text", ask("POST /echo/strict/text_as_file", form={"a": "x"}),
         config="debug"),
    case("debug: a file field sent as text in parts", ask("POST /echo/body/text_as_file,files", {
        "Content-Type": "multipart/form-data; boundary=b"},
        body='--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b--\r\n'),
            config="debug"),
    case("debug: a form key that is missing", ask("POST /echo/strict/missing_form",
        form={"a": "x"}),
         config="debug"),
    *each(
        "settings",
        """
        GET /
        GET /slash
        GET /assets/hello.txt
        HEAD /assets/hello.txt
        GET /assets/missing
        GET /static/hello.txt
        GET /send/max_age
        GET /send/memory
        GET /build?endpoint=string&s=x&_external=true
        GET /build?endpoint=string&s=x&_scheme=http
        GET /build-outside?endpoint=string&s=x
        GET /build-outside?endpoint=string&s=x&_external=false
        GET /build?endpoint=static&filename=hello.txt
        GET /json/encode/dict/unsorted
        GET /json/encode/jsonify/text
        GET /json/encode/jsonify/mixed_keys
        GET /template/file/page.html
        GET /template/file/missing.html
        GET /pages/file/own.html
        GET /template/environment
        GET /template/string/escape
        GET /context/pushed
        GET /context/nested
        GET /echo/attributes/host
        GET /change/cookie_big
        """,
        "settings",
    ),
    *each(
        "a lenient map",
        """
        GET /slash
        GET /slash/
        GET /exact/
        GET /string//abc
        GET /page/1
        OPTIONS /exact
        OPTIONS /own-options
        GET /static/hello.txt
        GET /build?endpoint=string&s=x&b=2&a=1
        GET /build?endpoint=page&page=1
        POST /exact
        GET /class/items/3
        OPTIONS /class/items/3
        """,
        "loose",
    ),
    *each(
        "everything replaced",
        """
        GET /custom/see
        GET /custom/a/b
        GET /custom/x
        HEAD /custom/x
        OPTIONS /custom/x
        POST /custom/x
        GET /custom/number/7
        GET /custom/number/x
        GET /custom/jsonify
        GET /static/hello.txt
        GET /fail/trouble
        GET /fail/lookup
        GET /fail/forbidden
        GET /fail/beyond
        GET /outer/inner/fail/zero
        GET /nowhere
        """,
        "customized",
    ),
    case("everything replaced: JSON", ask("POST /custom/json", json={"a": 1}), config="customized"),
    case("everything replaced: bad JSON", ask("POST /custom/json",
        {"Content-Type": "application/json"},
         body="{"), config="customized"),
    case("everything replaced: too long", ask("POST /custom/json", json=["x" * 600]),
        config="customized"),
    case("everything replaced: mounted", ask("GET /custom/see", {"X-Mount": "/mount"}),
        config="customized"),
    *each(
        "classes tuned in one part each",
        """
        GET /exact
        GET /v1/exact
        GET /v1/nowhere
        GET /return/dict
        GET /return/abort_404
        GET /return/redirect
        GET /change/location:elsewhere
        GET /build?endpoint=string&s=x
        GET /build?endpoint=exact
        """,
        "tuned_classes",
    ),
    case("a session that is always saved",
         "GET /session/view/set:a:1", "GET /exact", "GET /v1/exact", config="tuned_classes"),
    *each(
        "bad requests and HTTP errors trapped",
        """
        GET /nowhere
        POST /exact
        GET /slash
        GET /abort/404
        GET /echo/strict/missing_arg
        GET /echo/strict/json
        GET /return/exception
        GET /return/abort_response
        """,
        "no_secret",
    ),
]
# fmt: on
