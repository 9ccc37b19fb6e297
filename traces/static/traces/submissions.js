// The list of submissions: the bar for what is selected stays in sight, and what has come since is told.
(function () {
  "use strict";
  var rows = null; // watches the rows come into sight and leave it

  // How many are selected; without any there is nothing to do.
  function count() {
    document.querySelectorAll("[data-chosen]").forEach(function (bar) {
      var number = bar.closest("form").querySelectorAll('[name="' + bar.dataset.chosen + '"]:checked').length;
      bar.querySelector("output").textContent = number || "";
      bar.querySelectorAll("button").forEach(function (button) { button.disabled = !number; });
    });
  }

  // The frame is as high as its page, so nothing is sticky in it: the bar goes to the visible part.
  function follow() {
    var bar = document.querySelector(".bulk");
    if (!bar) return;
    new IntersectionObserver(function (entries, observer) {
      observer.disconnect();
      var seen = entries[0].intersectionRect.bottom;
      var top = bar.closest("form").getBoundingClientRect().top;
      bar.style.transform = "";
      var box = bar.getBoundingClientRect();
      var lowest = Math.max(top + box.height, seen);
      var shift = Math.min(0, lowest - box.bottom);
      bar.style.transform = shift ? "translateY(" + Math.round(shift) + "px)" : "";
    }).observe(document.body);
  }
  function watch() {
    if (rows) rows.disconnect();
    var found = document.querySelectorAll(".submissions tbody tr");
    if (!found.length) return;
    rows = new IntersectionObserver(follow, { threshold: [0, 0.25, 0.5, 0.75, 1] });
    found.forEach(function (row) { rows.observe(row); });
  }
  function arrived() {
    var told = document.querySelector("#main [data-announce]");
    document.getElementById("said").textContent = told ? told.textContent : "";
    watch();
    count();
  }

  document.addEventListener("change", function (event) { if (event.target.closest("form")) setTimeout(count); });
  document.addEventListener("DOMContentLoaded", arrived);
  document.addEventListener("htmx:afterSettle", function (event) {
    if (event.detail.target.id === "app") arrived();
    else if (document.querySelector(".bulk")) { watch(); count(); }
  });
  // The session is over, or the page is not for this reader any more: that is said in the place of the whole page.
  document.addEventListener("htmx:beforeSwap", function (event) {
    var status = event.detail.xhr.status;
    if (!event.detail.target || event.detail.target.id !== "live" || (status !== 401 && status !== 403)) return;
    event.detail.target = document.getElementById("app");
    event.detail.swapOverride = "innerHTML";
  });
})();
