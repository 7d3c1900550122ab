"use strict";

const { topic, name } = document.body.dataset;
const list = document.getElementById("messages");
const present = document.getElementById("present");
const state = document.getElementById("state");
const form = document.getElementById("say");
const input = document.getElementById("text");

const AWAY = 50_000; // milliseconds after which a visitor who said nothing is taken from the list
const visitors = new Map();
let lastId = null; // where the next connection resumes
let lastNumber = 0; // the newest message on the page
let lastName = null; // its author
let lastAt = 0;
let pause = 500;
let socket;

function show(message) {
  if (message.number <= lastNumber) return; // the history and the channel overlap
  lastNumber = message.number;
  list.querySelector(".empty")?.remove();
  const item = document.createElement("li");
  const who = document.createElement("div");
  const author = document.createElement("b");
  const time = document.createElement("time");
  const text = document.createElement("span");
  const at = new Date(message.at * 1000);
  author.textContent = message.name;
  time.dateTime = at.toISOString();
  time.textContent = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  text.textContent = message.text;
  text.className = "text";
  who.className = "who";
  who.append(author, time);
  item.append(who, text);
  item.classList.toggle("mine", message.name === name);
  item.classList.toggle("same", message.name === lastName && message.at - lastAt < 120);
  lastName = message.name;
  lastAt = message.at;
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  list.append(item);
  if (atEnd || message.name === name) list.scrollTop = list.scrollHeight;
}

async function readHistory() {
  const answer = await fetch(`/${topic}/messages`);
  for (const message of await answer.json()) show(message);
  if (!list.children.length) {
    const item = document.createElement("li");
    item.className = "empty";
    item.textContent = "No messages yet. Write the first one.";
    list.append(item);
  }
}

function showVisitors() {
  const oldest = Date.now() - AWAY;
  for (const [key, visitor] of visitors) if (visitor.seen < oldest) visitors.delete(key);
  const names = [...new Set([...visitors.values()].map((visitor) => visitor.name))].sort();
  present.replaceChildren(...names.map((each) => {
    const item = document.createElement("li");
    item.textContent = each === name ? `${each} (you)` : each;
    return item;
  }));
}

const receive = {
  async ready(data) {
    const isFirst = lastId === null;
    lastId = data.id ?? lastId;
    pause = 500;
    state.textContent = "Connected";
    if (isFirst) await readHistory();
  },
  message(data) { lastId = data.id; show(data.message); },
  resync(data) { lastId = data.id; return readHistory(); },
  here(data) { visitors.set(data.key, { name: data.name, seen: Date.now() }); showVisitors(); },
  gone(data) { visitors.delete(data.key); showVisitors(); },
};

function connect() {
  const address = new URL(`/${topic}/talk`, location.href);
  address.protocol = location.protocol.replace("http", "ws");
  if (lastId) address.searchParams.set("after", lastId);
  socket = new WebSocket(address);
  socket.onmessage = (event) => { const data = JSON.parse(event.data); receive[data.kind]?.(data); };
  socket.onclose = () => {
    state.textContent = "Connection lost. Connecting again …";
    setTimeout(connect, pause * (0.5 + Math.random() / 2));
    pause = Math.min(pause * 2, 10_000);
  };
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = input.value.trim();
  if (!text || socket.readyState !== WebSocket.OPEN) return;
  socket.send(text);
  input.value = "";
});

setInterval(showVisitors, 10_000);
connect();
