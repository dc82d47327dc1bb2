//! Files that a command names to a connector, which may run elsewhere and as another Unix user.

use hansa_policy::refusal::{ErrorCode, Refusal};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Name of a file that means standard input.
pub(crate) const STANDARD_INPUT: &str = "-";

/// Most bytes that are read from standard input.
const MOST_BYTES: u64 = 4 << 20;

/// File that a command names to the connector.
#[derive(Debug)]
pub(crate) enum NamedFile<'a> {
    /// File that the connector opens.
    Opened(&'a mut PathBuf),
    /// Draft of a policy, a file that the connector opens.
    Draft(&'a mut String),
    /// Draft of a policy, or the name of an offer where there is no such file.
    DraftOrOffer(&'a mut String),
    /// File that is read where the command was typed. Its text travels.
    Sent {
        /// The file.
        file: &'a Path,
        /// Place of its text.
        text: &'a mut Option<String>,
    },
}

impl<'a> NamedFile<'a> {
    /// The file of an argument that may be absent, if the connector opens it.
    pub(crate) fn list_opened(file: Option<&'a mut PathBuf>) -> Vec<Self> {
        file.map(Self::Opened).into_iter().collect()
    }

    /// `true` if the connector opens the file, with its own rights.
    pub(crate) const fn is_opened_by_connector(&self) -> bool {
        match self {
            Self::Opened(_) | Self::Draft(_) | Self::DraftOrOffer(_) => true,
            Self::Sent { .. } => false,
        }
    }

    /// Reads a text that travels, and makes a path absolute that is opened elsewhere.
    ///
    /// # Errors
    /// `FILE_MISSING`
    pub(crate) fn resolve(self) -> Result<(), Refusal> {
        match self {
            Self::Opened(file) => make_absolute(file),
            Self::Draft(policy) => make_draft_absolute(policy),
            Self::DraftOrOffer(policy) => {
                if Path::new(policy.as_str()).is_file() {
                    make_draft_absolute(policy);
                }
            }
            Self::Sent { file, text } => {
                let bytes = match file == Path::new(STANDARD_INPUT) {
                    true => read_standard_input()?,
                    false => hansa_node::process::named_file::read_named_file(file)?,
                };
                *text = Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        Ok(())
    }
}

/// Reads the text that is typed or piped into the command.
fn read_standard_input() -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let read = std::io::stdin()
        .lock()
        .take(MOST_BYTES)
        .read_to_end(&mut bytes);
    read.map_err(|fault| {
        let sentence = format!("standard input can't be read: {fault}");
        Refusal::new(ErrorCode::FileMissing, sentence)
    })?;
    Ok(bytes)
}

fn make_draft_absolute(policy: &mut String) {
    let mut path = PathBuf::from(&*policy);
    make_absolute(&mut path);
    *policy = path.display().to_string();
}

fn make_absolute(file: &mut PathBuf) {
    if let Ok(absolute) = std::path::absolute(&*file) {
        *file = absolute;
    }
}
