"""Cases of routing: converters, slashes, methods, redirects, built URLs."""

from __future__ import annotations

from .build import Case, ask, case, each

CASES: list[Case] = [
    *each(
        "a converter decides what matches",
        """
        GET /
        GET /string/abc
        GET /string/a%20b
        GET /string/caf%C3%A9
        GET /string/%FF%FE
        GET /string/a%2Fb
        GET /string/a;b+c
        GET /string/
        GET /length/ab
        GET /length/abc
        GET /lengths/a
        GET /lengths/abcd
        GET /int/7
        GET /int/007
        GET /int/-7
        GET /int/%D9%A3%D9%A4
        GET /int/99999999999999999999999999
        GET /int/1_0
        GET /int/%2B1
        GET /signed/-7
        GET /signed/7
        GET /fixed/007
        GET /fixed/07
        GET /ranged/5
        GET /ranged/51
        GET /float/1.5
        GET /float/1
        GET /float/1.
        GET /float/-1.5
        GET /signed-float/-1.5
        GET /signed-float/9.5
        GET /signed-float/0.25
        GET /any/red
        GET /any/deep%20blue
        GET /any/yellow
        GET /uuid/00000000-0000-0000-0000-000000000005
        GET /uuid/00000000-0000-0000-0000-00000000000G
        GET /uuid/A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11
        GET /path/a/b/c
        GET /path/a/
        GET /path/
        GET /path/a/b/edit
        GET /path/edit
        GET /path/a//b
        GET /list/a+b+c
        GET /list/a++c
        GET /even/4
        GET /even/5
        GET /two/a/b/end
        GET /two/a/end
        GET /pair/a-1
        GET /pair/a-b-2
        GET /pair/a-b
        GET /file/a.tar.gz
        GET /file/.gz
        GET /caf%C3%A9/x
        GET /caf%E9/x
        GET /a+b;c=d/(e)
        GET /with%20space/x
        GET /deep/1/2/3/4
        GET /deep/1/2/3/
        """,
    ),
    *each(
        "the more special rule wins",
        """
        GET /pick/word
        GET /pick/12
        GET /pick/other
        GET /pick/00000000-0000-0000-0000-000000000005
        GET /pick/a/b
        GET /pick/word/
        GET /page/1
        GET /page/2
        GET /page/
        GET /page
        GET /stacked
        GET /stacked/none
        GET /stacked/x
        """,
    ),
    *each(
        "slashes redirect, merge or miss",
        """
        GET /slash
        GET /slash/
        GET /slash?a=1&b=%20
        HEAD /slash
        POST /slash
        OPTIONS /slash
        GET /exact/
        GET /exact//
        GET //exact
        GET ///slash
        GET /slash//
        GET /string//abc
        GET //string//abc
        GET /loose
        GET /loose/
        GET /loose-leaf
        GET /loose-leaf/
        GET /un//merged
        GET /un/merged
        POST /post-slash
        GET /post-slash
        PUT /post-slash
        POST /get-post-slash
        DELETE /get-post-slash
        GET /path/a/b/edit/
        GET /caf%C3%A9/x/
        GET /caf%C3%A9//x
        GET /./exact
        GET /../exact
        GET /hooks/..
        """,
    ),
    case("an empty path redirects to the root", ask("GET ")),
    case("an absent path is the root", ask("GET /", environ={"PATH_INFO": None})),
    case("a path without a leading slash still matches", ask("GET exact")),
    case(
        "a mounted app redirects below its mount",
        ask("GET /slash?x=1", environ={"SCRIPT_NAME": "/mounted"}),
    ),
    case(
        "a mount with a trailing slash and a port",
        ask("GET /slash", {"Host": "example.org:8080"}, environ={"SCRIPT_NAME": "/m/"}),
    ),
    case("a redirect keeps the scheme", ask("GET /slash", environ={"wsgi.url_scheme": "https"})),
    case(
        "a redirect keeps a query that is not UTF-8",
        ask("GET /slash", environ={"QUERY_STRING": "a=%FF&b=\xe9"}),
    ),
    case(
        "a redirect from an international host",
        ask("GET /slash", {"Host": "xn--bcher-kva.example"}),
    ),
    *each(
        "methods decide after the path",
        """
        POST /exact
        DELETE /exact
        HEAD /exact
        OPTIONS /exact
        OPTIONS /shared
        OPTIONS /every
        OPTIONS /manual
        OPTIONS /own-options
        OPTIONS /only-post
        OPTIONS /no/such/path
        HEAD /only-post
        HEAD /every
        FOO /exact
        QUERY /shared
        get /exact
        PATCH /shared
        POST /shared
        PUT /shared
        DELETE /shared
        HEAD /shared
        TRACE /every
        PUT /by-function
        PATCH /by-function
        GET /by-function
        POST /short-post
        GET /short-post
        PUT /short-put
        DELETE /short-delete
        PATCH /short-patch
        HEAD /short-get
        """,
    ),
    *each(
        "a rule leads elsewhere",
        """
        GET /old-item/5
        HEAD /old-item/5?x=1
        GET /moved/5
        GET /moved/a%20b
        GET /moved-by/7
        POST /moved/5
        GET /built/5
        GET /socket
        """,
    ),
    case(
        "a websocket rule asked by a websocket handshake",
        ask("GET /socket", {"Connection": "Upgrade", "Upgrade": "websocket"}),
    ),
    case(
        "a plain rule asked by a websocket handshake",
        ask("GET /exact", {"Connection": "Upgrade", "Upgrade": "websocket"}),
    ),
    case("a rule without a function is a crash", "GET /no-function"),
    case("a rule whose function came later is served", "GET /named-later"),
    case("set-up is refused while serving", "GET /", "GET /refused"),
    case("the automatic OPTIONS answer can be asked for", "GET /options-inside"),
    case("the rules of an endpoint are listed", "GET /routing-state"),
    *each(
        "a URL is built",
        """
        GET /build?endpoint=home
        GET /build?endpoint=string&s=a/b%20%C3%BC?%23
        GET /build?endpoint=string&s=x&extra=1&extra=2&none=@none&empty=
        GET /build?endpoint=string&s=x&_anchor=top%20%C3%BC/?
        GET /build?endpoint=string&s=x&_external=true
        GET /build?endpoint=string&s=x&_scheme=https
        GET /build?endpoint=string&s=x&_scheme=https&_external=false
        GET /build?endpoint=string&s=x&_scheme=
        GET /build?endpoint=string
        GET /build?endpoint=string&s=@list
        GET /build?endpoint=string&s=@none
        GET /build?endpoint=string&s=
        GET /build?endpoint=integer&n=@minus
        GET /build?endpoint=integer&n=abc
        GET /build?endpoint=fixed&n=7
        GET /build?endpoint=fixed&n=12345
        GET /build?endpoint=floating&x=@float
        GET /build?endpoint=floating&x=2
        GET /build?endpoint=choice&colour=red
        GET /build?endpoint=choice&colour=yellow
        GET /build?endpoint=uuid&u=@uuid
        GET /build?endpoint=rest&rest=a/b//c%20d
        GET /build?endpoint=rest&rest=@dots
        GET /build?endpoint=listed&items=@list
        GET /build?endpoint=page&page=1
        GET /build?endpoint=page_first&page=1
        GET /build?endpoint=page_first&page=2
        GET /build?endpoint=page&page=2&q=@unicode
        GET /build?endpoint=built_only&n=1
        GET /build?endpoint=item&n=4
        GET /build?endpoint=stacked
        GET /build?endpoint=stacked&n=none
        GET /build?endpoint=shared_post
        GET /build?endpoint=shared_post&_method=POST
        GET /build?endpoint=shared_post&_method=GET
        GET /build?endpoint=static&filename=sub/deep.css
        GET /build?endpoint=pages.static&filename=own.txt
        GET /build?endpoint=pages.where_am_i
        GET /build?endpoint=.exact
        GET /build?endpoint=.nothing
        GET /build?endpoint=strin&s=x
        GET /build?endpoint=elder.thing&a=1
        GET /build?endpoint=languages.told
        GET /build?endpoint=languages.told&lang=fr&n=3
        GET /build?endpoint=languages.nested.told
        GET /build?endpoint=languages.nested.more&kind=k
        GET /build?endpoint=renamed.told
        GET /build?endpoint=renamed.more
        GET /build?endpoint=socket
        GET /build?endpoint=accented&name=%C3%BC
        GET /build?endpoint=punctuation
        GET /build?endpoint=spaced&s=1
        GET /build?endpoint=pair&a=x-y&b=3
        GET /build-by-app?endpoint=page&page=3&_external=true&_anchor=a
        GET /build-by-app?endpoint=nothing
        GET /build-outside?endpoint=page&page=3
        GET /build-raised?endpoint=nothing&a=1
        GET /build-raised?endpoint=integer
        GET /build-error?endpoint=strng&s=1
        GET /build-error?endpoint=page&pag=1
        GET /build-error?endpoint=zzz
        """,
    ),
    case(
        "a URL is built below a mount and on another host",
        ask(
            "GET /build?endpoint=string&s=x&_external=true",
            {"Host": "b\u00fccher.example:8443".encode().decode("latin-1")},
            environ={"SCRIPT_NAME": "/m", "wsgi.url_scheme": "https"},
        ),
    ),
    *each(
        "a blueprint with a language in its prefix",
        """
        GET /en/talk/
        GET /en/talk/5
        GET /en/talk
        GET /en/talk/n/
        GET /en/talk/n/special/more
        GET /renamed/
        GET /renamed/x/more
        """,
    ),
]
