"use strict";
const byId = (id) => document.getElementById(id);

function announce(text) {
  byId("status").textContent = text;
}

async function copyText() {
  const text = byId("text").textContent;
  try {
    await navigator.clipboard.writeText(text);
    announce("Copied.");
  } catch {
    // Without HTTPS on another host there is no clipboard: select the text instead.
    byId("text").closest("details").open = true;
    getSelection().selectAllChildren(byId("text"));
    announce("The text is selected. Press Ctrl+C to copy it.");
  }
}
byId("copy").addEventListener("click", copyText);

byId("unfold").addEventListener("click", () => {
  const all = [...document.querySelectorAll("main details")];
  const open = !all.every((each) => each.open);
  all.forEach((each) => { each.open = open; });
  byId("unfold").setAttribute("aria-pressed", String(open));
});

// The interactive console, on the development server only. Werkzeug's debugger runs the commands.
const settings = document.querySelector("[data-secret]");
let isTrusted = settings?.dataset.trusted === "yes";

function ask(parameters) {
  const query = new URLSearchParams({ __debugger__: "yes", s: settings.dataset.secret, ...parameters });
  return fetch(`?${query}`);
}

function unlock() {
  return new Promise((resolve) => {
    const dialog = byId("pin");
    ask({ cmd: "printpin" });
    const form = dialog.querySelector("form");
    const problem = byId("pin-problem");
    problem.textContent = "";
    form.onsubmit = async (event) => {
      event.preventDefault();
      const answer = await ask({ cmd: "pinauth", pin: form.elements.pin.value });
      const { auth, exhausted } = answer.ok ? await answer.json() : {};
      if (auth) {
        isTrusted = true;
        dialog.close();
      } else {
        problem.textContent = exhausted ? "Too many attempts. Restart the server." : "This is not the PIN.";
        form.elements.pin.select();
      }
    };
    dialog.onclose = () => resolve(isTrusted);
    dialog.showModal();
  });
}

async function openConsole(button) {
  const box = button.nextElementSibling;
  if (box.hidden && !isTrusted && !(await unlock())) {
    button.focus();
    return;
  }
  box.hidden = !box.hidden;
  button.setAttribute("aria-expanded", String(!box.hidden));
  if (!box.hidden) box.querySelector("input").focus();
}

async function runCommand(form) {
  const box = form.closest(".console-box");
  const input = form.elements.command;
  const answer = await ask({ cmd: input.value, frm: box.dataset.frame });
  const output = box.querySelector(".output");
  if (answer.ok && answer.headers.get("Content-Type")?.startsWith("text/html")) {
    const part = document.createElement("div");
    part.innerHTML = await answer.text(); // escaped by Werkzeug; the policy of this page allows no scripts
    output.append(part);
  } else {
    output.append(`The debugger refused the command (${answer.status}).\n`);
  }
  output.scrollTop = output.scrollHeight;
  (box.history ??= []).push(input.value);
  box.place = box.history.length;
  input.value = "";
}

document.querySelectorAll(".console > button").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => openConsole(button));
});
document.querySelectorAll(".console-box form").forEach((form) => {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    runCommand(form);
  });
  form.elements.command.addEventListener("keydown", (event) => {
    const box = form.closest(".console-box");
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !box.history) return;
    event.preventDefault();
    box.place = Math.min(Math.max(box.place + step, 0), box.history.length);
    event.target.value = box.history[box.place] ?? "";
  });
});
byId("pin-cancel")?.addEventListener("click", () => byId("pin").close());
