// The parent's side of the frame protocol: one opening of the application at a time.
(function () {
  "use strict";
  var tools = document.getElementById("tools");
  var place = document.getElementById("frame");
  var opening = null;

  function ask(action, body) {
    return fetch("/_page/" + action, { method: "POST", body: JSON.stringify(body || {}) })
      .then(function (answer) { return answer.json(); });
  }

  function user() { return Number(tools.user.value || 1); }

  function open() {
    return ask("open", { user: user(), lang: tools.lang.value }).then(function (found) {
      var notice = document.getElementById("notice");
      opening = found.notice ? null : found;
      place.textContent = "";
      notice.hidden = !found.notice;
      notice.textContent = found.notice || "";
      if (opening) show(opening);
      return look();
    });
  }

  function show(found) {
    var frame = document.createElement("iframe");
    frame.name = found.frame;
    frame.title = "Trace Relay";
    frame.allow = "geolocation *; microphone *; camera *; autoplay *;";
    place.append(frame);
    var form = document.createElement("form");
    form.method = "post";
    form.action = found.address;
    form.target = found.frame;
    form.hidden = true;
    Object.keys(found.form).forEach(function (name) {
      var input = document.createElement("input");
      input.type = "hidden";
      input.name = name;
      input.value = found.form[name];
      form.append(input);
    });
    document.body.append(form);
    form.submit();
    form.remove();
  }

  // `command:params:callbackId:appSid`; params may hold colons and are left out when empty.
  function parse(data) {
    if (typeof data === "object" && data) {
      return { command: data.method, params: data.params, callback: data.callback, sid: data.appSid };
    }
    var parts = String(data).split(":");
    if (parts.length < 3) return null;
    var text = parts.slice(1, -2).join(":");
    var params = text;
    try { params = text ? JSON.parse(text) : {}; } catch (error) { /* a raw value */ }
    return { command: parts[0], params: params || {}, callback: parts[parts.length - 2], sid: parts[parts.length - 1] };
  }

  function answered(message, source, value) {
    if (!message.callback) return;
    source.postMessage(message.callback + ":" + (value === undefined ? "" : JSON.stringify(value)), opening.origin);
  }

  var commands = {
    getInitData: function () { return opening.init; },
    setInstall: function (params) { return params; },
    refreshAuth: function () { return ask("refresh_auth", { user: user() }); },
    setAppOption: function (params) { return ask("app_option", { user: user(), name: params.name, value: params.value }); },
    setUserOption: function (params) { return ask("user_option", { user: user(), name: params.name, value: params.value }); },
    resizeWindow: function (params) {
      place.firstChild.style.height = Number(params.height) + "px";
      return { width: params.width, height: params.height };
    },
    setTitle: function (params) { document.getElementById("title").textContent = params.title; return params; },
    setScroll: function (params) { return params; },
    openPath: function (params) { console.info("openPath", params.path); return { result: "close" }; },
    getInterface: function () { return { command: Object.keys(commands), event: [] }; }
  };
  var silent = {
    setInstallFinish: function () { ask("set_installed", { user: user() }).then(open); },
    reloadWindow: function () { open(); },
    closeApplication: function () {}
  };

  window.addEventListener("message", function (event) {
    if (!opening || event.origin !== opening.origin) return;
    var message = parse(event.data);
    if (!message || message.sid !== opening.sid) return;
    if (silent[message.command]) return silent[message.command](message.params);
    if (!commands[message.command]) return;  // the portal does not answer what it does not know
    Promise.resolve(commands[message.command](message.params)).then(function (value) {
      answered(message, event.source, value);
    });
  });

  function cell(row, text) { row.insertCell().textContent = text; }

  function draw(state) {
    document.getElementById("domain").textContent = state.domain;
    var word = state.installed ? "installed" : state.active ? "not finished" : "not installed";
    document.getElementById("state").textContent = word + ", version " + state.version;
    tools.install.hidden = state.active;
    tools.update.hidden = tools.uninstall.hidden = !state.active;
    if (!tools.user.options.length) {
      state.users.forEach(function (one) {
        tools.user.add(new Option(one.name + (one.admin ? " (administrator)" : ""), one.id));
      });
    }
    var body = document.getElementById("traces");
    body.textContent = "";
    state.traces.forEach(function (trace) {
      var row = body.insertRow();
      cell(row, trace.id);
      cell(row, trace.source || "other traffic");
      cell(row, Object.keys(trace.tags).map(function (tag) { return trace.tags[tag]; }).join(", ") || "–");
      cell(row, trace.pages.join("  →  ") || "–");
    });
  }

  function look() { return ask("state").then(draw); }

  tools.install.onclick = function () { ask("install").then(open); };
  tools.reload.onclick = open;
  tools.update.onclick = function () { ask("update").then(open); };
  tools.uninstall.onclick = function () { ask("uninstall", { clean: tools.clean.checked }).then(open); };
  tools.user.onchange = tools.lang.onchange = open;
  look().then(open);
  setInterval(look, 2000);
})();
