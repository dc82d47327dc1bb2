// Script of the console: passkeys, the end of the session, and the preview of an act while its form is filled.
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

// Page of the console that answers a form, as a document in which no script runs; none where the answer is no page, or that of another address.
// It is the one place with an `XMLHttpRequest`, which Trusted Types let read a page, and asks the console alone.
function requestPage(form, values) {
  const address = new URL(form.getAttribute("action"), location.href);
  if (address.origin !== location.origin) return Promise.resolve(null);
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.responseType = "document";
    request.addEventListener("loadend", () => resolve(request.responseURL === address.href ? request.response : null));
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
    const page = await requestPage(this.form, values);
    this.isAsking = false;
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
