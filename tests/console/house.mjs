// People at the consoles of the stage, each in a browser of its own.
import { Hands } from "./keyboard.mjs";
import { people } from "./stage.mjs";

// Sessions of people. Each has a browser of its own, as on a machine of its own.
export class House {
  constructor(browser, stage, faults) {
    this.browser = browser;
    this.stage = stage;
    this.faults = faults;
    this.visits = new Map();
  }

  // A person at the console, signed in by keyboard with a code.
  async enter(key, { language, hasScripts }) {
    const name = `${key} ${hasScripts}`;
    const person = people[key];
    const origin = this.stage.origins[person.at];
    let page = this.visits.get(name);
    if (!page) {
      const context = await this.browser.newContext({ javaScriptEnabled: hasScripts, acceptDownloads: true, locale: "en-US" });
      page = watch(await context.newPage(), origin, this.faults);
      if (hasScripts) await addAuthenticator(page);
      this.visits.set(name, page);
      await page.goto(`${origin}/enter`);
      // Without scripts, the field with `autofocus` has the focus, too.
      await page.locator("#code").focus();
      await page.keyboard.type(await this.stage.invite(person));
      await page.keyboard.press("Enter");
      await page.waitForURL(`${origin}/`);
    }
    await page.goto(`${origin}/?lang=${language}`);
    return new Hands(page, { origin, language, hasScripts });
  }
}

export function watch(page, origin, faults) {
  page.on("console", (message) => {
    // The browser reports the status of a preview while a value is still missing.
    const isPreview = message.location().url === `${origin}/policies/add` && message.text().includes("status of 422");
    if (!isPreview && !message.text().includes("pubKeyCredParams")) faults.push(`${page.url()}: the browser says: ${message.text()}`);
  });
  // Whoever listens from the start has the window for files each time.
  page.on("filechooser", () => {});
  page.on("pageerror", (error) => faults.push(`${page.url()}: ${error}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(`${origin}/`)) faults.push(`${page.url()} asks ${request.url()}`);
  });
  return page;
}

async function addAuthenticator(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2",
    transport: "internal",
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  await session.send("WebAuthn.addVirtualAuthenticator", { options });
}

// Number of an act, typed at the machine by its person.
export async function confirmNumber(house, hands, person) {
  const command = await hands.page.locator("main pre code").first().textContent();
  await house.stage.confirm(person, command.trim().split(" ").pop());
}

// Adds a passkey, by the number at the machine. It is done once and belongs to no task.
export async function addPasskey(house, key) {
  const hands = await house.enter(key, { language: "en", hasScripts: true });
  await hands.open("/me/passkeys");
  await hands.follow("hansa-passkey button", "**/acts/*");
  await confirmNumber(house, hands, people[key]);
  await hands.follow("main form button", "**/me/passkeys");
  hands.expect((await hands.page.locator(".done").count()) === 1, "no passkey was added");
  house.faults.push(...hands.faults);
}
