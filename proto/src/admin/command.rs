//! Command to run.

use crate::admin::pb;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::time::Duration;

/// Command with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminCommand {
    /// Verb as typed, such as `contract sign`.
    pub verb: String,
    /// Arguments of the verb.
    pub args: Map<String, Value>,
    /// Time limit of the caller; absent: no limit.
    pub timeout: Option<Duration>,
    /// Working directory of the caller. Relative file names are resolved against it.
    pub directory: PathBuf,
    /// Version of the calling program.
    pub program: String,
}

/// Reads a command from its wire message.
///
/// # Errors
/// `MESSAGE_MALFORMED`.
pub fn from_wire(message: pb::Command) -> Result<AdminCommand, Refusal> {
    let pb::Command {
        verb,
        args_json,
        timeout_ms,
        directory,
        program,
    } = message;
    if verb.is_empty() {
        return Err(malformed_command_refusal("the command lacks its verb"));
    }
    let args = match serde_json::from_str::<Value>(&args_json) {
        Ok(Value::Object(args)) => args,
        Ok(_) => {
            return Err(malformed_command_refusal(
                "the arguments are no JSON object",
            ));
        }
        Err(cause) => {
            return Err(
                malformed_command_refusal("the arguments are no JSON object").caused_by(cause),
            );
        }
    };
    Ok(AdminCommand {
        verb,
        args,
        timeout: (timeout_ms > 0).then(|| Duration::from_millis(timeout_ms)),
        directory: PathBuf::from(directory),
        program,
    })
}

/// Writes a command as a wire message.
#[must_use]
pub fn to_wire(command: &AdminCommand) -> pb::Command {
    let AdminCommand {
        verb,
        args,
        timeout,
        directory,
        program,
    } = command;
    pb::Command {
        verb: verb.clone(),
        args_json: Value::Object(args.clone()).to_string(),
        timeout_ms: timeout.map_or(0, |wait| {
            u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1)
        }),
        directory: directory.to_string_lossy().into_owned(),
        program: program.clone(),
    }
}

fn malformed_command_refusal(what: &str) -> Refusal {
    Refusal::new(ErrorCode::MessageMalformed, what)
}

#[cfg(test)]
mod tests {
    use super::{AdminCommand, from_wire, to_wire};
    use std::time::Duration;

    #[test]
    fn a_command_survives_the_round_trip() {
        let args = serde_json::json!({"id": "7f3a", "reason": "ende", "limit": 3});
        let mut command = AdminCommand {
            verb: "contract withdraw".to_owned(),
            args: args.as_object().unwrap().clone(),
            timeout: Some(Duration::from_secs(3)),
            directory: "/srv/munster".into(),
            program: "hansa 0.1.0".to_owned(),
        };
        assert_eq!(from_wire(to_wire(&command)).unwrap(), command);
        command.timeout = None;
        command.args.clear();
        assert_eq!(from_wire(to_wire(&command)).unwrap(), command);
        let mut list = to_wire(&command);
        list.args_json = "[]".to_owned();
        assert!(from_wire(list).is_err());
    }
}
