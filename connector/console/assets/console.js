// Script of the console: passkeys, and the end of the session.
//
// Passkeys in the browser: asks the authenticator, and sends its answer in the form that the server has written.
// Each value travels in base64url. Each sentence stands in an attribute of the element, in the language of the page.

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
