// The pages inside the portal: the session's token, the portal's frame, and small things that HTML cannot do alone.
(function () {
  "use strict";
  var root = document.documentElement;
  var session = "";
  var portal = null; // the frame library's handle, once it is there
  var MESSAGE = "[role=status], [role=alert], .error";
  var currentPage = ""; // the page that the browser's "back" leads away from

  // --- Light or dark: as the system is, until somebody chooses ---
  function theme(chosen) {
    try {
      if (chosen) localStorage.setItem("trace-relay-theme", chosen);
      return localStorage.getItem("trace-relay-theme");
    } catch (e) { return chosen; } // a frame may be kept from storing anything
  }
  function paint(chosen) { if (chosen) root.dataset.theme = chosen; }
  paint(theme());
  function isDark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }

  // --- The portal around the frame ---
  // The frame is as high as its page, so what scrolls is the portal's page around it.
  function fit() {
    if (!portal) return Promise.resolve();
    var height = Math.ceil(document.body.getBoundingClientRect().height);
    // The library's own fitWindow never makes the frame lower: it asks for the height of the window.
    return portal.parent.message.send("resizeWindow", { width: "100%", height: height, isSafely: true }).catch(function () {});
  }
  function scroll(top) {
    if (portal) portal.parent.scrollParentWindow(Math.max(0, Math.round(top))).catch(function () {});
    else scrollTo(0, top);
  }
  // Calls `then` with how much of an element people see: an observer knows it across the frame's border.
  function seen(element, then) {
    new IntersectionObserver(function (entries, observer) {
      observer.disconnect();
      then(entries[0]);
    }).observe(element);
  }
  function show(element) {
    fit().then(function () {
      seen(element, function (entry) {
        if (entry.intersectionRatio < 0.99) scroll(entry.boundingClientRect.top + scrollY - 16);
      });
    });
  }
  // What is fixed to the frame would be out of sight: it goes to the visible part.
  function place(element, below) {
    seen(document.body, function (entry) { element.style.top = Math.max(0, entry.intersectionRect.top) + below + "px"; });
  }
  function reload() {
    if (portal && document.querySelector("[data-reload]")) portal.parent.reloadWindow().catch(function () {});
  }
  function openPath(path) {
    if (!portal) return;
    portal.slider.openPath(portal.slider.getUrl(path)).catch(function () {});
  }

  // --- After each page: its heading is read out first, and the portal shows its title and its top ---
  function arrived() {
    var first = document.querySelector("#main [data-focus]");
    var heading = document.querySelector("#main h1");
    if (heading) heading.tabIndex = -1;
    if (first || heading) (first || heading).focus({ preventScroll: true });
    if (first) show(first);
    else scroll(0);
    if (portal) portal.parent.setTitle(document.title).catch(function () {});
    reload();
  }
  function isByHand(detail) {
    var event = (detail.requestConfig || {}).triggeringEvent;
    return Boolean(event) && /^(click|submit)$/.test(event.type);
  }
  // --- After a part of a page: the focus stays where one works, and the message is in sight ---
  function changed(part) {
    if (document.activeElement === document.body) {
      var next = part.querySelector("[aria-invalid=true]") || part.querySelector("[data-focus]");
      if (next) next.focus({ preventScroll: true });
    }
    var message = part.matches(MESSAGE) ? part : part.querySelector(MESSAGE);
    if (message) show(message);
    else if (part.contains(document.activeElement)) show(document.activeElement);
  }
  function settled(event) {
    if (event.detail.target.id === "app") arrived();
    else if (isByHand(event.detail)) changed(event.target);
  }

  function trouble(kind) {
    var box = document.getElementById("trouble");
    box.querySelectorAll("[data-trouble]").forEach(function (text) { text.hidden = text.dataset.trouble !== kind; });
    box.hidden = false;
    place(box, 16);
  }

  // A question before what cannot be undone. The browser keeps the focus within an open dialog, closes it on Escape and
  // gives the focus back; the button that says yes has the words of the one that was clicked.
  function ask(question, element, then) {
    var dialog = document.getElementById("question");
    var yes = dialog.querySelector("[value=yes]");
    var clicked = element.matches("form") ? element.querySelector("button:not([type=button])") : element;
    var end = question.indexOf("?") + 1;
    dialog.querySelector("h2").textContent = question.slice(0, end);
    dialog.querySelector("p").textContent = question.slice(end).trim();
    yes.textContent = clicked.firstChild.textContent.trim();
    yes.classList.toggle("danger", clicked.matches(".danger"));
    dialog.returnValue = "";
    dialog.onclose = function () { if (dialog.returnValue === "yes") then(); };
    seen(document.body, function (entry) { // before it is open: the browser scrolls to what gets the focus
      dialog.style.top = Math.max(0, entry.intersectionRect.top) + entry.intersectionRect.height / 4 + "px";
      dialog.showModal();
    });
  }

  function copy(button) {
    var text = document.querySelector(button.dataset.copy);
    var done = function () {
      if (!button.dataset.copied) return;
      var before = Array.from(button.childNodes); // words, or an icon
      button.textContent = button.dataset.copied;
      setTimeout(function () { button.replaceChildren.apply(button, before); }, 2000);
    };
    var byHand = function () { // where the portal does not lend its clipboard to the frame
      getSelection().selectAllChildren(text);
      if (document.execCommand("copy")) done();
    };
    if (!navigator.clipboard) return byHand();
    navigator.clipboard.writeText(text.value || text.textContent).then(done, byHand);
  }

  // Users by the portal's own dialog: their numbers go into the field that the button names, their names beside it.
  function chooseUsers(button) {
    if (!portal) return;
    var several = "several" in button.dataset;
    (several ? portal.dialog.selectUsers() : portal.dialog.selectUser()).then(function (found) {
      if (!found) return; // the dialog was closed
      var users = several ? Object.values(found) : [found];
      document.querySelector(button.dataset.chooseUsers).value = users.map(function (user) { return user.id; }).join(", ");
      button.nextElementSibling.textContent = users.map(function (user) { return user.name; }).join(", ");
    }).catch(function () {});
  }

  function tab(chosen) {
    chosen.parentNode.querySelectorAll("[role=tab]").forEach(function (other) {
      var selected = other === chosen;
      other.setAttribute("aria-selected", selected);
      other.tabIndex = selected ? 0 : -1;
      document.getElementById(other.getAttribute("aria-controls")).hidden = !selected;
    });
    chosen.focus();
  }

  document.addEventListener("click", function (event) {
    var on = function (selector) { return event.target.closest(selector); };
    var element;
    if ((element = on("[data-open-path]"))) { event.preventDefault(); openPath(element.dataset.openPath); }
    if ((element = on("[data-copy]"))) copy(element);
    if ((element = on("[data-choose-users]"))) chooseUsers(element);
    if ((element = on("[data-close]"))) document.querySelector(element.dataset.close).hidden = true;
    if ((element = on("[role=tab]"))) tab(element);
    if ((element = on("[data-fold]"))) element.setAttribute("aria-expanded", element.getAttribute("aria-expanded") !== "true");
    if (on("[data-theme-switch]")) paint(theme(isDark() ? "light" : "dark"));
  });
  document.addEventListener("keydown", function (event) {
    var steps = { ArrowRight: 1, ArrowLeft: -1 };
    if (!event.target.matches("[role=tab]") || !steps[event.key]) return;
    var tabs = Array.from(event.target.parentNode.querySelectorAll("[role=tab]"));
    tab(tabs[(tabs.indexOf(event.target) + steps[event.key] + tabs.length) % tabs.length]);
  });
  // A download is submitted by the browser itself, which sends no header: the token goes in the body.
  document.addEventListener("submit", function (event) {
    if (event.target.matches("[data-download]")) event.target.elements.frame_session.value = session;
  });
  // One tick for all rows: <input type="checkbox" data-all="name of theirs">
  document.addEventListener("change", function (event) {
    var name = event.target.dataset.all;
    if (!name) return;
    event.target.form.querySelectorAll('[name="' + name + '"]').forEach(function (box) {
      box.checked = event.target.checked;
    });
  });

  // --- htmx ---
  document.addEventListener("htmx:configRequest", function (event) {
    event.detail.headers["X-Frame-Session"] = session;
  });
  document.addEventListener("htmx:beforeOnLoad", function (event) {
    session = event.detail.xhr.getResponseHeader("X-Frame-Session") || session;
  });
  document.addEventListener("htmx:confirm", function (event) {
    if (!event.detail.question) return;
    event.preventDefault(); // or htmx would ask a second time
    ask(event.detail.question, event.detail.elt, function () { event.detail.issueRequest(true); });
  });
  document.addEventListener("htmx:sendError", function () { trouble("network"); });
  document.addEventListener("htmx:timeout", function () { trouble("network"); });
  document.addEventListener("htmx:responseError", function (event) {
    if (event.detail.xhr.status >= 500) trouble("server");
  });
  document.addEventListener("htmx:beforeRequest", function () { place(document.getElementById("progress"), 0); });
  document.addEventListener("htmx:afterOnLoad", function (event) {
    if (event.detail.xhr.status < 500 && isByHand(event.detail)) document.getElementById("trouble").hidden = true;
  });
  document.addEventListener("htmx:afterSettle", settled);
  // The browser's "back" leads through the pages; their addresses alone would be of no use without the session.
  document.addEventListener("htmx:afterOnLoad", function (event) {
    var asked = event.detail.requestConfig;
    if (asked.verb !== "get" || event.detail.target.id !== "app" || asked.path === currentPage || asked.headers["X-Back"]) return;
    currentPage = asked.path;
    history.pushState({ page: currentPage }, "");
  });
  addEventListener("popstate", function (event) {
    currentPage = (event.state || {}).page || document.querySelector("#app").dataset.first;
    htmx.ajax("GET", currentPage, { target: "#app", swap: "innerHTML", headers: { "X-Back": "1" } });
  });

  document.addEventListener("DOMContentLoaded", function () {
    session = document.querySelector("meta[name=frame-session]").content;
    currentPage = document.getElementById("app").dataset.first || "";
    B24Js.initializeB24Frame().then(function (frame) {
      portal = frame;
      fit();
      new ResizeObserver(fit).observe(document.body);
      reload();
    }).catch(function () { /* opened outside a portal: there is nothing around it */ });
  });
})();
