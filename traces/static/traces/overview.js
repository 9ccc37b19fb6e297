// The overview asks for its figures again and again: only while somebody sees it, and without disturbing anybody.
(function () {
  "use strict";
  var open = []; // the ids of the details that were open before the figures were replaced

  function figures(event) { return event.detail.target && event.detail.target.id === "figures"; }

  // The days of the chart are one stop of the keyboard; the arrows lead from day to day.
  document.addEventListener("keydown", function (event) {
    var days = event.target.closest("[data-arrows]");
    var steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    if (!days || !steps[event.key]) return;
    var all = Array.from(days.querySelectorAll("[tabindex]"));
    var next = all[Math.min(all.length - 1, Math.max(0, all.indexOf(event.target) + steps[event.key]))];
    event.preventDefault();
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus({ preventScroll: true });
  });
  // A finger cannot point at a day: the first tap shows its numbers, the second one opens them.
  var tapped = "";
  document.addEventListener("click", function (event) {
    var day = event.target.closest("[data-arrows] a");
    if (!day || event.pointerType !== "touch" || day.id === tapped) return;
    tapped = day.id;
    event.preventDefault();
    event.stopPropagation();
    day.focus({ preventScroll: true });
  }, true);

  document.addEventListener("htmx:beforeRequest", function (event) {
    if (document.hidden && event.detail.elt.matches("[data-refresh]")) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (!figures(event)) return;
    if (event.detail.xhr.status === 401 || event.detail.xhr.status === 403) {
      // The session is over, or the page is not for this reader any more: that is said in the place of the whole page.
      event.detail.target = document.getElementById("app");
      event.detail.swapOverride = "innerHTML";
      return;
    }
    open = Array.from(document.querySelectorAll("#figures details[open]"), function (details) { return details.id; });
  });
  document.addEventListener("htmx:afterSwap", function () {
    open.forEach(function (id) {
      var details = document.getElementById(id);
      if (details) details.open = true;
    });
    open = [];
  });
})();
