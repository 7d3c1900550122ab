"use strict";

const SECONDS = Number(document.body.dataset.seconds);
const SVG = "http://www.w3.org/2000/svg";
const chart = document.getElementById("chart");
const samples = new Map(); // process -> [{at, requests}]
const order = []; // processes in the order in which they appeared; it gives each its color
const byId = (id) => document.getElementById(id);

function add(sample) {
  if (!samples.has(sample.process)) {
    samples.set(sample.process, []);
    order.push(sample.process);
  }
  const known = samples.get(sample.process);
  if (!known.length || known.at(-1).at < sample.at) known.push(sample);
}

async function readRecent() {
  const answer = await fetch("/recent");
  for (const sample of await answer.json()) add(sample);
  draw();
}

function forget(newest) {
  for (const [process, known] of samples) {
    while (known.length && known[0].at < newest - SECONDS - 2) known.shift();
    if (!known.length) samples.delete(process);
  }
}

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function step(highest) { // of the grid: 1, 2 or 5 times a power of ten
  const rough = Math.max(highest, 4) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
}

function draw() {
  const now = Date.now() / 1000;
  forget(now);
  const { width, height } = chart.getBoundingClientRect();
  const left = 40, right = width - 4, top = 8, bottom = height - 26;
  const highest = Math.max(1, ...[...samples.values()].flat().map((each) => each.requests));
  const unit = step(highest), limit = Math.ceil(highest / unit) * unit;
  const x = (at) => right - ((now - at) / SECONDS) * (right - left);
  const y = (value) => bottom - (value / limit) * (bottom - top);

  const grid = [];
  for (let value = 0; value <= limit; value += unit) {
    grid.push(element("line", { x1: left, x2: right, y1: y(value), y2: y(value) }));
    grid.push(element("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, value));
  }
  for (let ago = 0; ago <= SECONDS; ago += 15) {
    const anchor = ago === 0 ? "end" : ago === SECONDS ? "start" : "middle";
    grid.push(element("text", { x: x(now - ago), y: height - 4, "text-anchor": anchor }, ago ? `−${ago} s` : "now"));
  }
  byId("grid").replaceChildren(...grid);
  byId("lines").replaceChildren(...[...samples].map(([process, known]) => {
    const points = known.filter((each) => each.at >= now - SECONDS).map((each) => `${x(each.at).toFixed(1)},${y(each.requests).toFixed(1)}`);
    return element("path", { d: points.length ? `M${points.join("L")}` : "M0,0", style: `stroke: ${color(process)}` });
  }));
  write();
}

const color = (process) => `var(--c${order.indexOf(process) % 8})`;

function write() {
  const perSecond = new Map();
  for (const known of samples.values())
    for (const each of known) perSecond.set(Math.floor(each.at), (perSecond.get(Math.floor(each.at)) ?? 0) + each.requests);
  let total = 0;
  const rows = [...samples].map(([process, known]) => {
    const values = known.map((each) => each.requests);
    const average = values.reduce((sum, each) => sum + each, 0) / values.length;
    total += values.at(-1);
    const row = document.createElement("tr");
    const title = document.createElement("th");
    const key = document.createElement("span");
    title.scope = "row";
    key.className = "key";
    key.style.background = color(process);
    title.append(key, String(process));
    row.append(title, ...[values.at(-1), average.toFixed(1), Math.max(...values)].map((value) => {
      const cell = document.createElement("td");
      cell.textContent = value;
      return cell;
    }));
    return row;
  });
  byId("rows").replaceChildren(...rows);
  byId("now").textContent = total;
  byId("peak").textContent = Math.max(0, ...perSecond.values());
  byId("processes").textContent = samples.size;
  byId("chart-text").textContent = `${samples.size} processes, ${total} requests in the last second. The table has the values.`;
}

const source = new EventSource("/load");
source.onopen = () => { byId("state").textContent = "Live"; readRecent(); };
source.onerror = () => { byId("state").textContent = "Connection lost. Connecting again …"; };
source.onmessage = (event) => add(JSON.parse(event.data));
source.addEventListener("resync", readRecent);
setInterval(draw, 1000);
addEventListener("resize", draw);

byId("work").addEventListener("click", async (event) => {
  event.target.disabled = true;
  for (let batch = 0; batch < 10; batch++)
    await Promise.all(Array.from({ length: 20 }, () => fetch("/work", { cache: "no-store" })));
  event.target.disabled = false;
});
