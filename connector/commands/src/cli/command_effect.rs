//! Effect of a command on the world.

/// Effect of a command on the world.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CommandEffect {
    /// It changes nothing that is not in the log anyway, and leaves no trace: it does not follow the logs of those whom it greets.
    Looks,
    /// It changes nothing, and judges the logs of those whom it greets, so that it follows them.
    Judges,
    /// It changes something, or says what it would change.
    Rehearses,
    /// It changes something and can't say beforehand what; or what else to run.
    Acts(&'static str),
    /// It ends something for good; the question for people.
    Ends(String),
}

/// Command as it is typed. A verb without an effect does not compile.
pub(crate) trait Command {
    /// Its effect on the world.
    fn effect(&self) -> CommandEffect;
}
