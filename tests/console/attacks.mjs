// Attacks in a browser: pages of another origin, the way back after a sign-out, and an act that is sent twice. The numbers are those of
// docs/console-attacks.md.
//
// Environment: HANSA (program), CHROMIUM (program).
import { createServer } from "node:http";
import { chromium } from "playwright-core";
import { House, addPasskey } from "./house.mjs";
import { Stage } from "./stage.mjs";

const faults = [];
let checks = 0;

function expect(holds, sentence) {
  checks += 1;
  if (!holds) faults.push(sentence);
}

// A page of another origin, which loads whatever the attacks write into it.
async function serveOtherOrigin() {
  const server = createServer((_request, response) => {
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end("<!doctype html><title>another origin</title><body></body>");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://evil.localhost:${server.address().port}`, server };
}

async function readActs(house) {
  const records = await house.stage.run("lindau", ["audit", "list", "--last", "10000"]);
  return records.filter((record) => record.type === "console_act");
}

// Attacks 6 and 39: a page of another origin frames, fetches, prefetches, opens and sends forms.
async function attackFromOtherOrigin(house, hands, routes) {
  const { origin, server } = await serveOtherOrigin();
  const context = hands.page.context();
  const page = await context.newPage();
  await page.goto(origin);
  for (const route of routes) {
    const address = `${hands.origin}${route}`;
    const framed = await page.evaluate(async (source) => {
      const frame = document.createElement("iframe");
      const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
      frame.src = source;
      document.body.append(frame);
      await loaded;
      return true;
    }, address);
    const frames = page.frames().filter((frame) => frame !== page.mainFrame());
    const texts = await Promise.all(frames.map((frame) => frame.locator("body").innerText({ timeout: 500 }).catch(() => "")));
    expect(framed && texts.every((text) => !text.includes("Lindau")), `${route} is framed: ${texts}`);
    const fetched = await page.evaluate(async (source) => {
      const read = async (options) => {
        try {
          const response = await fetch(source, options);
          return `${response.type} ${(await response.text()).length}`;
        } catch {
          return "refused";
        }
      };
      const link = document.createElement("link");
      Object.assign(link, { rel: "prefetch", href: source });
      document.head.append(link);
      for (const frame of document.querySelectorAll("iframe")) frame.remove();
      return [await read({ credentials: "include" }), await read({ credentials: "include", mode: "no-cors" })];
    }, address);
    expect(fetched[0] === "refused" && ["refused", "opaque 0"].includes(fetched[1]), `${route} is fetched: ${fetched}`);
  }
  // A window that is opened has no session, and gives no hold on it.
  const opened = context.waitForEvent("page");
  const hold = page.evaluate((source) => {
    const other = window.open(source);
    return new Promise((resolve) => {
      setTimeout(() => resolve(!other || other.closed), 2000);
    });
  }, `${hands.origin}${routes[0]}`);
  const popup = await opened;
  await popup.waitForLoadState();
  expect(popup.url() === `${hands.origin}/enter`, `a window of another origin opens ${popup.url()}`);
  expect(await hold, "the window is held by another origin");
  expect(await popup.evaluate(() => window.opener === null), "the window knows who opened it");
  await popup.close();
  // A form of another origin is refused, whatever its cookies.
  const before = (await readActs(house)).length;
  for (const path of ["/leave", "/ask", ...routes.filter((route) => route.endsWith("/comment"))]) {
    const sender = await context.newPage();
    await sender.goto(origin);
    const answered = sender.waitForResponse((response) => response.url() === `${hands.origin}${path}`);
    await sender.evaluate((source) => {
      const form = document.createElement("form");
      Object.assign(form, { method: "post", action: source });
      document.body.append(form);
      form.submit();
    }, `${hands.origin}${path}`);
    const status = (await answered).status();
    expect(status === 403, `${path} takes a form of another origin: ${status}`);
    await sender.close();
  }
  expect((await readActs(house)).length === before, "a form of another origin did something");
  await page.close();
  await hands.open("/");
  expect(hands.page.url() === `${hands.origin}/`, "the session is over");
  await new Promise((resolve) => server.close(resolve));
}

// An act that is sent twice by a double click, by a reload and by the way back has one record.
async function sendTwice(house, hands, subject) {
  const { page } = hands;
  const before = (await readActs(house)).length;
  await hands.open(`${subject}/comment`);
  await page.locator("#clause").selectOption({ index: 1 });
  await page.locator("#text").fill("why at least five?");
  await page.locator("form.act-form button").dblclick({ noWaitAfter: true });
  await page.waitForLoadState("networkidle");
  expect((await readActs(house)).length === before + 1, "a double click acts otherwise than once");
  await hands.open(`${subject}/comment`);
  await page.locator("#clause").selectOption({ index: 1 });
  await page.locator("#text").fill("and who counts?");
  await page.locator("form.act-form button").click();
  await page.waitForURL(`${hands.origin}${subject}`);
  expect((await readActs(house)).length === before + 2, "the second comment was not recorded");
  await page.reload();
  await page.goBack();
  // The form as it was: its key is used up.
  await page.locator("#clause").selectOption({ index: 1 });
  await page.locator("#text").fill("and who counts?");
  const answered = page.waitForResponse((response) => response.request().method() === "POST");
  await page.locator("form.act-form button").click();
  const status = (await answered).status();
  const acts = (await readActs(house)).length;
  // The browser may have loaded a new form on its way back: then it is a comment of its own.
  expect((status === 409 && acts === before + 2) || (status === 303 && acts === before + 3), `the way back acts: ${status}, ${acts - before}`);
}

// Attack 32: after the sign-out, neither the way back nor the cache shows a page.
async function leaveAndGoBack(hands, subject) {
  const { page } = hands;
  for (const path of ["/contracts", subject]) await hands.open(path);
  await page.locator("form.leave button").click();
  await page.waitForURL(`${hands.origin}/enter`);
  for (let step = 0; step < 3; step += 1) {
    // There is a way back to pages that need a session, and each of them leads to the sign-in.
    await page.goBack({ timeout: 3000 }).catch(() => {});
    expect(!(await page.locator("body").innerText()).includes("acme"), `the way back shows ${page.url()}`);
  }
  await page.goto(`${hands.origin}${subject}`);
  expect(page.url() === `${hands.origin}/enter`, `after the sign-out ${page.url()} is there`);
}

const stage = await Stage.open();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
try {
  // Tries of another origin stand on the console of the browser; only the pages of the console are silent.
  const house = new House(browser, stage, []);
  const visit = { language: "en", hasScripts: true };
  const waiting = await stage.requestTickets();
  const subject = `/contracts/${waiting.negotiation}`;
  await addPasskey(house, "maria");
  faults.push(...house.faults);
  const hands = await house.enter("maria", visit);
  await attackFromOtherOrigin(house, hands, [subject, `${subject}/sign`, `${subject}/comment`, "/", "/contracts", "/datasets", "/me/passkeys", "/enter"]);
  await sendTwice(house, hands, subject);
  await leaveAndGoBack(hands, subject);
  faults.push(...hands.faults);
} finally {
  await browser.close();
  await stage.close();
}
for (const fault of faults) console.error(fault);
console.log(`${checks} checks, ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
