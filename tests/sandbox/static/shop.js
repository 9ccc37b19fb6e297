// Fills in a trace as the portal's tracker would, in its plainest form; without it the form works all the same.
"use strict";

const UTM = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"];
const query = new URLSearchParams(location.search);
const form = document.getElementById("request");
const opened = Math.round(Date.now() / 1000);

// What `b24Tracker.guest.getTrace()` returns: a JSON text.
function getTrace() {
  const tags = UTM.map((name) => [name, query.get(name)]).filter(([, value]) => value && value.trim());
  const title = document.querySelector("h1").textContent.trim().slice(0, 40);
  const found = {
    url: location.href,
    device: { isMobile: /ipad|iphone|android|mobile|touch/i.test(navigator.userAgent) },
    tags: { ts: opened, list: Object.fromEntries(tags), gclid: query.get("gclid") },
    client: {},
    pages: { list: [[location.href, opened, title]] },
    gid: null,
    previous: { list: [] },
  };
  if (document.referrer && new URL(document.referrer).hostname !== location.hostname) found.ref = document.referrer;
  return JSON.stringify(found);
}

form.addEventListener("submit", () => {
  form.TRACE.value = getTrace();
  form.page_url.value = location.href;
  form.referrer.value = document.referrer;
  for (const name of UTM) form[name].value = query.get(name) || "";
});
