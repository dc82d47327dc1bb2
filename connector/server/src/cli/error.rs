//! `hansa error`: the long form of a code.

use crate::cli::show::Show;
use hansa_policy::refusal::{Code, Refusal};
use serde_json::json;

/// Prints one code, or all of them.
///
/// # Errors
/// When there is no such code.
pub(crate) fn run(code: Option<&str>, show: Show) -> Result<(), Refusal> {
    let codes: Vec<Code> = match code {
        None => Code::ALL.to_vec(),
        Some(text) => vec![text.to_uppercase().parse().map_err(|_| {
            let known: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
            let refusal = Refusal::new(Code::UsageWrong, format!("there is no code `{text}`"));
            match crate::config::reader::nearest::nearest(&text.to_uppercase(), &known) {
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
            "mend": code.mend(),
            "exit": code.kind().exit_code(),
        });
        let text = if long {
            format!(
                "{code}\n  cause  {}\n  mend   {}\n  exit   {}",
                code.cause(),
                code.mend(),
                code.kind().exit_code()
            )
        } else {
            format!("{:<26} {}", code.as_str(), code.cause())
        };
        show.result(&object, &text);
    }
    Ok(())
}
