// Looks at the pages of a console in Chromium: accessibility, width, keyboard, silence, and no request to another host.
//
// Environment: HANSA_CONSOLE (origin), HANSA_CONSOLE_CODE (for one sign-in), HANSA_CONSOLE_PAGES (paths, separated by blanks),
// CHROMIUM (program), HANSA_CONSOLE_PICTURES (folder for pictures; absent: none), HANSA_CONSOLE_SIGN (path of a negotiation that a
// passkey signs; absent: none). A line `confirm NUMBER` on standard output asks for that number at the machine; a line on standard input
// answers.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const origin = process.env.HANSA_CONSOLE;
const code = process.env.HANSA_CONSOLE_CODE;
const paths = process.env.HANSA_CONSOLE_PAGES.split(" ");
const pictures = process.env.HANSA_CONSOLE_PICTURES;
const signed = process.env.HANSA_CONSOLE_SIGN;
const languages = ["en", "de", "pt"];
const themes = [
  { name: "light", media: { colorScheme: "light", forcedColors: "none" } },
  { name: "dark", media: { colorScheme: "dark", forcedColors: "none" } },
  { name: "forced", media: { colorScheme: "light", forcedColors: "active" } },
];
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const faults = [];
let checks = 0;

function expect(holds, sentence) {
  checks += 1;
  if (!holds) faults.push(sentence);
}

// A page that says anything on the console of the browser, or asks another host, is a fault.
function watch(page) {
  page.on("console", (message) => {
    // The browser reports the status of a page that is wanted to be missing.
    const isMissing = message.location().url.includes("/no-such") && message.text().includes("404");
    // Chromium advises RS256 for old authenticators. Passkeys here are ES256 or Ed25519.
    const isAdvice = message.text().includes("pubKeyCredParams");
    if (!isMissing && !isAdvice) faults.push(`${page.url()}: the browser says: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => faults.push(`${page.url()}: ${error}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(`${origin}/`)) faults.push(`${page.url()} asks ${request.url()}`);
  });
  return page;
}

async function open(page, path, language) {
  const address = new URL(path, origin);
  if (language) address.searchParams.set("lang", language);
  const response = await page.goto(address.href);
  return response.status();
}

async function checkAccessibility(page, what) {
  await page.evaluate(axe);
  const found = await page.evaluate((wanted) => globalThis.axe.run(document, { runOnly: wanted }), tags);
  expect(found.passes.length > 5, `${what}: axe looked at nothing`);
  for (const violation of found.violations) {
    const places = violation.nodes.map((node) => `${node.target.join(" ")} (${node.failureSummary})`);
    expect(false, `${what}: ${violation.id}: ${violation.help}: ${places.join("; ")}`);
  }
}

async function checkWidth(page, what) {
  for (const width of [320, 640, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    const over = await page.evaluate(() => {
      const root = document.documentElement;
      return root.scrollWidth - root.clientWidth;
    });
    expect(over <= 0, `${what}: ${over} pixels too wide at ${width}`);
  }
}

// Each stop of the keyboard is in sight and has a visible focus.
async function checkKeyboard(page, what) {
  // From the beginning of the page, wherever the focus was.
  await page.evaluate(() => {
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
  });
  const seen = new Set();
  for (let stop = 0; stop < 200; stop += 1) {
    await page.keyboard.press("Tab");
    const focus = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const box = element.getBoundingClientRect();
      const style = getComputedStyle(element);
      const inSight = box.bottom > 0 && box.top < innerHeight && box.width > 0 && box.height > 0;
      const isMarked = style.outlineStyle !== "none" || style.boxShadow !== "none";
      element.dataset.stop ??= String(document.querySelectorAll("[data-stop]").length);
      return { key: element.dataset.stop, name: element.outerHTML.slice(0, 80), inSight, isMarked };
    });
    if (!focus || seen.has(focus.key)) break;
    seen.add(focus.key);
    expect(focus.inSight, `${what}: the focus is out of sight at ${focus.name}`);
    expect(focus.isMarked, `${what}: the focus is not visible at ${focus.name}`);
  }
  expect(seen.size > 3, `${what}: the keyboard reaches ${seen.size} places`);
}

async function takePictures(page, name) {
  if (!pictures) return;
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 900 });
    await page.screenshot({ path: `${pictures}/${name}-${width}.png`, fullPage: true });
  }
  // The documentation shows what fits a window.
  await page.setViewportSize({ width: 1000, height: 760 });
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: `${pictures}/${name}-window.png` });
}

async function checkPage(page, path, status) {
  const kinds = (part) => (/^n-[0-9a-f]{16}$/.test(part) ? "negotiation" : /^[0-9a-f]{64}$/.test(part) ? "contract" : part);
  const plain = path.split("?")[0].split("/").map(kinds);
  const name = path === "/" ? "overview" : plain.join("-").replace(/[^a-z0-9]+/gi, "-").replace(/^-+|-+$/g, "");
  for (const language of languages) {
    // Colours differ by theme, not by language.
    for (const theme of themes.filter((one) => language === "en" || one.name === "light")) {
      await page.emulateMedia(theme.media);
      const what = `${path} in ${language}, ${theme.name}`;
      expect((await open(page, path, language)) === status, `${what}: not ${status}`);
      expect((await page.getAttribute("html", "lang")) === language, `${what}: another language`);
      await checkAccessibility(page, what);
      if (theme.name === "light") {
        await checkWidth(page, what);
        if (language === "en") await checkKeyboard(page, what);
      }
      if (theme.name !== "forced") await takePictures(page, `${name}-${language}-${theme.name}`);
    }
  }
}

async function press(page, place, key) {
  await page.locator(place).focus();
  await page.keyboard.press(key);
}

// The number of an act that waits, typed at the machine.
async function confirm(page) {
  const command = await page.locator("main pre code").first().textContent();
  const answered = new Promise((resolve) => process.stdin.once("data", resolve));
  console.log(`confirm ${command.trim().split(" ").pop()}`);
  await answered;
  process.stdin.pause();
}

async function checkWaiting(page, name) {
  await checkAccessibility(page, name);
  await checkWidth(page, name);
  await checkKeyboard(page, name);
  await takePictures(page, name);
}

// A passkey is added and signs, by keyboard alone.
async function checkPasskey(page, path) {
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
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", { options });
  await open(page, "/me/passkeys", "en");
  await press(page, "hansa-passkey button", "Enter");
  await page.waitForURL(`${origin}/acts/*`);
  await checkWaiting(page, "act-number");
  await confirm(page);
  await press(page, "main form button", "Enter");
  await page.waitForURL(`${origin}/me/passkeys`);
  expect((await page.locator(".done").count()) === 1, "no passkey was added");
  await checkPage(page, "/me/passkeys", 200);

  // The page asks the device at once. This one waits for a finger, so that the page can be looked at.
  await session.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled: false });
  await open(page, `${path}/sign`, "en");
  await press(page, "#read", "Space");
  await press(page, "form.act-form button", "Enter");
  await page.waitForURL(`${origin}/acts/*`);
  await checkWaiting(page, "act-passkey");
  await session.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled: true });
  // A page that is loaded again waits for its button.
  await page.reload();
  await press(page, "hansa-passkey button", "Enter");
  await page.waitForURL(`${origin}${path}`);
  expect((await page.locator(".done").count()) === 1, "the passkey signed nothing");
}

// The preview beside a form, which comes while somebody types.
async function checkPreview(page, path) {
  await open(page, path, "en");
  await page.locator("#title").press("x");
  await page.locator("hansa-preview section.preview").waitFor();
  await checkWaiting(page, "policy-preview");
}

// Two minutes before the session ends the page says so, and the session is made longer on the same page. The clock is that of the browser.
async function checkSession(context) {
  const page = watch(await context.newPage());
  await page.clock.install();
  await open(page, "/contracts", "en");
  const address = page.url();
  const left = Number(await page.getAttribute("hansa-session", "data-left"));
  const part = (name) => page.locator(`hansa-session [data-part='${name}']`);
  expect(!(await part("soon").isVisible()), "a warning long before the session ends");
  await page.clock.fastForward(left - 60_000);
  expect(await part("soon").isVisible(), "no warning before the session ends");
  await checkAccessibility(page, "end of the session");
  await checkWidth(page, "end of the session");
  await press(page, "hansa-session button", "Enter");
  await part("soon").waitFor({ state: "hidden" });
  expect(page.url() === address, "staying signed in left the page");
  await page.clock.fastForward(left + 5_000);
  expect(await part("over").isVisible(), "no word about a session that has ended");
  await page.close();
}

if (pictures) mkdirSync(pictures, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
const context = await browser.newContext();
const page = watch(await context.newPage());

// Sign-in by keyboard alone.
await checkPage(page, "/enter", 200);
await open(page, "/enter", "en");
await page.keyboard.type(code);
await page.keyboard.press("Enter");
await page.waitForURL(`${origin}/`);
for (const path of paths) await checkPage(page, path, path.includes("no-such") ? 404 : 200);

// Pages read whole without scripts.
const plain = await browser.newContext({ javaScriptEnabled: false, storageState: await context.storageState() });
const bare = watch(await plain.newPage());
for (const path of paths) {
  await open(bare, path, "en");
  expect((await bare.locator("main h1").count()) === 1, `${path}: no heading without scripts`);
}

// First paint: the browser's own measure, for the figures of the run.
const paints = [];
for (let round = 0; round < 20; round += 1) {
  await open(page, "/", "en");
  await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
  paints.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime));
}
paints.sort((one, other) => one - other);

const policy = paths.find((path) => path.endsWith("/edit"));
if (policy) await checkPreview(page, policy);
if (signed) await checkPasskey(page, signed);
await checkSession(context);

// Sign-out by keyboard alone, and nothing in the history.
await open(page, "/", "en");
await page.locator("form.leave button").focus();
await page.keyboard.press("Enter");
await page.waitForURL(`${origin}/enter`);
await page.goBack();
expect(page.url() === `${origin}/enter`, `after the sign-out the way back shows ${page.url()}`);
await browser.close();

for (const fault of faults) console.error(fault);
console.log(`${checks} checks, ${faults.length} faults; first paint ${paints[10]?.toFixed(0)} ms, p95 ${paints[18]?.toFixed(0)} ms`);
process.exit(faults.length === 0 ? 0 : 1);
