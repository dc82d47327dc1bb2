//! `hansa error`: the long form of a code.

use crate::cli::command_report::CommandReport;
use crate::cli::output::OutputSettings;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;

/// Prints one code, or all of them.
///
/// # Errors
/// When there is no such code.
pub(crate) fn print_error_codes(code: Option<&str>, show: OutputSettings) -> Result<(), Refusal> {
    let codes: Vec<ErrorCode> = match code {
        None => ErrorCode::ALL.to_vec(),
        Some(text) => vec![text.to_uppercase().parse().map_err(|_| {
            let known: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
            let refusal = Refusal::new(ErrorCode::UsageWrong, format!("there is no code `{text}`"));
            match hansa_policy::nearest_word::find_nearest_word(&text.to_uppercase(), known) {
                Some(near) => refusal.with_help(format!("did you mean {near}?")),
                None => refusal.with_help("hansa error lists all codes"),
            }
        })?],
    };
    for one in codes {
        show.print_report(&ErrorCodeReport {
            code: one.as_str(),
            cause: one.cause(),
            remedy: one.remedy(),
            exit: one.kind().exit_code(),
            is_long: code.is_some(),
        });
    }
    Ok(())
}

/// Code of the registry.
#[derive(Debug, Serialize)]
struct ErrorCodeReport {
    code: &'static str,
    cause: &'static str,
    remedy: &'static str,
    exit: u8,
    /// `true` if people see all of it.
    #[serde(skip)]
    is_long: bool,
}

impl CommandReport for ErrorCodeReport {
    fn to_text(&self) -> String {
        match self.is_long {
            true => format!(
                "{}\n  cause  {}\n  help   {}\n  exit   {}",
                self.code, self.cause, self.remedy, self.exit
            ),
            false => format!("{:<26} {}", self.code, self.cause),
        }
    }
}
