"""openapi-typescript makes types of the document, and a client that uses them compiles."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from checked_app import app as small_app
from checked_shop import made_shop
from serving import load_app, urls_of

from flask import Flask

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("npm") is None, reason="node and npm are not installed"),
]

TOOLS = Path(__file__).parents[3] / ".cache" / "api-checks"
PACKAGES = ("openapi-typescript@7", "openapi-fetch@0.14", "typescript@5")

CLIENT = """
import createClient from "openapi-fetch";
import type { components, paths } from "./api";

const client = createClient<paths>({ baseUrl: "/" });
type Order = components["schemas"]["Order"];

export async function place(name: string): Promise<Order> {
  const { data, error } = await client.POST("/orders/", {
    params: { header: { "trace-id": "a" } },
    body: { name, items: [{ type: "tea", grams: 100 }, { type: "cup", color: "red" }] },
  });
  if (error) {
    throw new Error("errors" in error ? error.errors[0].code : error.title);
  }
  return data;
}

export async function total(page: number): Promise<number> {
  const { data } = await client.GET("/orders/", { params: { query: { page, size: 5 } } });
  return data ? data.total + data.items.filter((order) => order.note === null).length : 0;
}

export async function rename(id: number): Promise<string | undefined> {
  const { data, response } = await client.PATCH("/orders/{id}", {
    params: { path: { id } },
    body: { note: null },
    headers: { "Content-Type": "application/merge-patch+json" },
  });
  await client.DELETE("/orders/{id}", { params: { path: { id } } });
  return response.ok ? data?.name : undefined;
}
"""

SHOP_CLIENT = """
import createClient from "openapi-fetch";
import type { components, paths } from "./api";

const client = createClient<paths>({ baseUrl: "/", headers: { Authorization: "Bearer 1.x" } });
type Schemas = components["schemas"];

export async function order(payment: Schemas["NewOrder"]["payment"]): Promise<string> {
  const body = { lines: [{ product_id: 1, count: 2 }], payment };
  const { data, error, response } = await client.POST("/v2/orders/", { body });
  if (data) {
    return data.payment.method === "card" ? data.payment.token : data.state;
  }
  return "left" in error ? `${error.left} left` : `${error.title} ${response.status}`;
}

export async function names(q: string): Promise<string[]> {
  const { data } = await client.GET("/v2/products/", { params: { query: { q, size: 50 } } });
  const page: Schemas["Page_Product"] | undefined = data;
  return page ? page.items.map((product) => product.name) : [];
}

export async function rename(id: number, name: string): Promise<void> {
  const params = { path: { id } };
  const headers = { "Content-Type": "application/merge-patch+json" };
  await client.PATCH("/v2/products/{id}", { params, headers, body: { name, description: null } });
}

export const voucher = () => order({ method: "voucher", code: "TEA-2030" });
export const card = () => order({ method: "card", token: "tok_4242" });
"""

MISTAKES = {
    "a wrong path": 'client.GET("/order/", {});',
    "a missing field": 'client.POST("/orders/", { body: { note: "x" } });',
    "a value that the enum does not have": (
        'client.POST("/orders/", { body: { name: "a", items: [{ type: "cup", color: "x" }] } });'
    ),
    "a wrong tag": 'client.POST("/orders/", { body: { name: "a", items: [{ type: "pot" }] } });',
    "null for a field that is not nullable": (
        'client.PATCH("/orders/{id}", { params: { path: { id: 1 } }, body: { name: null } });'
    ),
}


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, check=False, cwd=folder, text=True)


@pytest.fixture(scope="module")
def tools() -> Path:
    """The folder with the installed packages. The first run needs the network."""
    binaries = TOOLS / "node_modules" / ".bin"
    if not (binaries / "tsc").exists():
        TOOLS.mkdir(parents=True, exist_ok=True)
        (TOOLS / "package.json").write_text('{"private": true}')
        done = run(TOOLS, "npm", "install", "--no-audit", "--no-fund", *PACKAGES)
        if done.returncode != 0:
            pytest.skip(f"npm could not install {', '.join(PACKAGES)}: {done.stderr[-300:]}")
    return binaries


def compile_client(
    folder: Path, tools: Path, app: Flask, client: str, url: str = "/openapi.json"
) -> str:
    """Return what the compilers report; nothing if the client compiles."""
    (folder / "node_modules").symlink_to(tools.parent)
    (api,) = (each for each in app.extensions["flask.api"] if each.url == url)
    (folder / "openapi.json").write_text(json.dumps(api.document(app)))
    # Fields with a default are optional, as the document says. Otherwise requests need them.
    arguments = ("openapi.json", "--output", "api.d.ts", "--default-non-nullable=false")
    made = run(folder, str(tools / "openapi-typescript"), *arguments)
    assert made.returncode == 0, made.stdout + made.stderr
    (folder / "client.ts").write_text(client)
    options = ("--strict", "--noEmit", "--module", "nodenext", "--target", "es2022")
    libraries = ("--lib", "es2022,dom,dom.iterable")
    done = run(folder, str(tools / "tsc"), *options, *libraries, "client.ts", "api.d.ts")
    assert bool(done.stdout) is bool(done.returncode), done.stderr
    return done.stdout


def test_a_client_compiles(tools: Path, tmp_path: Path) -> None:
    """Item 15."""
    assert compile_client(tmp_path, tools, small_app, CLIENT) == ""


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_a_client_does_not_compile(tools: Path, tmp_path: Path, mistake: str) -> None:
    found = compile_client(tmp_path, tools, small_app, CLIENT + mistake)
    assert found.count("error TS") == 1, found


@pytest.mark.skipif(not os.environ.get("API_CHECKS_APP"), reason="no other application is checked")
def test_the_types_of_the_chosen_application_compile(tools: Path, tmp_path: Path) -> None:
    """Item 15."""
    app = load_app()
    client = 'import type { paths } from "./api";\nexport const known: (keyof paths)[] = [];\n'
    for place, url in enumerate(urls_of(app, "url")):
        folder = tmp_path / str(place)
        folder.mkdir()
        assert compile_client(folder, tools, app, client, url) == ""


def test_a_client_of_the_shop_compiles(tools: Path, tmp_path: Path) -> None:
    """Item 15."""
    with made_shop() as app:
        assert compile_client(tmp_path, tools, app, SHOP_CLIENT, "/v2/openapi.json") == ""
