// Trace Relay's website snippet: sends the site's forms, each with the visit that led to it.
//
//   <script async src="https://relay.example/in/FORM.js"></script>
//   data-form="CSS selector"         these forms (default: every form of the page but the kinds in `usual`)
//   data-consent="functionName"      nothing is stored or collected until this global function returns true
//   data-without-consent="nothing"   and no form is sent either
//   data-respect-dnt="off"           collect even where the browser asks not to be tracked
//   <form data-trace-relay="off">    never this form
//
// Events on `document`, with {form, key, status, id} as detail: tracerelay:sent; tracerelay:kept (it is sent again
// on the next page); tracerelay:failed (refused, or unanswered with no place to keep it); tracerelay:withheld
// (without consent; a form that posts to Trace Relay by itself is stopped).
(() => {
  "use strict";

  const config = { form: "", intake: "" }; // filled in by traces/intake/snippet.py
  const OUTBOX = `tracerelay:${config.form}:`;
  const MAX_UNSENT = 20;
  const MAX_UNSENT_AGE = 7 * 86400e3;
  const MAX_KEEPALIVE = 60 * 1024; // browsers take 64 KiB for all requests of a page together
  const REPEATED = 5000; // the same form with the same values, in milliseconds

  // A fault in here is never the page's.
  const safely = (action) => (...given) => {
    try {
      return action(...given);
    } catch (error) {
      console.warn("Trace Relay:", error);
    }
  };
  const attempt = (action) => {
    try {
      return action();
    } catch {
      return undefined;
    }
  };

  const mine = `script[src*="/in/${config.form}.js"]`;
  const script = document.currentScript || attempt(() => document.querySelector(mine));
  const options = script ? script.dataset : {};

  // --- What the visitor allows ---------------------------------------------------------------------------

  const consents = () => !options.consent || attempt(() => window[options.consent]()) === true;
  const refusesTracking = () =>
    options.respectDnt !== "off" && (navigator.doNotTrack === "1" || navigator.globalPrivacyControl === true);
  const mayCollect = () => consents() && !refusesTracking();
  // A form's own tick counts as it was when the button was pressed: builders clear the form before they say "sent".
  const withholds = (agreed) => options.withoutConsent === "nothing" && !agreed && !consents();

  // --- The visit: the stores, shapes and rules of the portal's tracker, so that either may follow the other ---

  const LIFESPAN = 28 * 86400;
  const SAME_VISIT = 3600;
  const MAX = 5;
  const MAX_TITLE_LENGTH = 40;
  const UTM = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"];
  const STORES = ["pages", "utm", "ref", "traces", "id"].map((name) => `b24_crm_guest_${name}`);
  const [PAGES, TAGS, REFERRER, VISITS, GUEST] = STORES;

  const seconds = () => Math.floor(Date.now() / 1000);
  const decode = (text) => attempt(() => decodeURIComponent(text)) || text;
  const cookie = (name) => {
    const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
    return found ? decode(found.slice(name.length + 1)) : null;
  };

  let writable;
  const storage = () => {
    if (writable === undefined) {
      writable =
        attempt(() => {
          localStorage.setItem("b24crm-x-test", "x");
          localStorage.removeItem("b24crm-x-test");
          return localStorage;
        }) || null;
    }
    return writable;
  };
  const get = (name) => attempt(() => JSON.parse(localStorage.getItem(name))) || null;
  const set = (name, value) => attempt(() => storage().setItem(name, JSON.stringify(value)));
  const drop = (name) => attempt(() => storage().removeItem(name));

  // Without local storage the tags, and they alone, live in a cookie.
  const tagsNow = () => (storage() ? get(TAGS) : attempt(() => JSON.parse(cookie(TAGS)))) || {};
  const keepTags = (tags) => {
    if (storage()) return set(TAGS, tags);
    const end = new Date(Date.now() + 3650 * 86400e3).toUTCString();
    document.cookie = `${TAGS}=${JSON.stringify(tags)}; path=/; expires=${end}`;
  };

  const referrerNow = () => {
    const { cacheData, ...stored } = get(REFERRER) || {};
    if (!cacheData || seconds() <= cacheData.time + LIFESPAN) return stored;
    drop(REFERRER);
    return {};
  };
  const externalReferrer = () => {
    const host = attempt(() => new URL(document.referrer).hostname);
    return host && host !== location.hostname ? document.referrer : "";
  };

  // The address's own pairs, names as they stand, values not decoded.
  const query = () =>
    location.search
      .slice(1)
      .split("&")
      .map((pair) => pair.split("="))
      .map(([name, value]) => [name, value || ""]);

  const clientIds = () => {
    const ids = {};
    const google = cookie("_ga");
    const yandex = cookie("_ym_uid");
    if (google) ids.gaId = google.split(".").slice(-2).join(".");
    if (yandex) ids.yaId = yandex;
    return ids;
  };

  const visitNow = () => ({
    url: location.href,
    ref: referrerNow().ref,
    device: { isMobile: /ipad|iphone|android|mobile|touch/i.test(navigator.userAgent) },
    tags: tagsNow(),
    client: clientIds(),
    pages: { list: get(PAGES) },
    gid: get(GUEST),
  });

  const isNewVisit = () => {
    const source = decode(Object.fromEntries(query()).utm_source || "");
    const { ts, list } = tagsNow();
    const sourceIsNew = source && ((list || {}).utm_source !== source || seconds() - (ts || seconds()) > SAME_VISIT);
    const referrer = externalReferrer();
    return sourceIsNew || (referrer && referrer !== referrerNow().ref);
  };

  const endVisit = () => {
    const visit = visitNow();
    if (!visit.pages.list) return;
    const { list = [] } = get(VISITS) || {};
    set(VISITS, { list: [...list, visit].slice(-MAX) });
    drop(TAGS);
    drop(PAGES);
  };

  const collectTags = () => {
    const stored = tagsNow();
    const given = query().filter(([name]) => UTM.includes(name));
    const ts = given.length ? seconds() : stored.ts || seconds();
    if (seconds() - ts > LIFESPAN) return drop(TAGS);
    const filled = given.filter(([, value]) => value.trim()).map(([name, value]) => [name, decode(value)]);
    const list = given.length ? Object.fromEntries(filled) : stored.list || {};
    const click = query().find(([name]) => name === "gclid");
    keepTags({ ts, list, gclid: (click && click[1]) || stored.gclid || null });
  };

  const collectReferrer = () => {
    const ref = externalReferrer();
    if (!ref) return;
    const stored = referrerNow();
    const ts = stored.ts || seconds();
    if (ref !== stored.ref) set(REFERRER, { ts, ref, cacheData: { time: seconds(), ttl: LIFESPAN } });
    else if (seconds() - ts > SAME_VISIT) drop(REFERRER); // as the tracker does, odd as it is
  };

  const text = (element) => (element ? element.textContent.trim() : "");
  const collectPage = () => {
    const title = text(document.querySelector("body h1")) || text(document.querySelector("head title"));
    const stored = get(PAGES);
    const others = (Array.isArray(stored) ? stored : []).filter(([address]) => address !== location.href);
    const page = [location.href, Math.round(Date.now() / 1000), title.slice(0, MAX_TITLE_LENGTH)];
    set(PAGES, [...others, page].slice(-MAX));
  };

  const tracker = () => window.b24Tracker && window.b24Tracker.guest;

  let collected = false;
  const collect = safely(() => {
    if (collected || tracker() || !mayCollect()) return;
    collected = true;
    if (isNewVisit()) endVisit();
    collectTags();
    collectReferrer();
    collectPage();
  });

  // What is read is told: the previous visits belong to this submission alone.
  const takeTrace = () => {
    if (tracker()) return attempt(() => tracker().getTrace());
    collect();
    const trace = JSON.stringify({ ...visitNow(), previous: get(VISITS) || { list: [] } });
    drop(VISITS);
    return trace;
  };

  // --- Sending -------------------------------------------------------------------------------------------

  const tell = (name, detail) => document.dispatchEvent(new CustomEvent(`tracerelay:${name}`, { detail }));

  // One entry for each submission, so that two tabs never write over each other's.
  const kept = () =>
    Object.keys(localStorage)
      .filter((name) => name.startsWith(OUTBOX))
      .map((name) => ({ ...get(name), name, key: name.slice(OUTBOX.length) }))
      .sort((a, b) => (a.at || 0) - (b.at || 0));
  const keep = (key, body) => {
    for (const { name } of kept().slice(0, 1 - MAX_UNSENT)) localStorage.removeItem(name);
    localStorage.setItem(OUTBOX + key, JSON.stringify({ at: Date.now(), body }));
  };

  const isFinal = (status) => status >= 200 && status < 500 && ![408, 425, 429].includes(status);

  const flying = new Set();
  const post = async (key, body) => {
    flying.add(key);
    const detail = { form: config.form, key, status: 0, id: null };
    try {
      const answer = await fetch(config.intake, {
        method: "POST",
        headers: { "Content-Type": "application/json", "Idempotency-Key": key },
        body,
        credentials: "omit",
        keepalive: new Blob([body]).size <= MAX_KEEPALIVE,
      });
      detail.status = answer.status;
      detail.id = (await answer.json()).id || null;
    } catch {
      // No answer, or one that says nothing: the status tells what becomes of it.
    }
    flying.delete(key);
    if (isFinal(detail.status)) attempt(() => localStorage.removeItem(OUTBOX + key));
    const stays = attempt(() => localStorage.getItem(OUTBOX + key));
    tell(detail.status >= 200 && detail.status < 300 ? "sent" : stays ? "kept" : "failed", detail);
    return detail.status;
  };

  // Kept before it is sent: a page that is left, or a browser that is closed, loses nothing.
  const send = (fields) => {
    const key = [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");
    const body = JSON.stringify(fields);
    if (consents()) attempt(() => keep(key, body));
    post(key, body);
  };

  const resend = async () => {
    if (withholds()) return;
    for (const { name, key, at, body } of attempt(kept) || []) {
      if (!body || !(Date.now() - at < MAX_UNSENT_AGE)) attempt(() => localStorage.removeItem(name));
      else if (flying.has(key)) continue;
      else if ([0, 429, 503].includes(await post(key, body))) return; // the others would fare no better now
    }
  };

  // --- Forms ---------------------------------------------------------------------------------------------

  // A form's own properties may be hidden by fields of the same names: `<input name="action">`.
  const attribute = (element, name) => (element && Element.prototype.getAttribute.call(element, name)) || "";
  const is = (element, selector) => Element.prototype.matches.call(element, selector);
  const closest = (element, selector) => Element.prototype.closest.call(element, selector);
  const inputs = (form) => [...document.querySelectorAll("input")].filter((input) => input.form === form);

  const PASSWORD = '[type="password"], [autocomplete$="-password"]';
  const CARD = /card.?(number|num\b|no\b)|cc.?num|cvc|cvv/i;
  const SECRET = /csrf|token|nonce|captcha|sessid|^tildaspec-|^form-spec-/i;

  const isCard = (input) => CARD.test(`${input.name} ${input.id}`) || /\bcc-/.test(attribute(input, "autocomplete"));
  const action = (form, button) => {
    const given = attribute(button, "formaction") || attribute(form, "action");
    return (attempt(() => new URL(given, document.baseURI).href) || "").split(/[?#]/)[0];
  };

  // Webflow's forms say `get`, and its script posts them; Tilda's may say nothing.
  const BUILT = ".w-form > form, .js-form-proccess";

  // What is taken where nobody has named the forms: none that logs in, pays or searches.
  const usual = (form, button) => {
    const method = attribute(button, "formmethod") || attribute(form, "method");
    // A form with neither method nor action does nothing by itself: a script sends it.
    const leads = attribute(form, "action").replace(/^(#|javascript:).*/i, "");
    const searches = !is(form, BUILT) && (method ? method.toLowerCase() !== "post" : leads);
    return !searches && !is(form, '[role="search"]') && !inputs(form).some((input) => is(input, PASSWORD));
  };
  const wanted = (form, button) =>
    form instanceof HTMLFormElement &&
    attribute(form, "data-trace-relay") !== "off" &&
    !is(form, ".b24-form *") && // the portal has those already
    !inputs(form).some(isCard) &&
    (options.form ? is(form, options.form) : action(form, button) === config.intake || usual(form, button));

  const read = (form, button) => {
    const secret = new Set(inputs(form).filter((input) => is(input, PASSWORD)).map((input) => input.name));
    const fields = new Map();
    const pairs = [...new FormData(form)];
    if (button && button.name) pairs.push([button.name, button.value]);
    for (const [name, value] of pairs) {
      if (typeof value !== "string" || secret.has(name) || SECRET.test(name)) continue;
      fields.set(name, fields.has(name) ? `${fields.get(name)}, ${value}` : value);
    }
    return Object.fromEntries(fields);
  };

  // What goes beside the form's own fields, which win.
  const beside = (fields) => {
    if (!mayCollect()) return {};
    const told = { page_url: location.href, referrer: document.referrer };
    if (!fields.TRACE) told.TRACE = takeTrace();
    if (config.timed) told._seconds = (performance.now() / 1000).toFixed(1); // against programs: traces/intake/spam.py
    if (tracker()) told._tracker = "portal"; // so that the administrator learns that it is on the site
    return Object.fromEntries(Object.entries(told).filter(([name, value]) => value && !fields[name]));
  };

  const MAX_NAME_LENGTH = 100;

  // By which a site's forms are told apart. A name that only repeats the id says less than the heading.
  const named = (form) => {
    const places = (heading, bits) => heading.compareDocumentPosition(form) & bits;
    const headings = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6, legend, .t-title")].filter(text);
    const inside = headings.find((one) => places(one, Node.DOCUMENT_POSITION_CONTAINS));
    const above = headings.filter((one) => places(one, Node.DOCUMENT_POSITION_FOLLOWING)).pop();
    const id = attribute(form, "id");
    const names = ["name", "aria-label", "data-name"].map((name) => attribute(form, name));
    const name = [...names, text(inside || above)].find((one) => one && one !== id) || id;
    const short = (words) => words.replace(/\s+/g, " ").slice(0, MAX_NAME_LENGTH) || undefined;
    return { form_id: short(id), form_name: short(name) };
  };

  const fill = (form, { form_id, form_name }, facts) => {
    for (const [name, value] of Object.entries({ form_id, form_name, ...facts })) {
      if (!value) continue;
      let input = inputs(form).find((one) => one.name === name);
      if (!input) {
        input = Object.assign(document.createElement("input"), { type: "hidden", name });
        Node.prototype.appendChild.call(form, input);
      }
      input.value = value;
    }
  };

  // What a press of a button is about to send by form: read before the builder clears the form.
  const presses = new WeakMap();
  let latest;
  const begin = (form, button) => {
    if (!wanted(form, button)) return;
    latest = form;
    presses.set(form, { button, fields: { ...named(form), ...read(form, button) }, at: Date.now(), agreed: consents() });
    return presses.get(form);
  };

  const withhold = () => tell("withheld", { form: config.form, key: null, status: 0, id: null });

  const taken = new WeakMap();
  const sendOnce = (origin, press) => {
    const { fields, at, agreed } = press;
    if (withholds(agreed)) return withhold();
    const text = JSON.stringify({ ...fields, TRACE: 0 });
    const last = taken.get(origin);
    if (last && (last.press === press || (last.text === text && (last.press.lost || at - last.at < REPEATED)))) return;
    taken.set(origin, { press, text, at });
    send({ ...fields, ...beside(fields) });
  };
  const take = (form, press, event) => {
    const { button, fields, agreed } = press;
    if (action(form, button) !== config.intake) return sendOnce(form, press);
    if (!withholds(agreed)) return fill(form, fields, beside(fields));
    if (event) event.preventDefault();
    withhold();
  };

  const submitted = safely((event) => {
    const { target: form, submitter: button } = event;
    const press = begin(form, button);
    if (!press) return;
    if (!is(form, ":invalid")) return take(form, press, event);
    // A site that checks by its own script: only what it lets through counts.
    const decide = (later) => later === event && !event.defaultPrevented && take(form, press, event);
    addEventListener("submit", safely(decide), { once: true });
  });

  // --- Form builders that send without a `submit`, and say so afterwards ------------------------------------

  const SENT = [
    "tildaform:aftersuccess",
    "submit_success", // Elementor
    "wpcf7mailsent", // Contact Form 7
    "wpformsAjaxSubmitSuccess",
    "gform_confirmation_loaded", // Gravity Forms, on the document and with the form gone
    // Nobody was reached: else the submission is lost.
    "wpformsAjaxSubmitError",
    "tildaform:aftererror", // or a value is wrong, but then Tilda has not begun to send
  ];

  const done = safely(({ type, target, detail }, given) => {
    const element = [detail, given && given[0], target].find((one) => one instanceof Element);
    const gone = attribute(latest, "id") === `gform_${given}` && latest;
    const form = element ? closest(element, "form") || element.querySelector("form") : gone;
    const press = form && (presses.get(form) || begin(form));
    if (!press || (type === "tildaform:aftererror" && (navigator.onLine || !press.begun))) return;
    press.lost = /error$/i.test(type);
    take(form, press);
  });

  // Tilda has put a cart's goods into the form, and begins to send it.
  const completed = safely(({ target: form }) => {
    const last = taken.get(form);
    const press = last && last.press === presses.get(form) ? last.press : begin(form);
    if (press) press.begun = true;
  });

  // jQuery's own events reach nobody else; it may come late.
  let jQuery;
  const listen = () => {
    if (!window.jQuery || window.jQuery === jQuery) return;
    jQuery = window.jQuery;
    attempt(() => jQuery(document).on(SENT.join(" "), done));
  };

  const pressed = safely(({ target }) => {
    listen();
    const button = target instanceof Element && closest(target, "button, input, a, [role=button]");
    const form = button && (button.form || closest(button, "form"));
    if (form && !is(button, "input:not([type=submit], [type=image], [type=button])")) begin(form, button);
  });

  // Marquiz tells the page around its frame.
  const QUIZ = "marquizContactFormSubmit";
  const quiz = safely(({ origin, data, detail }) => {
    const message = /^https:\/\/([\w-]+\.)*marquiz\.(ru|io)$/.test(origin) && (attempt(() => JSON.parse(data)) || data);
    const { type, event = type, ...rest } = message || {};
    if (options.form || (!detail && event !== QUIZ)) return;
    const fields = detail || rest.data || rest;
    if (!/"(phone|email)"/i.test(JSON.stringify(fields))) return;
    sendOnce(quiz, { fields: { form_name: "Marquiz", ...fields }, at: Date.now() });
  });

  safely(() => {
    const place = `${config.form} ${options.form || ""}`;
    const running = (window.traceRelay = window.traceRelay || {});
    if (!config.intake || running[place]) return;
    running[place] = true;
    // While capturing: a form that the site's own script sends counts too, whatever becomes of the event.
    document.addEventListener("submit", submitted, true);
    document.addEventListener("click", pressed, true);
    document.addEventListener("tildaform:beforesend", completed, true);
    for (const name of SENT) document.addEventListener(name, done, true);
    addEventListener("message", quiz);
    addEventListener(QUIZ, quiz, true);
    // After `load` the portal's tracker is there, if there is one. Leaving is the last chance for a page that was
    // left early, or on which the visitor has agreed meanwhile.
    const start = () => {
      listen();
      collect();
      resend();
    };
    if (document.readyState === "complete") start();
    else addEventListener("load", () => setTimeout(start));
    addEventListener("pagehide", collect);
    addEventListener("online", resend);
  })();
})();
