//! The walks of the guides, line by line, in an empty folder: what they show is what happens.

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

/// The guide for a city, from an empty folder to the evidence.
#[test]
fn the_guide_to_a_dataset_of_ones_own_does_what_it_says() {
    let commands = commands(include_str!("../../docs/guide/own-dataset.md"));
    assert!(commands.len() > 20, "the guide lost its walk");
    let folder = tempfile::tempdir().unwrap();
    let mut background = BackgroundProcesses(Vec::new());
    walked(commands, folder.path(), &mut background);
    let came = std::fs::read_to_string(folder.path().join("passages.csv")).unwrap();
    let rows = came.lines().filter(|line| line.contains(",s")).count();
    assert!((1..200_000).contains(&rows), "{rows} rows came");
}

/// The guide for firms, with the city that it begins beside.
#[test]
fn the_guide_to_a_data_frame_does_what_it_says() {
    let city = "\
hansa league init league --name \"Pilot league\"
hansa init lindau --id lindau.example --name \"Stadt Lindau\" --zone Europe/Berlin --listen 127.0.0.1:0
hansa league admit lindau/lindau.example.request --dir league
hansa --yes --config lindau join lindau/lindau.example.join
printf 'site,day,bikes\\nHafen,2026-05-01,310\\nInsel,2026-05-01,77\\n' > lindau/bikes.csv
hansa --config lindau dataset add lindau/bikes.csv --name bikes --title \"Bicycle counts\" --licence CC-BY-4.0
hansa --config lindau dataset publish
printf 'title = \"Planning\"\\npurpose = [\"traffic-planning\"]\\nvalid = { from = 2026-01-01, until = 2029-12-31 }\\n' > lindau/policies/planning.toml
printf '\\n[purpose.traffic-planning]\\nparent = \"dpv:PublicBenefit\"\\ntext = \"planning\"\\n\\n[[offer]]\\ndataset = \"bikes\"\\npolicy = \"planning\"\\nto = \"league\"\\nsign = \"auto\"\\n' >> lindau/hansa.toml
hansa --config lindau serve &";
    let folder = tempfile::tempdir().unwrap();
    let mut background = BackgroundProcesses(Vec::new());
    let city = city.lines().map(str::to_owned).collect();
    walked(city, folder.path(), &mut background);
    let guide = commands(include_str!("../../docs/guide/data-frame.md"));
    assert!(guide.len() > 8, "the guide lost its walk");
    walked(guide, folder.path(), &mut background);
    for file in ["bikes.parquet", "bikes.arrow"] {
        assert!(folder.path().join(file).exists(), "{file}");
    }
}

/// Runs the commands one after the other.
fn walked(commands: Vec<String>, folder: &Path, background: &mut BackgroundProcesses) {
    let mut asking = BackgroundProcesses(Vec::new());
    for command in commands {
        let expected = if command.contains("# ends with 3") {
            3
        } else {
            0
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
