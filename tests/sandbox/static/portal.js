// The portal's page: its tools, the application's place, and what the portal has stored.
"use strict";

const POLL_MS = 1000;
const tools = document.getElementById("tools");
const tag = (id) => document.getElementById(id);
// A record whose card is shown instead of the application, as /?card=lead/2.
const card = new URLSearchParams(location.search).get("card") || "";
let layout = null;
let openings = 0;
let drawn = "";
let newest = null;

async function ask(action, body = {}) {
  const answer = await fetch("/_page/" + action, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user: Number(tools.user.value || 1), ...body }),
  });
  return answer.json();
}

async function open() {
  const number = ++openings;
  const found = await ask("open", { lang: tools.lang.value, card });
  if (number !== openings) return;  // opened anew meanwhile
  if (layout) layout.destroy();
  tag("title").textContent = card ? card.replace("/", " ") : "Trace Relay";
  tag("tabs").hidden = !found.title;
  tag("tab").textContent = found.title || "";
  tag("notice").hidden = !found.notice;
  tag("notice").textContent = found.notice || "";
  tag("record").hidden = !found.record;
  if (found.record) tag("record").replaceChildren(recordCard(found.record));
  layout = found.notice ? null : new AppLayout(found, tag("frame"), host);
  await look();
}

const host = {
  ask,
  reload: open,
  title: (text) => { tag("title").textContent = text; },
  openCard: (record) => location.assign("/?card=" + record),
  async finishInstall(value) {
    await ask("set_installed", { value });
    await open();
  },
};

function draw(state) {
  const text = JSON.stringify([state, tools.user.value]);
  if (text === drawn) return;
  drawn = text;
  const word = state.installed ? "installed" : state.active ? "installation not finished" : "not there";
  tag("domain").textContent = state.domain;
  tag("state").textContent = state.active ? `${word} · active · version ${state.version}` : word;
  tag("state").className = "pill " + (state.installed ? "good" : state.active ? "half" : "none");
  if (!tools.user.options.length) {
    for (const one of state.users) {
      tools.user.add(new Option(one.name + (one.admin ? " (administrator)" : " (ordinary)"), one.id));
    }
  }
  const user = state.users.find((one) => String(one.id) === tools.user.value);
  tools.install.hidden = state.active;
  tools.update.hidden = tag("removal").hidden = !state.active;
  for (const button of [tools.install, tools.update, tools.uninstall]) {
    button.disabled = !user.admin;
    button.title = user.admin ? "" : "Only an administrator can do this";
  }
  drawTraces(state);
}

// A record as a small card, which opens the card with the application's tab.
function recordCard(record) {
  const link = Object.assign(document.createElement("a"), { className: "record", href: "/?card=" + record.card });
  const facts = record.facts.filter((fact) => !record.title.includes(fact)).join(" · ");
  const lines = [["b", record.name], ["i", record.source], ["span", record.title], ["span", facts]];
  for (const [name, textContent] of lines) {
    if (textContent) link.append(Object.assign(document.createElement(name), { textContent }));
  }
  return link;
}

function drawTraces(state) {
  tag("stored").textContent = `What this portal has stored: ${state.stored} ${state.stored === 1 ? "trace" : "traces"}`;
  tag("records").hidden = !state.records.length;
  tag("records").replaceChildren(...state.records.map(recordCard));
  const body = tag("traces");
  body.replaceChildren();
  for (const trace of state.traces) {
    const row = body.insertRow();
    if (newest !== null && trace.id > newest) row.className = "new";
    row.insertCell().textContent = trace.id;
    row.insertCell().textContent = trace.source || "Other traffic";
    row.insertCell().textContent = Object.values(trace.tags).join(" · ") || "–";
    row.insertCell().textContent = trace.pages.join("  →  ") || "–";
    row.lastChild.title = trace.pages.join("\n");
  }
  if (!state.traces.length) {
    const cell = body.insertRow().insertCell();
    cell.colSpan = 4;
    cell.textContent = "Nothing yet. A trace appears here as soon as the application has delivered it.";
  }
  newest = state.traces.length ? state.traces[0].id : 0;
}

async function look() {
  draw(await ask("state"));
}

async function watch() {
  try {
    await look();
  } catch {
    tag("state").textContent = "the sandbox does not answer";
  }
  setTimeout(watch, POLL_MS);
}

const press = (action, body) => async () => {
  await ask(action, body && body());
  await open();
};
tools.install.onclick = press("install");
tools.update.onclick = press("update");
tools.uninstall.onclick = press("uninstall", () => ({ clean: tools.clean.checked }));
tools.reload.onclick = tools.user.onchange = tools.lang.onchange = open;
tools.onsubmit = () => false;
look().then(open).finally(watch);
