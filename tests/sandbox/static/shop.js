// Fills in a trace as the portal's tracker would, in its plainest form; without it the form works all the same.
(function () {
  "use strict";
  var query = new URLSearchParams(location.search);
  var form = document.getElementById("request");

  function trace() {
    var list = {};
    ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"].forEach(function (tag) {
      if (query.get(tag)) list[tag] = query.get(tag);
    });
    var now = Math.round(Date.now() / 1000);
    var found = {
      url: location.href,
      device: { isMobile: /mobile|android|iphone|ipad|touch/i.test(navigator.userAgent) },
      tags: { ts: now, list: list, gclid: query.get("gclid") },
      client: {},
      pages: { list: [[location.href, now, document.querySelector("h1").textContent.trim().slice(0, 40)]] },
      gid: null,
      previous: { list: [] }
    };
    if (document.referrer && new URL(document.referrer).host !== location.host) found.ref = document.referrer;
    return JSON.stringify(found);
  }

  form.addEventListener("submit", function () {
    form.TRACE.value = trace();
    form.page_url.value = location.href;
    form.referrer.value = document.referrer;
  });
})();
