// Script of the console: passkeys, the end of the session, the preview of an act while its form is filled, and the progress of a file that is sent.
//
// Each page works without it, apart from passkeys. Each sentence stands in an attribute of its element, in the language of the page. No text
// becomes markup here: parts of a page come from a whole page of the console, which the browser has read.

// Passkeys in the browser: asks the authenticator, and sends its answer in the form that the server has written. Each value travels in base64url.

function decode(text) {
  const plain = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(plain), (letter) => letter.charCodeAt(0));
}

function encode(buffer) {
  let text = "";
  for (const byte of new Uint8Array(buffer)) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

class PasskeyElement extends HTMLElement {
  connectedCallback() {
    const form = this.querySelector("form");
    if (!form || !globalThis.PublicKeyCredential || !navigator.credentials) return;
    form.hidden = false;
    const missing = this.querySelector("[data-part='missing']");
    if (missing) missing.hidden = true;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask(form);
    });
    // The person has pressed the button of the act a moment ago. A page that is loaded again waits for its own button.
    const [navigation] = performance.getEntriesByType("navigation");
    if (this.dataset.begins !== undefined && navigation?.type === "navigate") this.ask(form);
  }

  async ask(form) {
    const button = form.querySelector("button");
    button.disabled = true;
    this.tell(this.dataset.working);
    try {
      const answer = this.dataset.operation === "create" ? await this.create() : await this.get();
      for (const [name, value] of Object.entries(answer)) form.elements.namedItem(name).value = value;
    } catch {
      // The person has cancelled, the time is over, or the authenticator has no key: the browser tells no page which.
      this.tell(this.dataset.refused);
      button.disabled = false;
      button.focus();
      return;
    }
    form.submit();
  }

  credentials() {
    const named = (this.dataset.credentials ?? "").split(" ").filter((id) => id !== "");
    return named.map((id) => ({ type: "public-key", id: decode(id) }));
  }

  async create() {
    const { response } = await navigator.credentials.create({
      publicKey: {
        challenge: decode(this.dataset.challenge),
        rp: { id: this.dataset.party, name: this.dataset.participant },
        user: { id: decode(this.dataset.user), name: this.dataset.person, displayName: this.dataset.person },
        // ES256 and Ed25519.
        pubKeyCredParams: [{ type: "public-key", alg: -7 }, { type: "public-key", alg: -8 }],
        authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
        excludeCredentials: this.credentials(),
        attestation: "none",
        timeout: 120000,
      },
    });
    return {
      client_data: encode(response.clientDataJSON),
      authenticator_data: encode(response.getAuthenticatorData()),
      public_key: encode(response.getPublicKey()),
    };
  }

  async get() {
    const { rawId, response } = await navigator.credentials.get({
      publicKey: {
        challenge: decode(this.dataset.challenge),
        rpId: this.dataset.party,
        allowCredentials: this.credentials(),
        userVerification: "required",
        timeout: 120000,
      },
    });
    return {
      credential: encode(rawId),
      client_data: encode(response.clientDataJSON),
      authenticator_data: encode(response.authenticatorData),
      signature: encode(response.signature),
    };
  }

  tell(sentence) {
    this.querySelector("[role='status']").textContent = sentence;
  }
}

customElements.define("hansa-passkey", PasskeyElement);

// End of the session: warns two minutes before it, and makes the session longer where the person says so. The page stays, and with it what was
// typed. The server says how much time is left; another open page of the person says when it was used.
class SessionElement extends HTMLElement {
  connectedCallback() {
    this.pages = new BroadcastChannel("hansa-session");
    this.pages.addEventListener("message", ({ data }) => this.extend(data.left, data.end));
    this.report(Number(this.dataset.left), this.part("end").textContent);
    const form = this.querySelector("form");
    form?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.stay(form);
    });
    const tab = this.part("tab");
    if (tab) tab.hidden = true;
    this.clock = setInterval(() => this.look(), 1000);
  }

  disconnectedCallback() {
    clearInterval(this.clock);
    this.pages.close();
  }

  part(name) {
    return this.querySelector(`[data-part='${name}']`);
  }

  look() {
    const left = this.end - Date.now();
    this.part("soon").hidden = left > 120000 || left <= 0;
    this.part("over").hidden = left > 0;
    this.classList.toggle("due", left <= 120000);
  }

  extend(left, end) {
    this.end = Date.now() + left;
    this.part("end").textContent = end;
    this.look();
  }

  report(left, end) {
    this.extend(left, end);
    this.pages.postMessage({ left, end });
  }

  async stay(form) {
    let answer;
    try {
      answer = await fetch(form.action, { method: "POST", body: new URLSearchParams({ as: "text" }) });
    } catch {
      // The network is away; the warning stays.
      return;
    }
    if (!answer.ok || answer.redirected) {
      this.extend(0, this.part("end").textContent);
      return;
    }
    const [left, end] = (await answer.text()).split("\n");
    this.report(Number(left), end);
  }
}

customElements.define("hansa-session", SessionElement);

// Page of the console, as a document in which no script runs, with its address; no page where the answer is none. This is the one place with an
// `XMLHttpRequest`, which Trusted Types let read a page, and it asks the console alone. `observe` gets the request before it is sent.
function requestPage({ method, path, values, observe }) {
  const address = new URL(path, location.href);
  if (address.origin !== location.origin) return Promise.resolve({ page: null, isMoved: false });
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    observe?.(request);
    request.open(method, address);
    request.responseType = "document";
    request.addEventListener("loadend", () => {
      const { response: page, responseURL } = request;
      resolve({ page, address: responseURL, isMoved: responseURL !== "" && responseURL !== address.href });
    });
    request.send(values);
  });
}

// Preview of an act: a second after the last key the form is sent as its button sends it before the act, so that the answer shows and never acts.
// This page takes over the preview, the key of the form, which gets no older, and the end of the session. All that was typed stays.
class PreviewElement extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.changes = 0;
    this.form.addEventListener("input", () => this.change());
    this.form.addEventListener("submit", () => clearTimeout(this.clock));
    this.tell(this.dataset.live);
  }

  disconnectedCallback() {
    clearTimeout(this.clock);
  }

  change() {
    this.changes += 1;
    // The act is bound to the preview that its page has shown. Other values are looked at first.
    this.form.elements.namedItem("preview")?.remove();
    this.form.querySelector("button").textContent = this.dataset.check;
    this.part("result").classList.add("older");
    this.tell("");
    this.wait();
  }

  wait() {
    clearTimeout(this.clock);
    this.clock = setTimeout(() => this.renew(), 1000);
  }

  async renew() {
    // One request at a time: a slow connector is asked less often.
    if (this.isAsking) {
      this.wait();
      return;
    }
    this.isAsking = true;
    const { changes } = this;
    const values = new URLSearchParams(new FormData(this.form));
    // Values that are sent with the digest of their preview act.
    values.delete("preview");
    const answer = await requestPage({ method: "POST", path: this.form.getAttribute("action"), values });
    this.isAsking = false;
    // The page of a sign-in is none of this form.
    const page = answer.isMoved ? null : answer.page;
    this.takeKey(page);
    this.takeSession(page);
    // Whoever has typed on waits for another answer.
    if (changes === this.changes) this.takePreview(page);
  }

  takeKey(page) {
    const key = page?.querySelector("hansa-preview form input[name='key']");
    if (key) this.form.elements.namedItem("key").value = key.value;
  }

  takeSession(page) {
    const session = page?.querySelector("hansa-session");
    const end = session?.querySelector("[data-part='end']");
    if (end) document.querySelector("hansa-session")?.report(Number(session.dataset.left), end.textContent);
  }

  takePreview(page) {
    const preview = page?.querySelector("hansa-preview section.preview");
    if (!preview) {
      this.tell(page?.querySelector("hansa-preview") ? this.dataset.wrong : this.dataset.failed);
      return;
    }
    const result = this.part("result");
    // The focus stays at its place, and what was unfolded stays so.
    const places = () => [...result.querySelectorAll("summary, [tabindex]")];
    const place = places().indexOf(document.activeElement);
    const isOpen = result.querySelector("details")?.open ?? false;
    for (const details of preview.querySelectorAll("details")) details.open = isOpen;
    result.replaceChildren(preview);
    result.classList.remove("older");
    if (place >= 0) places()[place]?.focus({ preventScroll: true });
    this.tell(this.dataset.shown);
  }

  part(name) {
    return this.querySelector(`[data-part='${name}']`);
  }

  tell(sentence) {
    const status = this.part("told");
    if (status.textContent !== sentence) status.textContent = sentence;
  }
}

customElements.define("hansa-preview", PreviewElement);

// Progress of a file: sends the form as the browser would, says how much of it has been sent, and can stop. The browser then goes where the answer
// leads; the page of a refusal takes the place of this one.
class UploadElement extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.progress = this.querySelector("progress");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.request) this.send();
    });
    this.part("cancel").addEventListener("click", () => this.request?.abort());
  }

  disconnectedCallback() {
    this.request?.abort();
  }

  async send() {
    const { size } = this.form.elements.namedItem("file").files[0];
    if (size > Number(this.dataset.limit)) {
      this.tell(this.dataset.large);
      return;
    }
    this.show(0, size);
    this.tell(this.dataset.sending);
    this.toggle(true);
    let isCancelled = false;
    const observe = (request) => {
      this.request = request;
      request.addEventListener("abort", () => { isCancelled = true; });
      // The form around the file has some bytes, too.
      request.upload.addEventListener("progress", ({ loaded }) => this.show(Math.min(loaded, size), size));
      request.upload.addEventListener("load", () => {
        this.show(size, size);
        this.tell(this.dataset.judging);
      });
    };
    const values = new FormData(this.form);
    const answer = await requestPage({ method: "POST", path: this.form.getAttribute("action"), values, observe });
    if (answer.isMoved) {
      location.assign(answer.address);
      return;
    }
    this.request = null;
    const main = answer.page?.querySelector("main");
    if (main) {
      this.takePage(answer.page, main);
      return;
    }
    await this.takeKey();
    this.toggle(false);
    this.tell(isCancelled ? this.dataset.cancelled : this.dataset.failed);
    this.form.querySelector("button").focus();
  }

  takePage(page, main) {
    document.title = page.title;
    const own = document.querySelector("main");
    own.replaceChildren(...main.childNodes);
    (own.querySelector(".summary") ?? own).focus();
  }

  // The key of the form was used up when the file began.
  async takeKey() {
    const { page } = await requestPage({ method: "GET", path: this.dataset.page });
    const key = page?.querySelector("hansa-upload form input[name='key']");
    if (key) this.form.elements.namedItem("key").value = key.value;
  }

  toggle(isSending) {
    this.part("progress").hidden = !isSending;
    this.form.querySelector("button").disabled = isSending;
    if (isSending) this.part("cancel").focus();
  }

  show(sent, size) {
    this.progress.max = size || 1;
    this.progress.value = sent;
    const isLarge = size >= 10_000_000;
    const format = new Intl.NumberFormat(document.documentElement.lang);
    const describe = (bytes) => {
      const unit = isLarge ? this.dataset.megabytes : this.dataset.kilobytes;
      return unit.replace("[number]", format.format(Math.ceil(bytes / (isLarge ? 1_000_000 : 1_000))));
    };
    this.part("words").textContent = this.dataset.sent.replace("[sent]", describe(sent)).replace("[all]", describe(size));
  }

  part(name) {
    return this.querySelector(`[data-part='${name}']`);
  }

  tell(sentence) {
    this.part("told").textContent = sentence;
  }
}

customElements.define("hansa-upload", UploadElement);
