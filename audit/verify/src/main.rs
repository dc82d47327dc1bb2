//! `hansa-verify`: parses the arguments and exits with the status of the verdict.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

/// Exit status where the verdict could not be written.
const NOT_TOLD: u8 = 1;

fn main() -> ExitCode {
    let arguments = std::env::args_os();
    let output = hansa_verify::run_program(arguments);
    let mut out = std::io::stdout().lock();
    let written = out
        .write_all(output.out.as_bytes())
        .and_then(|()| out.flush());
    let _ = std::io::stderr().write_all(output.err.as_bytes());
    match written {
        // A reader that closed the pipe still gets the status of the verdict.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let _ = writeln!(
                std::io::stderr(),
                "error: the verdict can't be written: {error}"
            );
            ExitCode::from(NOT_TOLD)
        }
        _ => ExitCode::from(output.status),
    }
}
