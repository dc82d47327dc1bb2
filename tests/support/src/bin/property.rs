//! `cargo property`: runs the D/D′ property and the second oracle with many cases, and says with which seed.
//! `cargo oracle`: the same with generated statements beside a PostgreSQL.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let mut cases = None;
    let mut command = "property";
    let mut seed = None;
    let mut args = std::env::args().skip(1);
    let mut properties = vec!["what_is_learned", "what_is_let_in", "equal_to_the_pool"];
    let mutants = ["fails_without", "is_missed_when_it_is_dropped"];
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--mutants" => {
                properties.clear();
                continue;
            }
            "--statements" => {
                command = "oracle";
                continue;
            }
            _ => {}
        }
        let value = args.next().and_then(|value| value.parse().ok());
        match (arg.as_str(), value) {
            ("--cases", Some(value)) => cases = Some(value),
            ("--seed", Some(value)) => seed = Some(value),
            _ => {
                eprintln!(
                    "usage: cargo property [--cases N] [--seed S] [--mutants], cargo oracle [--cases N] [--seed S]"
                );
                return ExitCode::from(2);
            }
        }
    }
    let seed = seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let mut tests = Command::new(env!("CARGO"));
    tests.args(["test", "--workspace", "--lib", "--"]);
    let cases = match command {
        "oracle" => {
            let cases = cases.unwrap_or(100_000);
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            tests
                .arg("statements_give_what_postgresql_gives")
                .env("HANSA_ORACLE_CASES", cases.to_string())
                .env("HANSA_ORACLE_SEED", seed.to_string())
                .env("HANSA_ORACLE_THREADS", threads.to_string());
            cases
        }
        _ => {
            let cases = cases.unwrap_or(10_000);
            tests
                .args(properties.iter().chain(&mutants))
                .env("HANSA_PROPERTY_CASES", cases.to_string())
                .env("HANSA_PROPERTY_SEED", seed.to_string());
            cases
        }
    };
    if !properties.is_empty() {
        println!(
            "{cases} cases from seed {seed}; again with: cargo {command} --cases {cases} --seed {seed}"
        );
    }
    let status = tests.arg("--nocapture").status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("cargo can't be started: {fault}");
            ExitCode::FAILURE
        }
    }
}
