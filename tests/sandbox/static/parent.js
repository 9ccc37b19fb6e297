// The portal's side of the frame protocol, for one opening of the application.
// Source: the fact sheet on embedding, sections 1 to 4.
"use strict";

class AppLayout {
  // `found` is the answer of the page's action "open"; `host` has what the commands do to the page.
  constructor(found, place, host) {
    Object.assign(this, { found, place, host });
    this.frame = document.createElement("iframe");
    this.frame.name = found.frame;
    this.frame.title = "Trace Relay";
    this.frame.allow = "geolocation *; microphone *; camera *; autoplay *;";
    this.listen = (event) => this.receive(event);
    window.addEventListener("message", this.listen);
    place.replaceChildren(this.frame);
    this.submit();
  }

  // A hidden form whose target is the frame: the application's first request is a cross-site POST.
  submit() {
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action: this.found.address, target: this.found.frame, hidden: true });
    for (const [name, value] of Object.entries(this.found.form)) {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    }
    document.body.append(form);
    form.submit();
    form.remove();
  }

  destroy() {
    window.removeEventListener("message", this.listen);
    this.frame.remove();
  }

  async receive(event) {
    if (event.origin !== this.found.origin) return;
    const message = AppLayout.parse(event.data);
    if (!message || message.sid !== this.found.sid) return;
    // What the portal does not know, or denies, gets no answer.
    if (!Object.hasOwn(AppLayout.commands, message.command)) return;
    const value = await AppLayout.commands[message.command].call(this, message.params);
    if (value === AppLayout.SILENT || !message.callback || !this.frame.contentWindow) return;
    const text = message.callback + ":" + (value === undefined ? "" : JSON.stringify(value));
    this.frame.contentWindow.postMessage(text, this.found.origin);
  }

  // A text `command:params:callbackId:appSid`, whose params may hold colons and are left out when empty; or an object.
  static parse(data) {
    if (typeof data === "object" && data) {
      return { command: data.method, params: data.params || {}, callback: data.callback, sid: data.appSid };
    }
    if (typeof data !== "string") return null;
    const parts = data.split(":");
    if (parts.length < 3) return null;
    const [callback, sid] = parts.slice(-2);
    const text = parts.slice(1, -2).join(":");
    let params = {};
    try {
      params = (text && JSON.parse(text)) || {};
    } catch {
      params = text;
    }
    return { command: parts[0], params, callback, sid };
  }
}

AppLayout.SILENT = Symbol("no answer");

AppLayout.commands = {
  getInitData() {
    const init = { ...this.found.init };
    this.found.init.FIRST_RUN = false;
    return init;
  },
  setInstall: (params) => params,
  async setInstallFinish(params) {
    await this.host.finishInstall(params.value);
    return AppLayout.SILENT;  // the page reloads instead
  },
  async refreshAuth() {
    const tokens = await this.host.ask("refresh_auth");
    Object.assign(this.found.init, tokens);
    return tokens;
  },
  async setAppOption(params) {
    if (!this.found.init.IS_ADMIN) return AppLayout.SILENT;
    const options = await this.host.ask("app_option", { name: params.name, value: params.value });
    this.found.init.APP_OPTIONS = options;
    return options;
  },
  async setUserOption(params) {
    const options = await this.host.ask("user_option", { name: params.name, value: params.value });
    this.found.init.USER_OPTIONS = options;
    return options;
  },
  resizeWindow(params) {
    const height = parseInt(params.height, 10);
    this.frame.style.width = params.width === "100%" ? "100%" : (parseInt(params.width, 10) || 100) + "px";
    if (height) this.frame.style.height = height + "px";
    return { width: this.frame.offsetWidth, height: this.frame.offsetHeight };
  },
  setTitle(params) {
    this.host.title(String(params.title));
    return params;
  },
  setScroll(params) {
    if (params.scroll >= 0) window.scrollTo(window.scrollX, parseInt(params.scroll, 10));
    return params;
  },
  reloadWindow() {
    this.host.reload();
    return AppLayout.SILENT;
  },
  openPath(params) {
    const found = /\/crm\/(lead|deal|contact|company)\/details\/(\d+)\//.exec(params.path);
    if (found) this.host.openCard(`${found[1]}/${found[2]}`);
    else console.info("openPath", params.path);
    return { result: "close" };
  },
  getInterface: () => ({ command: Object.keys(AppLayout.commands), event: [] }),
};
