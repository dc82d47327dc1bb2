//! The walks of the guides, line by line, in an empty folder: what they show is what happens.

use hansa_test_support::free_ports::find_free_ports;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Every block below `<!-- run -->` as one script, cut into commands.
fn commands(page: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for block in page.split("<!-- run -->\n```sh\n").skip(1) {
        let script = block.split("\n```").next().unwrap();
        let mut lines = script.lines();
        while let Some(line) = lines.next() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let mut command = line.to_owned();
            if line.contains("<<'END'") {
                for line in lines.by_ref() {
                    command.push('\n');
                    command.push_str(line);
                    if line == "END" {
                        break;
                    }
                }
            }
            commands.push(command);
        }
    }
    commands
}

struct BackgroundProcesses(Vec<Child>);

impl Drop for BackgroundProcesses {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// From two empty folders to an answer, in no more commands than the guide says.
#[test]
fn two_empty_folders_come_to_an_answer_in_at_most_twelve_commands() {
    let mut world = GuideWorld::new();
    let commands = world.commands(include_str!("../../docs/guide/first-answer.md"));
    let refused = |line: &&String| line.contains("# ends with 3");
    let needed = commands
        .iter()
        .filter(|line| line.starts_with("hansa ") && !refused(line))
        .count();
    assert!(
        (11..=12).contains(&needed),
        "{needed} commands: {commands:#?}"
    );
    world.walk(commands);
}

/// The guide for a city, to the withdrawal that cuts an answer.
#[test]
fn the_guide_for_a_city_does_what_it_says() {
    let world = GuideWorld::with_first_answer();
    let world = world.and(include_str!("../../docs/guide/city.md"), 20);
    let came = std::fs::read_to_string(world.folder.path().join("passages.csv")).unwrap();
    let rows = came.lines().filter(|line| line.contains(",s")).count();
    assert!((1..200_000).contains(&rows), "{rows} rows came");
}

/// The guide for firms, from nothing to a data frame.
#[test]
fn the_guide_for_a_firm_does_what_it_says() {
    let world = GuideWorld::with_first_answer();
    let world = world.and(include_str!("../../docs/guide/firm.md"), 12);
    for file in ["bikes.parquet", "bikes.arrow"] {
        assert!(world.folder.path().join(file).exists(), "{file}");
    }
}

#[test]
fn the_guide_for_a_league_does_what_it_says() {
    let _world =
        GuideWorld::with_first_answer().and(include_str!("../../docs/guide/league.md"), 14);
}

#[test]
fn the_guide_for_an_auditor_does_what_it_says() {
    let world = GuideWorld::with_first_answer();
    let world = world.and(include_str!("../../docs/guide/auditor.md"), 11);
    for file in [
        "lindau.bundle",
        "acme.bundle",
        "records.csv",
        "received.csv",
        "tiles",
    ] {
        assert!(world.folder.path().join(file).exists(), "{file}");
    }
}

#[test]
fn the_guide_for_an_operator_does_what_it_says() {
    let _world =
        GuideWorld::with_first_answer().and(include_str!("../../docs/guide/operator.md"), 10);
}

/// The folder in which the guides are walked, with the connectors that serve.
struct GuideWorld {
    folder: tempfile::TempDir,
    background: BackgroundProcesses,
    /// Where the city of the guides answers: the port that they name is one for all tests at once.
    address: String,
}

impl GuideWorld {
    fn new() -> Self {
        let [port] = find_free_ports();
        Self {
            folder: tempfile::tempdir().unwrap(),
            background: BackgroundProcesses(Vec::new()),
            address: format!("127.0.0.1:{port}"),
        }
    }

    /// After the first guide.
    fn with_first_answer() -> Self {
        Self::new().and(include_str!("../../docs/guide/first-answer.md"), 12)
    }

    /// Walks one more page, which has at least so many commands.
    fn and(mut self, page: &str, least: usize) -> Self {
        let commands = self.commands(page);
        assert!(
            commands.len() >= least,
            "the guide lost its walk: {commands:#?}"
        );
        self.walk(commands);
        self
    }

    fn commands(&self, page: &str) -> Vec<String> {
        commands(&page.replace("127.0.0.1:8814", &self.address))
    }

    fn walk(&mut self, commands: Vec<String>) {
        walked(commands, self.folder.path(), &mut self.background);
    }
}

/// Runs the commands one after the other.
fn walked(commands: Vec<String>, folder: &Path, background: &mut BackgroundProcesses) {
    let mut asking = BackgroundProcesses(Vec::new());
    for command in commands {
        let expected = match command.split_once("# ends with ") {
            Some((_, status)) => status.trim().parse().unwrap(),
            None => 0,
        };
        let (line, _) = command.split_once("   # ").unwrap_or((&command, ""));
        if let Some(line) = line.strip_suffix(" &") {
            if line.ends_with(" serve") {
                background.0.push(serve(line, folder));
            } else {
                asking.0.push(shell(line, folder).spawn().unwrap());
            }
            continue;
        }
        if line == "wait" {
            for mut child in asking.0.drain(..) {
                let _ = child.wait().unwrap();
            }
            continue;
        }
        let done = shell(line, folder).output().unwrap();
        assert_eq!(
            done.status.code(),
            Some(expected),
            "{line}\n{}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        );
        check(line, &String::from_utf8_lossy(&done.stdout));
    }
}

/// What the walk promises of single lines.
fn check(line: &str, out: &str) {
    if line.contains("sum(fare)") {
        let rows: Vec<Vec<&str>> = out
            .lines()
            .filter(|row| row.starts_with("Altstadt") || row.starts_with("Insel"))
            .map(|row| row.split_whitespace().collect())
            .collect();
        let ends = |row: &[&str], sums: [&str; 3]| row.ends_with(&sums);
        assert_eq!(
            rows.len(),
            3,
            "the day of fourteen trips does not exist: {out}"
        );
        assert!(ends(&rows[0], ["20", "50.0", "205.0"]), "{out}");
        assert!(ends(&rows[1], ["20", "50.0", "205.0"]), "{out}");
        assert!(ends(&rows[2], ["16", "40.0", "164.0"]), "{out}");
    }
    if line.contains(" sql ") && line.contains("sum(bikes)") {
        assert!(out.contains("2392") && out.contains("812"), "{out}");
        assert!(!out.contains("Insel"), "{out}");
    }
    if line == "cat cut.txt" {
        assert!(out.contains("error[WITHDRAWN]"), "{out}");
    }
    if line.contains("reconcile") {
        let (matched, all) = out
            .lines()
            .find_map(|line| line.strip_suffix(" answers matched on both sides"))
            .and_then(|counts| counts.split_once(" of "))
            .unwrap_or_else(|| panic!("{out}"));
        assert_eq!(matched, all, "{out}");
        assert_ne!(all, "0", "{out}");
    }
}

fn shell(line: &str, folder: &Path) -> Command {
    let binary = super::binary().parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(line)
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", binary.display()))
        .env_remove("HANSA_CONFIG")
        .stdin(Stdio::null());
    command
}

/// Starts a connector and waits until it says that it is ready.
fn serve(line: &str, folder: &Path) -> Child {
    use std::io::BufRead as _;
    let mut child = shell(&format!("exec {line} --json"), folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut ready).unwrap();
    assert!(ready.contains("listen"), "{ready}");
    std::mem::forget(out);
    child
}
