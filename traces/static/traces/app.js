// The pages inside the portal: the session's token, the portal's frame, and small things that HTML cannot do alone.
(function () {
  "use strict";
  var root = document.documentElement;
  var session = "";
  var portal = null; // the frame library's handle, once it is there
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
  function fit() {
    if (!portal) return;
    var height = Math.ceil(document.body.getBoundingClientRect().height);
    // The library's own fitWindow never makes the frame lower: it asks for the height of the window.
    portal.parent.message.send("resizeWindow", { width: "100%", height: height, isSafely: true }).catch(function () {});
  }
  function reload() {
    if (portal && document.querySelector("[data-reload]")) portal.parent.reloadWindow().catch(function () {});
  }
  function openPath(path) {
    if (!portal) return;
    portal.slider.openPath(portal.slider.getUrl(path)).catch(function () {});
  }

  // --- After each page: its heading is read out first, the portal shows its title ---
  function arrived(event) {
    if (event.detail.target.id !== "app") return;
    var heading = document.querySelector("#main h1");
    if (heading) {
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    }
    if (portal) portal.parent.setTitle(document.title).catch(function () {});
    reload();
  }

  function trouble(kind) {
    var box = document.getElementById("trouble");
    box.querySelectorAll("[data-trouble]").forEach(function (text) { text.hidden = text.dataset.trouble !== kind; });
    box.hidden = false;
  }

  function copy(button) {
    var text = document.querySelector(button.dataset.copy);
    var done = function () {
      var before = button.textContent;
      button.textContent = button.dataset.copied || before;
      setTimeout(function () { button.textContent = before; }, 2000);
    };
    var byHand = function () { // where the portal does not lend its clipboard to the frame
      getSelection().selectAllChildren(text);
      if (document.execCommand("copy")) done();
    };
    if (!navigator.clipboard) return byHand();
    navigator.clipboard.writeText(text.value || text.textContent).then(done, byHand);
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
    if ((element = on("[data-close]"))) document.querySelector(element.dataset.close).hidden = true;
    if ((element = on("[role=tab]"))) tab(element);
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
    if (confirm(event.detail.question)) event.detail.issueRequest(true);
  });
  document.addEventListener("htmx:sendError", function () { trouble("network"); });
  document.addEventListener("htmx:timeout", function () { trouble("network"); });
  document.addEventListener("htmx:responseError", function (event) {
    if (event.detail.xhr.status >= 500) trouble("server");
  });
  document.addEventListener("htmx:afterSettle", arrived);
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
