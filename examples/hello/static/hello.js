"use strict";

const form = document.getElementById("shout");
const shouted = document.getElementById("shouted");
const scheme = location.protocol === "https:" ? "wss:" : "ws:";
let socket = null;

// The connection opens with the first message.
function connect() {
  return new Promise((resolve, reject) => {
    const opened = new WebSocket(`${scheme}//${location.host}${form.dataset.path}`);
    opened.onopen = () => resolve(opened);
    opened.onerror = () => reject(new Error("no connection"));
    opened.onmessage = (event) => { shouted.textContent = event.data; };
    opened.onclose = () => { socket = null; };
  });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const input = document.getElementById("text");
  try {
    socket ??= await connect();
    socket.send(input.value);
    input.value = "";
  } catch {
    shouted.textContent = "The server does not answer. Is the package wsproto installed?";
  }
});

const ticks = document.getElementById("ticks");
const source = new EventSource(ticks.dataset.path);
source.addEventListener("tick", (event) => {
  const { number, time } = JSON.parse(event.data);
  ticks.textContent = `Event ${number}, sent at ${time}`;
});
source.onerror = () => { ticks.textContent = "The connection is lost; the browser reconnects."; };
