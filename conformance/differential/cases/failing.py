"""Cases of failure: errors on all levels, hooks that raise, async ones."""

from __future__ import annotations

from .build import Case, ask, case, each

LEVELS = ("/fail", "/outer/fail", "/outer/inner/fail")
MOMENTS = (
    "preprocess app", "preprocess child", "before app 1", "before app by child", "before parent 2",
    "before child 1", "view", "later", "after child 2", "after parent 1", "after app 1",
    "after app by child", "teardown child 1", "teardown parent 2", "teardown app 1",
    "teardown app by child", "teardown context 1",
)  # fmt: skip


def told(do: str, path: str = "/hooks/parent/child/5", config: str = "hooked") -> Case:
    """A request whose hooks are told what to do."""
    return case(
        f"{config}: {do or 'nothing'} on {path}", ask(f"GET {path}", {"X-Do": do}), config=config
    )


# fmt: off
CASES: list[Case] = [
    *[
        case(f"{config}: {level}/{failure}", f"GET {level}/{failure}", config=config)
        for config in ("handled", "handled_badly")
        for level in LEVELS
        for failure in ("trouble", "deep", "zero", "key", "forbidden", "not_found", "teapot",
            "gone",
                        "server", "server_original", "beyond", "handler_raises", "handler_aborts",
                        "handler_none", "handler_returns_it", "handler_tuple", "key_error_400",
                        "base_http", "coded_http", "redirecting", "lookup", "unprocessable")
    ],
    *[
        case(f"handled_all: {level}/{failure}", f"GET {level}/{failure}", config="handled_all")
        for level in ("/fail", "/outer/inner/fail")
        for failure in ("trouble", "forbidden", "server", "beyond", "redirecting", "zero",
            "base_http")
    ],
    *each(
        "a miss",
        """
        GET /nowhere
        GET /outer/nowhere
        POST /outer/inner/nowhere
        PUT /fail/trouble
        DELETE /outer/inner/fail/zero
        OPTIONS /outer/fail/zero
        GET /abort/404
        GET /abort/405
        GET /abort/418
        GET /abort/413
        """,
        config="handled",
    ),
    *each("a miss with a handler for everything", "GET /nowhere\nPOST /exact\nGET /slash",
        "handled_all"),
    *[
        case(f"abort({code})", f"GET /abort/{code}")
        for code in (100, 200, 302, 400, 401, 402, 403, 405, 407, 419, 421, 425, 429, 431, 451, 500,
                     504, 505, 506, 999)
    ],
    *[
        case(f"{config}: what reaches the server after {failure}", f"GET /fail/{failure}",
            config=config)
        for config in ("main", "debug", "testing", "settings", "no_secret")
        for failure in ("trouble", "chained", "group", "stop", "exit", "generator_exit", "beyond",
                        "forbidden", "key_error_400", "bad_key", "server", "base_http",
                        "redirecting")
    ],
    *[
        case(f"a handler registered for {kind}", f"GET /register-error-handler/{kind}")
        for kind in ("code", "instance", "class", "base", "text")
    ],
    told(""),
    told("", "/hooks/parent/child"),
    told("", "/hooks/parent/twin/3"),
    told("", "/hooks/parent/name"),
    told("", "/hooks/view"),
    told("", "/hooks/nowhere"),
    told("", "/hooks/parent/child/nowhere/else"),
    *[told(f"{moment} raises") for moment in MOMENTS],
    *[told(f"{moment} answers") for moment in MOMENTS if moment.startswith(("before", "view"))],
    *[told(f"{moment} aborts") for moment in MOMENTS if not moment.startswith("teardown")],
    *[told(f"{moment} none") for moment in MOMENTS if moment.startswith(("after", "later"))],
    *[told(f"{moment} replaces") for moment in MOMENTS if moment.startswith("after")],
    told("later runs"),
    told("view raises, after app 1 raises"),
    told("view raises, teardown app 1 raises, teardown context 1 raises"),
    told("teardown child 1 raises, teardown child 2 raises, teardown context 2 raises"),
    told("view aborts, handler 403 raises"),
    told("view aborts, handler 403 aborts"),
    told("view aborts, after app 1 raises"),
    told("before app 1 raises", "/hooks/nowhere"),
    told("before app 1 answers", "/hooks/nowhere"),
    told("after app 2 raises", "/hooks/nowhere"),
    told("preprocess app raises", "/hooks/nowhere"),
    *[
        told(f"{moment} {deed}", config="hooked_async")
        for moment in MOMENTS
        for deed in ("raises", "aborts")
        if not (deed == "aborts" and moment.startswith("teardown"))
    ],
    told("", config="hooked_async"),
    told("", "/hooks/nowhere", config="hooked_async"),
    told("before child 1 answers", config="hooked_async"),
    told("after child 1 none", config="hooked_async"),
    told("view raises, handler HookError raises", config="hooked_async"),
    told("view raises, after app 1 raises", config="hooked_async"),
    *each(
        "async",
        """
        GET /async/view
        GET /async/view/5
        HEAD /async/view
        GET /async/gathered
        GET /async/async_generator
        GET /async/async_coroutine
        GET /async/synced
        GET /async/variable
        GET /async/fail/trouble
        GET /async/fail/forbidden
        GET /async/fail/exit
        GET /async/fail/redirecting
        PUT /class/items/3
        """,
    ),
    *each(
        "a class",
        """
        GET /class/plain
        POST /class/plain
        PUT /class/plain
        OPTIONS /class/plain
        GET /class/greet/x
        GET /class/kept
        GET /class/unfinished
        GET /class/items/3
        HEAD /class/items/3
        POST /class/items/3
        DELETE /class/items/3
        PATCH /class/items/3
        OPTIONS /class/items/3
        GET /class/more/3
        PATCH /class/more/3
        OPTIONS /class/more/3
        GET /class/head
        HEAD /class/head
        PURGE /class/head
        OPTIONS /class/head
        PURGE /class/head-any
        POST /class/limited
        GET /class/limited
        """,
    ),
]
# fmt: on
