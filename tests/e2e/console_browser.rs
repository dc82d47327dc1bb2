//! The console in Chromium: the tasks of people by keyboard alone, and attacks by pages of other origins. Run by `.ci/run`, which installs
//! the browser. `HANSA_CONSOLE_CHECK` is the folder with the scripts and their packages.

use crate::binary;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

/// Runs a script of tests/console, and makes the pages of a check for each line `verify FOLDER LANGUAGE FILE FILE` that it prints.
fn run_script(name: &str) {
    let check = std::env::var("HANSA_CONSOLE_CHECK").expect("HANSA_CONSOLE_CHECK");
    let mut running = Command::new("node")
        .arg(format!("{check}/{name}"))
        .env("HANSA", binary())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answers = running.stdin.take().unwrap();
    for line in BufReader::new(running.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        match line.strip_prefix("verify ") {
            Some(wanted) => {
                write_verdict(wanted);
                writeln!(answers, "written").unwrap();
            }
            None => println!("{line}"),
        }
    }
    assert!(running.wait().unwrap().success());
}

fn write_verdict(wanted: &str) {
    let mut words = wanted.split(' ').map(str::to_owned);
    let (folder, language) = (words.next().unwrap(), words.next().unwrap());
    let start = [
        "hansa-verify",
        "check",
        "--html",
        &folder,
        "--language",
        &language,
    ];
    let line = start.map(str::to_owned).into_iter().chain(words);
    let output = hansa_verify::run_program(line);
    assert_eq!(output.err, "", "{wanted}");
}

#[test]
#[ignore = "needs Node.js and Chromium"]
fn tasks_are_done_by_keyboard() {
    run_script("tasks.mjs");
}

#[test]
#[ignore = "needs Node.js and Chromium"]
fn attacks_in_a_browser_come_to_nothing() {
    run_script("attacks.mjs");
}
