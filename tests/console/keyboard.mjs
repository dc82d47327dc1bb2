// A person who works at the keyboard alone: Tab to get there, Enter, Space and arrows to act. Clicks are counted; typing is none.

// Most stops of the keyboard on one page.
const mostStops = 250;

export class Hands {
  constructor(page, { origin, language, hasScripts }) {
    this.page = page;
    this.origin = origin;
    this.language = language;
    this.hasScripts = hasScripts;
    this.clicks = 0;
    // Acts that were confirmed by a number at the machine.
    this.numbers = 0;
    // Words of what was pressed, which differ by language.
    this.words = [];
    this.faults = [];
  }

  expect(holds, sentence) {
    if (!holds) this.faults.push(`${this.page.url()}: ${sentence}`);
  }

  // Opens an address, as a bookmark or a letter gives it. It is no click.
  async open(path) {
    const address = new URL(path, this.origin);
    const response = await this.page.goto(address.href);
    this.expect(response.status() < 400, `the page answers ${response.status()}`);
    await this.checkLanguage();
  }

  async checkLanguage() {
    const shown = await this.page.getAttribute("html", "lang");
    this.expect(shown === this.language, `the page is in ${shown}`);
  }

  // Goes on by Tab until the element has the focus, which must be in sight and marked.
  async reach(selector) {
    for (let stop = 0; stop < mostStops; stop += 1) {
      const focus = await this.page.evaluate((wanted) => {
        const element = document.activeElement;
        if (!element || !element.matches(wanted)) return null;
        const box = element.getBoundingClientRect();
        const style = getComputedStyle(element);
        const middle = [Math.max(box.left, 0) + Math.min(box.width, 20) / 2, Math.max(box.top, 0) + Math.min(box.height, 20) / 2];
        const top = document.elementFromPoint(...middle);
        return {
          isInSight: box.bottom > 0 && box.top < innerHeight && box.width > 0 && box.height > 0,
          isMarked: style.outlineStyle !== "none" || style.boxShadow !== "none",
          cover: top === null || element.contains(top) || top.contains(element) ? "" : top.outerHTML.slice(0, 80),
          words: (element.innerText || element.labels?.[0]?.innerText || element.value || "").trim(),
        };
      }, selector);
      if (focus) {
        this.expect(focus.isInSight, `the focus is out of sight at ${selector}`);
        this.expect(focus.isMarked, `the focus is not visible at ${selector}`);
        this.expect(focus.cover === "", `the focus is covered at ${selector} by ${focus.cover}`);
        return focus.words;
      }
      await this.page.keyboard.press("Tab");
    }
    throw new Error(`${this.page.url()}: the keyboard does not reach ${selector}`);
  }

  // Follows a link or presses a button that leads to another page.
  async follow(selector, address) {
    const words = await this.reach(selector);
    this.words.push(words);
    this.clicks += 1;
    const arrived = this.page.waitForURL(address, { waitUntil: "load" });
    await this.page.keyboard.press("Enter");
    await arrived;
    await this.checkLanguage();
  }

  // Ticks a box.
  async tick(selector) {
    this.words.push(await this.reach(selector));
    this.clicks += 1;
    await this.page.keyboard.press("Space");
    this.expect(await this.page.locator(selector).isChecked(), `${selector} is not ticked`);
  }

  // Opens what is folded.
  async unfold(selector) {
    this.words.push(await this.reach(selector));
    this.clicks += 1;
    await this.page.keyboard.press("Enter");
  }

  // Chooses a value of a list by its arrows.
  async choose(selector, value) {
    this.words.push(await this.reach(selector));
    this.clicks += 1;
    await this.page.keyboard.press("Home");
    for (let step = 0; step < 50; step += 1) {
      if ((await this.page.locator(selector).inputValue()) === value) return;
      await this.page.keyboard.press("ArrowDown");
    }
    throw new Error(`${this.page.url()}: ${selector} has no ${value}`);
  }

  async type(selector, text) {
    await this.reach(selector);
    await this.page.keyboard.press("ControlOrMeta+a");
    await this.page.keyboard.type(text);
  }

  // Types a day, part by part in the order of the browser's own language.
  async enterDay(selector, day) {
    await this.reach(selector);
    const [year, month, date] = day.split("-");
    await this.page.keyboard.type(`${month}${date}${year}`);
    this.expect((await this.page.locator(selector).inputValue()) === day, `${selector} has another day`);
  }

  // Chooses a file in the window that a field opens.
  async chooseFile(selector, file) {
    this.words.push(await this.reach(selector));
    this.clicks += 1;
    const opened = this.page.waitForEvent("filechooser");
    await this.page.keyboard.press("Enter");
    await (await opened).setFiles(file);
  }

  // Presses a link that gives a file. Gives its name and bytes.
  async download(selector) {
    this.words.push(await this.reach(selector));
    this.clicks += 1;
    const begun = this.page.waitForEvent("download");
    await this.page.keyboard.press("Enter");
    const file = await begun;
    const stream = await file.createReadStream();
    const parts = [];
    for await (const part of stream) parts.push(part);
    return { name: file.suggestedFilename(), text: Buffer.concat(parts).toString("utf8") };
  }

  async read() {
    return this.page.locator("main").innerText();
  }

  async expectText(...texts) {
    const whole = await this.read();
    for (const text of texts) this.expect(whole.includes(text), `the page lacks "${text}"`);
  }
}
