// The overview asks for its figures again and again: only while somebody sees it, and without disturbing anybody.
(function () {
  "use strict";
  var open = []; // the ids of the details that were open before the figures were replaced

  function figures(event) { return event.detail.target && event.detail.target.id === "figures"; }

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
