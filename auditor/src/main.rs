//! `hansa-verify`: reads what was typed and ends with the status of the verdict.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = std::env::args_os();
    let told = auditor::run(arguments);
    print!("{}", told.out);
    eprint!("{}", told.err);
    ExitCode::from(told.status)
}
