// Tells the portal how high the page is, so that the frame has no scroll bar of its own.
(function () {
  "use strict";
  B24Js.initializeB24Frame().then(function (portal) {
    var fit = function () { portal.parent.fitWindow().catch(function () {}); };
    fit();
    new ResizeObserver(fit).observe(document.body);
  }).catch(function () { /* opened outside a portal: there is nothing to fit */ });
})();
