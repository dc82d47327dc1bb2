//! `cargo property`: runs the D/D′ property and the second oracle with many cases, and says with which seed.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let mut cases = 10_000_u64;
    let mut seed = None;
    let mut args = std::env::args().skip(1);
    let mut properties = vec!["what_is_learned", "what_is_let_in", "equal_to_the_pool"];
    let mutants = ["fails_without", "is_missed_when_it_is_dropped"];
    while let Some(arg) = args.next() {
        if arg == "--mutants" {
            properties.clear();
            continue;
        }
        let value = args.next().and_then(|value| value.parse().ok());
        match (arg.as_str(), value) {
            ("--cases", Some(value)) => cases = value,
            ("--seed", Some(value)) => seed = Some(value),
            _ => {
                eprintln!("usage: cargo property [--cases N] [--seed S] [--mutants]");
                return ExitCode::from(2);
            }
        }
    }
    let seed = seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    if !properties.is_empty() {
        println!(
            "{cases} cases from seed {seed}; again with: cargo property --cases {cases} --seed {seed}"
        );
    }
    let status = Command::new(env!("CARGO"))
        .args(["test", "--workspace", "--lib", "--"])
        .args(properties.into_iter().chain(mutants))
        .arg("--nocapture")
        .env("HANSA_PROPERTY_CASES", cases.to_string())
        .env("HANSA_PROPERTY_SEED", seed.to_string())
        .status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("cargo can't be started: {fault}");
            ExitCode::FAILURE
        }
    }
}
