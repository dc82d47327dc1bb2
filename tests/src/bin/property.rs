//! `cargo property`: runs the D/D′ property and the second oracle with many cases, and says with which seed.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let mut cases = 10_000_u64;
    let mut seed = None;
    let mut args = std::env::args().skip(1);
    let mut tests = vec!["what_is_learned", "fails_without", "each_term_is_missed"];
    while let Some(arg) = args.next() {
        if arg == "--mutants" {
            tests.remove(0);
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
    if tests.len() == 3 {
        println!(
            "{cases} cases from seed {seed}; again with: cargo property --cases {cases} --seed {seed}"
        );
    }
    let status = Command::new(env!("CARGO"))
        .args([
            "test", "-p", "hansa", "-p", "engine", "-p", "enforce", "--lib", "--",
        ])
        .args(&tests)
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
