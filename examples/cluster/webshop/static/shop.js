"use strict";
let lastNumber = -1;

function showStock(change) {
  if (change.number < lastNumber) return; // a repeated message
  lastNumber = change.number;
  for (const [item, left] of Object.entries(change.stock))
    document.getElementById(`stock-${item}`).textContent = left;
}

async function fetchStock() {
  showStock(await (await fetch("/stock")).json());
}

async function showCart() {
  const cart = await (await fetch("/cart")).json();
  document.getElementById("cart").textContent =
    cart.lines.map((line) => line[1]).join(", ") || "It is empty.";
}

// The same key is sent again until there is an answer, so nothing is done twice.
async function put(path, body) {
  const url = `${path}/${crypto.randomUUID()}`;
  const headers = { "Content-Type": "application/json" };
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      const response = await fetch(url, { method: "PUT", headers, body: JSON.stringify(body) });
      if (response.status < 500) break;
    } catch {
      // The connection broke.
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  await showCart();
}

for (const button of document.querySelectorAll("[data-item]"))
  button.addEventListener("click", () => put("/cart", { item: button.dataset.item }));
document.getElementById("order").addEventListener("click", () => put("/orders", {}));

const source = new EventSource("/stock/events");
source.onmessage = (event) => showStock(JSON.parse(event.data));
source.addEventListener("resync", fetchStock);
fetchStock();
showCart();
