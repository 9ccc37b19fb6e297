// Ends the installation from inside the portal's frame: only a browser can (there is no REST method for it).
(function () {
  "use strict";
  var box = document.getElementById("install");
  if (!box) return;

  function show(state) {
    box.querySelectorAll("[data-when]").forEach(function (text) {
      text.hidden = text.dataset.when !== state;
    });
  }

  B24Js.initializeB24Frame().then(function (portal) {
    if (!portal.isInstallMode) return show("done");
    // The portal answers by loading the application in our place, so nothing comes after this.
    portal.installFinish().catch(function () { show("failed"); });
  }).catch(function () { show("failed"); });
})();
