// The tasks of people at the console, by keyboard alone, in each language, with scripts and without. Clicks are counted and held to the
// table of each task.
//
// Environment: HANSA (program), CHROMIUM (program), HANSA_CONSOLE_PICTURES (folder for pictures; absent: none). A line
// `verify FOLDER LANGUAGE FILE FILE` on standard output asks for the pages of a check in that folder; a line on standard input answers.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { House, addPasskey, confirmNumber, watch } from "./house.mjs";
import { Hands } from "./keyboard.mjs";
import { reduceColours } from "./picture.mjs";
import { Stage, people } from "./stage.mjs";

const languages = ["en", "de", "pt"];
const pictures = process.env.HANSA_CONSOLE_PICTURES;
const faults = [];
const told = [];
const input = createInterface({ input: process.stdin });
const answers = input[Symbol.asyncIterator]();

async function takePicture(hands, name) {
  if (!pictures || !hands.hasScripts) return;
  const { page } = hands;
  const kept = page.viewportSize();
  const place = await page.evaluate(() => scrollY);
  const width = 1000;
  for (const [part, size] of [["window", { width, height: 760 }], ["narrow", { width: 390, height: 844 }]]) {
    await page.setViewportSize(size);
    await page.evaluate(() => scrollTo(0, 0));
    const taken = await page.screenshot({ fullPage: part === "narrow" });
    writeFileSync(join(pictures, `${name}-${hands.language}-${part}.png`), reduceColours(taken));
  }
  await page.setViewportSize(kept);
  await page.evaluate((top) => scrollTo(0, top), place);
}

// Goes on after the check page of an act: the passkey is asked at once, the number is typed at the machine.
async function proveAct(house, hands, { button, back, key }) {
  const { page } = hands;
  if (hands.hasScripts) {
    await hands.follow(button, (address) => address.pathname === back);
  } else {
    await hands.follow(button, "**/acts/*");
    await confirmNumber(house, hands, people[key]);
    await hands.follow("main form button", `**${back}`);
    hands.numbers += 1;
  }
  hands.expect((await page.locator(".done").count()) === 1, "the act was not done");
}

// A file that is stopped leaves the form as it was, with a new key. The request is held, so that it is under way as long as it takes.
async function stopFile(hands) {
  const { page } = hands;
  const sent = "**/datasets/upload";
  await page.route(sent, () => {});
  const key = await page.inputValue("form.act-form input[name=key]");
  await hands.reach("form.act-form button");
  await page.keyboard.press("Enter");
  await page.locator("hansa-upload progress").waitFor();
  await hands.reach("hansa-upload [data-part=cancel]");
  await page.keyboard.press("Enter");
  const stopped = await page.getAttribute("hansa-upload", "data-cancelled");
  await page.locator("hansa-upload [role=status]", { hasText: stopped }).waitFor();
  hands.expect((await page.inputValue("form.act-form input[name=key]")) !== key, "the key of the file was used up");
  hands.expect(await page.locator("hansa-upload progress").isHidden(), "a file that was stopped goes on");
  await page.unroute(sent);
}

// Keeps how far the progress of a file comes, also after its page.
async function watchProgress(hands) {
  await hands.page.evaluate(() => {
    sessionStorage.removeItem("progress");
    const progress = document.querySelector("hansa-upload progress");
    const observer = new MutationObserver(() => sessionStorage.setItem("progress", progress.value / progress.max));
    observer.observe(progress, { attributes: true });
  });
}

async function checkProgress(hands) {
  const reached = await hands.page.evaluate(() => sessionStorage.getItem("progress"));
  hands.expect(reached === "1", `the progress of the file ended at ${reached}`);
}

// The preview beside the form follows what is typed, before any button is pressed. The focus stays, and the act is not possible by it.
async function watchPreview(hands) {
  const { page } = hands;
  const shown = "hansa-preview section.preview";
  await page.locator(shown).waitFor();
  const key = await page.inputValue("form.act-form input[name=key]");
  const hasDays = (place) => document.querySelector(place).textContent.includes("77");
  hands.expect(!(await page.evaluate(hasDays, shown)), "the preview has what nobody typed");
  await hands.type("#delete-after", "77");
  await page.waitForFunction(hasDays, shown);
  hands.expect(await page.evaluate(() => document.activeElement.id === "delete-after"), "the preview takes the focus");
  hands.expect((await page.locator(shown).count()) === 1, "there are several previews");
  hands.expect((await page.locator("hansa-preview [role=status]").innerText()) !== "", "nobody is told of the preview");
  hands.expect((await page.inputValue("form.act-form input[name=key]")) !== key, "the key of the form gets old");
  hands.expect((await page.locator("form.act-form input[name=preview]").count()) === 0, "the preview makes the act possible");
  await takePicture(hands, "preview");
  // A value that is not taken leaves the last preview.
  await hands.type("#delete-after", "9999999999999");
  const wrong = await page.getAttribute("hansa-preview", "data-wrong");
  await page.locator("hansa-preview [role=status]", { hasText: wrong }).waitFor();
  hands.expect(await page.evaluate(hasDays, shown), "the last preview is gone");
  await hands.type("#delete-after", "30");
}

// File of a city that begins.
const counts = "site,day,bikes\nRibeira,2026-09-01,812\nBoavista,2026-09-01,2392\nRibeira,2026-09-02,790\n";

// Contract that the tasks of one round make and end.
const made = { contract: null };

const tasks = [
  {
    number: 1,
    what: "an officer comes from an empty connector to its first offer",
    most: 25,
    withoutScripts: true,
    async run(house, visit) {
      const hands = await house.enter("nina", visit);
      const name = `counts-${visit.language}${visit.hasScripts ? "" : "-plain"}`.replaceAll("-", "_");
      await hands.follow('main a[href="/start"]', "**/start");
      await takePicture(hands, "start");
      await hands.follow('main a[href="/datasets/add"]', "**/datasets/add");
      await hands.chooseFile("#file", { name: `${name}.csv`, mimeType: "text/csv", buffer: Buffer.from(counts) });
      if (visit.hasScripts) {
        await stopFile(hands);
        await watchProgress(hands);
      }
      await hands.follow("form.act-form button", "**/datasets/add/*");
      if (visit.hasScripts) await checkProgress(hands);
      await takePicture(hands, "add");
      await hands.type("#title", "Counts of bicycles");
      await hands.type("#licence", "CC-BY-4.0");
      for (const column of ["site", "day", "bikes"]) await hands.tick(`input[name^="leaves-"][value="${column}"]`);
      await hands.follow("form.act-form button", `**/datasets/${name}/publish`);
      await takePicture(hands, "publish");
      await hands.follow("form.act-form button", `**/datasets/${name}`);
      await hands.follow('nav a[href="/datasets"]', "**/datasets");
      await hands.follow('main a[href="/policies"]', "**/policies");
      await hands.follow('main a[href="/policies/add"]', "**/policies/add");
      await hands.type("#name", name);
      await hands.type("#title", "Counts for research");
      await hands.choose("#dataset", name);
      await hands.type("#purpose", "dpv:ResearchAndDevelopment");
      await hands.type("#columns", "site\nday\nbikes");
      await hands.enterDay("#from", "2026-01-01");
      await hands.enterDay("#until", "2029-12-31");
      if (visit.hasScripts) await watchPreview(hands);
      await hands.follow("form.act-form button", "**/policies/add");
      // The page with the preview has the address of the one before.
      await hands.page.locator("form.act-form input[name=preview]").waitFor({ state: "attached" });
      await takePicture(hands, "policy");
      await hands.follow("form.act-form button", "**/policies");
      await hands.open(`/datasets/${name}`);
      await hands.follow(`main a[href="/datasets/${name}/offer"]`, `**/datasets/${name}/offer`);
      await hands.type("#policy", name);
      await hands.choose("#audience", "league");
      await takePicture(hands, "offer");
      await hands.follow("form.act-form button", `**/datasets/${name}`);
      hands.expect((await hands.page.locator(".done").count()) === 1, "the offer was not added");
      return hands;
    },
  },
  {
    number: 2,
    what: "an officer reads a waiting request and signs it",
    most: 4,
    withoutScripts: true,
    async run(house, visit) {
      const waiting = await house.stage.requestTickets();
      const hands = await house.enter("maria", visit);
      const subject = `/contracts/${waiting.negotiation}`;
      await hands.page.reload();
      await takePicture(hands, "overview");
      await hands.follow(`ol.waiting a[href="${subject}"]`, `**${subject}`);
      await hands.expectText("acme.example");
      await takePicture(hands, "contract");
      await hands.follow(`a[href="${subject}/sign"]`, `**${subject}/sign`);
      await takePicture(hands, "sign");
      await hands.tick("#read");
      await proveAct(house, hands, { button: "form.act-form button", back: subject, key: "maria" });
      made.contract = waiting.would_become;
      // The firm fetches what was signed.
      await house.stage.run("acme", ["contract", "wait", waiting.negotiation]);
      return hands;
    },
  },
  {
    number: 3,
    what: "an officer sees what Acme would see of the tickets, and why a question is refused",
    most: 3,
    withoutScripts: true,
    async run(house, visit) {
      const hands = await house.enter("maria", visit);
      await hands.open("/datasets/tickets");
      await hands.follow('main a[href^="/policies/tickets?"]', "**/policies/tickets?*");
      await hands.follow('main a[href^="/policies/tickets/try"]', "**/policies/tickets/try*");
      await hands.type("#participant", "acme.example");
      await hands.type("#purpose", "traffic-planning");
      await hands.type("#sql", "SELECT day, tickets FROM tickets");
      await hands.follow("form.act-form button", "**/policies/tickets/try");
      await hands.expectText("tickets", "AGGREGATE_ONLY", "#c");
      await takePicture(hands, "try");
      return hands;
    },
  },
  {
    number: 4,
    what: "an officer withdraws a contract of the list with a reason",
    most: 4,
    withoutScripts: true,
    async run(house, visit) {
      const hands = await house.enter("maria", visit);
      const subject = `/contracts/${made.contract}`;
      await hands.open("/contracts");
      await hands.follow(`a[href="${subject}"]`, `**${subject}`);
      await hands.follow(`a[href="${subject}/withdraw"]`, `**${subject}/withdraw`);
      await hands.type("#reason", "the pilot is over");
      await hands.tick("#read");
      await proveAct(house, hands, { button: "form.act-form button", back: subject, key: "maria" });
      return hands;
    },
  },
  {
    number: 4,
    part: "second person",
    what: "the second officer approves the withdrawal",
    most: 3,
    withoutScripts: true,
    async run(house, visit) {
      const hands = await house.enter("jonas", visit);
      const subject = `/contracts/${made.contract}`;
      await hands.follow(`ol.waiting a[href^="${subject}"]`, `**${subject}/withdraw`);
      await hands.expectText("the pilot is over");
      await takePicture(hands, "second");
      await hands.tick("#read");
      await proveAct(house, hands, { button: "form.act-form button", back: subject, key: "jonas" });
      return hands;
    },
  },
  {
    number: 5,
    what: "an analyst of the firm finds a dataset and asks for a contract",
    most: 5,
    withoutScripts: true,
    async run(house, visit) {
      const hands = await house.enter("ana", visit);
      await hands.follow('nav a[href="/catalog"]', "**/catalog");
      const dataset = "/catalog/bremen/tickets";
      await hands.follow(`main a[href="${dataset}"]`, `**${dataset}`);
      await takePicture(hands, "dataset");
      await hands.follow(`main a[href="${dataset}/request"]`, `**${dataset}/request`);
      await hands.follow("form.act-form button", "**/contracts/*");
      hands.expect((await hands.page.locator(".done").count()) === 1, "the request was not sent");
      await hands.expectText("bremen.example");
      return hands;
    },
  },
  {
    number: 6,
    what: "an analyst has an answer over two cities, a chart and a file",
    most: 6,
    withoutScripts: true,
    async run(house, visit) {
      const hands = await house.enter("ana", visit);
      await hands.follow('nav a[href="/ask"]', "**/ask");
      await hands.choose("#purpose", "traffic-planning");
      await hands.type(
        "#sql",
        "SELECT 'Lindau' AS city, sum(bikes) AS bikes FROM lindau.bikes UNION ALL SELECT 'Bremen', sum(bikes) FROM bremen.bikes",
      );
      await takePicture(hands, "ask");
      await hands.follow('button[value="ask"]', "**/answers/*");
      await waitForAnswer(hands);
      await hands.expectText("Lindau", "Bremen", "lindau.example", "bremen.example");
      await hands.unfold("main details summary");
      hands.expect(await hands.page.locator(".chart svg").isVisible(), "there is no chart");
      await takePicture(hands, "answer");
      const file = await hands.download('a[href$="/csv"]');
      hands.expect(file.name.endsWith(".csv") && file.text.includes("Bremen"), `the file ${file.name} has not the answer`);
      return hands;
    },
  },
  {
    number: 7,
    what: "an auditor sees who received the bicycles this month, under which clauses",
    most: 4,
    withoutScripts: true,
    async run(house, visit) {
      const hands = await house.enter("rui", visit);
      await hands.follow('nav a[href="/evidence"]', "**/evidence");
      await hands.follow('main a[href="/evidence/received"]', "**/evidence/received");
      await hands.type("#filter-dataset", "bikes");
      await hands.follow("form.filter button", "**/evidence/received?*");
      await hands.expectText("acme.example", "#c");
      await takePicture(hands, "received");
      return hands;
    },
  },
  {
    number: 8,
    what: "an auditor outside has a verdict on two files, and the first fault",
    // One command, and a link to the fault.
    most: 1,
    withoutScripts: true,
    async run(house, visit) {
      const pages = join(house.stage.folder, `verdict-${visit.language}-${visit.hasScripts}`);
      const files = await house.stage.exportLogs();
      console.log(`verify ${pages} ${visit.language} ${files.join(" ")}`);
      await answers.next();
      const context = await house.browser.newContext({ javaScriptEnabled: visit.hasScripts });
      const page = watch(await context.newPage(), "file://", faults);
      const hands = new Hands(page, { ...visit, origin: pathToFileURL(pages).href });
      await page.goto(pathToFileURL(join(pages, visit.language, "index.html")).href);
      await hands.checkLanguage();
      await hands.follow('a[href$="findings.html"]', "**/findings.html");
      await takePicture(hands, "findings");
      await context.close();
      return hands;
    },
  },
  {
    number: 10,
    what: "an operator sees what ends, and how it is renewed",
    most: 2,
    withoutScripts: false,
    async run(house, visit) {
      const hands = await house.enter("olga", visit);
      await hands.expectText("hansa league export", "hansa join");
      return hands;
    },
  },
  {
    number: 9,
    what: "an operator sees why Bremen does not answer",
    most: 2,
    withoutScripts: false,
    whenAway: true,
    async run(house, visit) {
      const hands = await house.enter("olga", visit);
      await hands.follow('nav a[href="/operations"]', "**/operations");
      await takePicture(hands, "operations");
      await hands.follow('main a[href="/operations/peers"]', "**/operations/peers");
      await hands.expectText("bremen.example", "PEER_UNREACHABLE");
      await takePicture(hands, "peers");
      return hands;
    },
  },
];

async function waitForAnswer(hands) {
  for (let round = 0; round < 50; round += 1) {
    if ((await hands.page.locator('a[href$="/csv"]').count()) === 1) return;
    await hands.page.reload();
  }
  throw new Error(`${hands.page.url()}: the answer does not come`);
}

async function play(house, task, visit) {
  const began = Date.now();
  const part = task.part ? `, ${task.part}` : "";
  const name = `task ${task.number}${part}, in ${visit.language}${visit.hasScripts ? "" : ", without scripts"}`;
  try {
    const hands = await task.run(house, visit);
    // Without a passkey, a number is typed at the machine, and one click more goes on.
    const most = task.most + hands.numbers;
    faults.push(...hands.faults.map((fault) => `${name}: ${fault}`));
    if (hands.clicks > most) faults.push(`${name}: ${hands.clicks} clicks, at most ${most}: ${hands.words.join(" > ")}`);
    told.push({ name: `${task.number}${part}`, visit, words: hands.words.join(" > ") });
    console.log(`${name}: ${hands.clicks} clicks of ${most}, ${Date.now() - began} ms`);
  } catch (fault) {
    faults.push(`${name}: ${fault}`);
  }
}

// Each language has words of its own for what is pressed.
function compareWords() {
  for (const one of told.filter((round) => round.visit.hasScripts && round.words !== "")) {
    for (const other of told.filter((round) => round.visit.hasScripts && round.name === one.name)) {
      if (one.visit.language < other.visit.language && one.words === other.words) {
        faults.push(`task ${one.name}: ${one.visit.language} and ${other.visit.language} have the same words: ${one.words}`);
      }
    }
  }
}

async function playAll(house) {
  const last = tasks.filter((task) => task.whenAway);
  const first = tasks.filter((task) => !task.whenAway);
  // People have no passkey yet, as in every browser without scripts. Each task in one of the languages.
  for (const [index, task] of tasks.entries()) {
    if (task.withoutScripts) await play(house, task, { language: languages[Math.floor(index / 2) % languages.length], hasScripts: false });
  }
  for (const key of ["maria", "jonas"]) await addPasskey(house, key);
  for (const language of languages) {
    for (const task of first) await play(house, task, { language, hasScripts: true });
  }
  await house.stage.stop("bremen");
  // Somebody asks it in vain; from then on the connector knows why.
  await house.stage.run("lindau", ["catalog", "show", "bremen.bikes"]).then(
    () => faults.push("a participant answers that is switched off"),
    () => {},
  );
  for (const language of languages) {
    for (const task of last) await play(house, task, { language, hasScripts: true });
  }
}

if (pictures) mkdirSync(pictures, { recursive: true });
const stage = await Stage.open();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
try {
  await playAll(new House(browser, stage, faults));
} finally {
  await browser.close();
  await stage.close();
}
input.close();
compareWords();
for (const fault of faults) console.error(fault);
console.log(`${told.length} tasks, ${faults.length} faults`);
process.exit(faults.length === 0 && told.length > 0 ? 0 : 1);
