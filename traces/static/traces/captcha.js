// The captcha of a form, in the website snippet (traces/intake/snippet.py puts it there). The provider's script is
// loaded when a visitor begins to fill in one of the forms and has given the consent that the site asks for.
const captcha = (() => {
  const [provider, sitekey] = config.captcha;
  const CALLED = `traceRelay_${config.form.replace(/\W/g, "_")}`;
  const shown = "render=explicit";
  const [address, query, field, library] = {
    turnstile: ["https://challenges.cloudflare.com/turnstile/v0/api.js", shown, "cf-turnstile-response", "turnstile"],
    hcaptcha: ["https://js.hcaptcha.com/1/api.js", shown, "h-captcha-response", "hcaptcha"],
    recaptcha: ["https://www.google.com/recaptcha/api.js", shown, "g-recaptcha-response", "grecaptcha"],
    recaptcha3: [
      "https://www.google.com/recaptcha/api.js",
      `render=${encodeURIComponent(sitekey)}`,
      "g-recaptcha-response",
      "grecaptcha",
    ],
  }[provider];
  const RENEWED = 100e3; // a token of version 3 is good for two minutes
  const widgets = new WeakMap();

  let loading;
  const load = () => {
    loading = loading || new Promise((resolve) => {
      window[CALLED] = () => resolve(window[library]);
      const tag = Object.assign(document.createElement("script"), { async: true });
      tag.src = `${address}?${query}&onload=${CALLED}`;
      document.head.appendChild(tag);
    });
    return loading;
  };

  const found = (form) => [...document.getElementsByName(field)].find((one) => closest(one, "form") === form);
  const add = (form, element) => {
    const button = form.querySelector("button:not([type=button]), [type=submit], [type=image]");
    if (button) button.before(element);
    else Node.prototype.appendChild.call(form, element);
    return element;
  };

  // Version 3 shows nothing: the token is asked for ahead, since a page that is being left waits for nobody.
  const ask = (api, input) => {
    const renew = () => api.execute(sitekey, { action: "submit" }).then((token) => (input.value = token));
    widgets.set(closest(input, "form"), renew);
    renew();
    setInterval(renew, RENEWED);
  };
  const show = (api, form) => {
    const id = api.render(add(form, document.createElement("div")), { sitekey });
    widgets.set(form, () => api.reset(id));
  };

  const begun = new WeakSet();
  const prepare = safely(({ target }) => {
    const form = target instanceof Element && closest(target, "form");
    if (!form || begun.has(form) || found(form) || !consents() || !wanted(form)) return;
    begun.add(form);
    load().then(
      safely((api) => {
        if (provider !== "recaptcha3") return show(api, form);
        const hidden = { type: "hidden", name: field };
        ask(api, add(form, Object.assign(document.createElement("input"), hidden)));
      }),
    );
  });
  document.addEventListener("focusin", prepare, true);

  return {
    // The token that stands in the form, which is good once: the widget makes another one then.
    proof: (form) => {
      const token = (found(form) || {}).value;
      const renew = widgets.get(form);
      if (token && renew) setTimeout(safely(renew), 1000);
      return token ? { _captcha: token } : {};
    },
  };
})();
