// The rules of the page "sources" are put into another order by the mouse; the buttons beside them do it by keyboard. A
// file of rules is read here, too.
(function () {
  "use strict";
  var dragged = null;
  function rule(event) { return event.target.closest && event.target.closest("[data-rule]"); }
  function mark(over) {
    document.querySelectorAll("[data-rule].over").forEach(function (item) { item.classList.remove("over"); });
    if (over) over.classList.add("over");
  }
  document.addEventListener("dragstart", function (event) {
    dragged = rule(event);
    if (dragged) event.dataTransfer.effectAllowed = "move";
  });
  document.addEventListener("dragover", function (event) {
    var over = rule(event);
    if (!dragged || !over) return;
    event.preventDefault();
    mark(over);
  });
  document.addEventListener("drop", function (event) {
    var over = rule(event);
    if (!dragged || !over || over === dragged) return;
    event.preventDefault();
    htmx.ajax("POST", dragged.dataset.rule, {
      target: "#rules", swap: "outerHTML", values: { position: over.dataset.position }
    });
  });
  // A file's text goes into a field, where it can be seen before it is used.
  document.addEventListener("change", function (event) {
    var into = event.target.dataset.readInto;
    if (into && event.target.files[0]) {
      event.target.files[0].text().then(function (text) { document.querySelector(into).value = text; });
    }
  });
  document.addEventListener("dragend", function () { dragged = null; mark(null); });
})();
