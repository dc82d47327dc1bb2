//! `hansa error`: the long form of a code.

use crate::cli::output::OutputSettings;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde_json::json;

/// Prints one code, or all of them.
///
/// # Errors
/// When there is no such code.
pub(crate) fn run(code: Option<&str>, show: OutputSettings) -> Result<(), Refusal> {
    let codes: Vec<ErrorCode> = match code {
        None => ErrorCode::ALL.to_vec(),
        Some(text) => vec![text.to_uppercase().parse().map_err(|_| {
            let known: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
            let refusal = Refusal::new(ErrorCode::UsageWrong, format!("there is no code `{text}`"));
            match hansa_policy::nearest_word::nearest(&text.to_uppercase(), known) {
                Some(near) => refusal.with_help(format!("did you mean {near}?")),
                None => refusal.with_help("hansa error lists all codes"),
            }
        })?],
    };
    let long = code.is_some();
    for code in codes {
        let object = json!({
            "code": code.as_str(),
            "cause": code.cause(),
            "mend": code.remedy(),
            "exit": code.kind().exit_code(),
        });
        let text = if long {
            format!(
                "{code}\n  cause  {}\n  help   {}\n  exit   {}",
                code.cause(),
                code.remedy(),
                code.kind().exit_code()
            )
        } else {
            format!("{:<26} {}", code.as_str(), code.cause())
        };
        show.result(&object, &text);
    }
    Ok(())
}
