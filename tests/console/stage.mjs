// A league of two cities and a firm with consoles, made by the commands that a person would type.
//
// Environment: HANSA (program). Commands of other people need the rights of root.
import { execFile, spawn } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";

const cities = ["lindau", "bremen"];
const names = { lindau: "Stadt Lindau", bremen: "Stadt Bremen", acme: "Acme Mobility", porto: "Cidade do Porto" };

// People, each a Unix user of its own.
export const people = {
  maria: { at: "lindau", name: "Maria Santos", roles: ["officer", "signer"], user: 61301 },
  jonas: { at: "lindau", name: "Jonas Weber", roles: ["officer", "signer"], user: 61302 },
  rui: { at: "lindau", name: "Rui Costa", roles: ["auditor"], user: 61303 },
  olga: { at: "lindau", name: "Olga Brandt", roles: ["operator"], user: 61304 },
  nina: { at: "porto", name: "Nina Almeida", roles: ["officer", "signer"], user: 61306 },
  ana: { at: "acme", name: "Ana Keller", roles: ["analyst"], user: 61305 },
};

async function findFreePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function writeRows(columns, sites, factor) {
  const lines = [columns];
  for (const [index, site] of sites.entries()) {
    for (let day = 1; day <= 28; day += 1) {
      const text = String(day).padStart(2, "0");
      lines.push(`${site},2026-09-${text},${factor * (index + 2) + ((day * 37) % 90)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function describeDataset(dataset) {
  const { name, title, value, unit, meaning, city } = dataset;
  return `
[[dataset]]
name        = "${name}"
title       = "${title}"
licence     = "CC-BY-4.0"
attribution = "${city}"
zone        = "Europe/Berlin"
[dataset.source]
kind = "text"
path = "data/${name}.csv"
[[dataset.column]]
name     = "site"
required = true
meaning  = "place of the count"
[[dataset.column]]
name     = "day"
type     = "date"
required = true
meaning  = "local day"
[[dataset.column]]
name    = "${value}"
type    = "int"
unit    = "${unit}"
meaning = "${meaning}"
[dataset.grid]
dimensions = ["site", "day"]
bucket     = "day"
zone       = "Europe/Berlin"
`;
}

function describeTerms(title, value) {
  return `title         = "${title}"
purpose       = ["traffic-planning"]
columns       = ["site", "day", "${value}"]
aggregate     = { by = ["site", "day"], functions = ["sum", "count"], measures = ["${value}"], bucket = "month", min_rows = 5 }
rows_per_day  = 10_000
bytes_per_day = "5 MB"
valid         = { from = 2026-01-01, until = 2029-12-31 }
duties        = ["attribution", "delete-after 30 days"]
`;
}

function describePeople(alias) {
  return Object.entries(people)
    .filter(([, person]) => person.at === alias)
    .map(([key, person]) => {
      const roles = person.roles.map((role) => `"${role}"`).join(", ");
      return `[person.${key}]\nname  = "${person.name}"\nroles = [${roles}]\nunix  = "${person.user}"\n`;
    })
    .join("\n");
}

export class Stage {
  constructor(folder) {
    this.folder = folder;
    this.program = join(folder, "hansa");
    this.serving = new Map();
    this.origins = {};
  }

  static async open() {
    const folder = mkdtempSync(join(tmpdir(), "hansa-console-"));
    chmodSync(folder, 0o755);
    const stage = new Stage(folder);
    cpSync(process.env.HANSA, stage.program);
    chmodSync(stage.program, 0o755);
    await stage.foundLeague();
    for (const city of cities) await stage.publish(city);
    await stage.addConsole("lindau", `[officers]\nusers  = ["${people.maria.user}", "${people.jonas.user}"]\nsecond = "looser"\n`);
    await stage.addConsole("acme", "");
    // This one begins with nothing.
    await stage.addConsole("porto", "");
    for (const alias of Object.keys(names)) await stage.serve(alias);
    for (const alias of ["acme", "lindau"]) {
      for (const city of cities.filter((city) => city !== alias)) await stage.addPeer(alias, city);
    }
    for (const city of cities) await stage.run("acme", ["contract", "request", `${city}.bikes`, "--sign"]);
    return stage;
  }

  // Runs a command of a participant, as a person or as the user who runs the participants. Gives the objects that it prints.
  async run(alias, args, person) {
    const options = { cwd: this.folder, timeout: 60_000, uid: person?.user };
    const at = alias ? ["--config", alias] : [];
    return new Promise((resolve, reject) => {
      execFile(this.program, [...at, "--json", ...args], options, (fault, out, err) => {
        if (fault) reject(new Error(`hansa ${args.join(" ")}: ${fault.code} ${out}${err}`));
        else resolve(out.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line)));
      });
    });
  }

  async foundLeague() {
    await this.run(null, ["league", "init", "league", "--name", "League of the coast", "--demo"]);
    for (const alias of Object.keys(names)) {
      const listen = alias === "acme" ? [] : ["--listen", "127.0.0.1:0"];
      const zone = ["--zone", "Europe/Berlin"];
      await this.run(null, ["init", alias, "--id", `${alias}.example`, "--name", names[alias], ...zone, ...listen]);
      chmodSync(join(this.folder, alias), 0o755);
    }
    const requests = Object.keys(names).map((alias) => `${alias}/${alias}.example.request`);
    await this.run(null, ["league", "admit", ...requests, "--dir", "league"]);
    for (const alias of Object.keys(names)) await this.run(alias, ["--yes", "join", `${alias}/${alias}.example.join`]);
  }

  append(alias, text) {
    const file = join(this.folder, alias, "hansa.toml");
    writeFileSync(file, `${readFileSync(file, "utf8")}\n${text}`);
  }

  async publish(city) {
    const folder = join(this.folder, city);
    const sites = city === "lindau" ? ["Hafen", "Insel", "Bahnhof"] : ["Weser", "Markt"];
    mkdirSync(join(folder, "data"), { recursive: true });
    mkdirSync(join(folder, "policies"), { recursive: true });
    writeFileSync(join(folder, "data/bikes.csv"), writeRows("site,day,bikes", sites, 210));
    writeFileSync(join(folder, "data/tickets.csv"), writeRows("site,day,tickets", sites, 940));
    writeFileSync(join(folder, "policies/bikes.toml"), describeTerms("Bicycles by site and day", "bikes"));
    writeFileSync(join(folder, "policies/tickets.toml"), describeTerms("Tickets by stop and day", "tickets"));
    const bikes = { name: "bikes", title: "Bicycle counts", value: "bikes", unit: "{bicycle}", meaning: "bicycles in both directions" };
    const tickets = { name: "tickets", title: "Ticket validations", value: "tickets", unit: "{ticket}", meaning: "tickets that were validated" };
    for (const dataset of [bikes, tickets]) this.append(city, describeDataset({ ...dataset, city: names[city] }));
    const offer = (name, sign) => `[[offer]]\ndataset = "${name}"\npolicy  = "${name}"\nto      = "league"\nsign    = "${sign}"\n`;
    const purpose = '[purpose.traffic-planning]\nparent = "dpv:PublicBenefit"\ntext   = "planning of roads and public transport"\n';
    this.append(city, `${purpose}\n${offer("bikes", "auto")}\n${offer("tickets", "officer")}`);
    await this.run(city, ["dataset", "publish"]);
  }

  async addConsole(alias, more) {
    const port = await findFreePort();
    // Passkeys need a name that stays.
    this.origins[alias] = `http://${alias}.localhost:${port}`;
    const console = `[console]\nlisten  = "127.0.0.1:${port}"\nname    = "${this.origins[alias]}"\nstep_up = "passkey"\n`;
    this.append(alias, `${more}\n${console}\n${describePeople(alias)}`);
  }

  async serve(alias) {
    // It ends with this process, also if that is killed.
    const child = spawn(this.program, ["--config", alias, "--json", "serve", "--until-stdin-ends"], {
      cwd: this.folder,
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.serving.set(alias, child);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.ended = ended;
    const lines = createInterface({ input: child.stdout });
    const ready = new Promise((resolve, reject) => {
      lines.on("line", (line) => {
        const object = JSON.parse(line);
        if (object.event === "ready") resolve(object);
      });
      ended.then(() => reject(new Error(`${alias} ended before it was ready`)));
    });
    child.address = (await ready).listen;
  }

  async addPeer(alias, city) {
    await this.run(alias, ["peer", "add", this.serving.get(city).address, "--id", `${city}.example`]);
  }

  // Ends a participant, as a machine that is switched off.
  async stop(alias) {
    const child = this.serving.get(alias);
    this.serving.delete(alias);
    child.stdin.end();
    await child.ended;
  }

  async invite(person) {
    const [invitation] = await this.run(person.at, ["console"], person);
    return invitation.code;
  }

  async confirm(person, number) {
    await this.run(person.at, ["console", "confirm", number], person);
  }

  // Has the firm ask for the tickets of Lindau. Gives the negotiation that waits.
  async requestTickets() {
    const asked = await this.run("acme", ["contract", "request", "lindau.tickets", "--sign"]);
    return asked.find((object) => object.negotiation);
  }

  // Exports the logs of Lindau and of the firm, the first with one byte changed.
  async exportLogs() {
    if (!this.exported) {
      this.exported = ["lindau", "acme"].map((alias) => join(this.folder, `${alias}.bundle`));
      for (const file of this.exported) await this.run(basename(file, ".bundle"), ["audit", "export", "-o", file]);
      const [file] = this.exported;
      const text = readFileSync(file, "latin1");
      const place = text.lastIndexOf('"rows":');
      if (place < 0) throw new Error(`${file} has no answer`);
      const digit = text[place + 7] === "1" ? "2" : "1";
      writeFileSync(file, `${text.slice(0, place + 7)}${digit}${text.slice(place + 8)}`, "latin1");
    }
    return this.exported;
  }

  async close() {
    await Promise.all([...this.serving.keys()].map((alias) => this.stop(alias)));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
