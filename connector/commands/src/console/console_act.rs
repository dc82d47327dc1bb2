//! Acts of people on anything but a contract's signature: each is declared in one place.
//!
//! # To add an act
//!
//! 1. **Words.** Write a function in `hansa-console`, beside the page from which the act begins, that gives an `ActForm`: title, button,
//!    consequences, fields, and the sentence afterwards. Its messages stand in the message files of all languages. What the form shows must
//!    be the same at the page and at the answer, so it holds no time that passes.
//! 2. **Act.** Implement [`ConsoleAct`] for a type without values, in the file of its subject here (`operator_acts.rs` is the shortest
//!    example): path, words of the command, roles, form and command.
//! 3. **Place.** Add the type to the table of `act_table.rs`. The page before the act, the key of the form, the proof of presence, the record before the
//!    command, and the page afterwards follow from it.
//! 4. **Preview**, where the values of the form make something that the person should see first: [`ConsoleAct::has_preview`], and
//!    [`ConsoleAct::judge_values`] gives it. The act is possible with the preview that was shown, and with no other one.
//! 5. **Link.** Link to the path from the page of the subject.
//!
//! The test of each route with each role, `e2e::console::act_routes`, has a line for each act.

use crate::cli::connector_command::ConnectorCommand;
use crate::console::person_visit::{CommandResults, PermittedPerson};
use hansa_console::{ActFieldFault, ActForm, ActPreview, PageFrame};
use hansa_node::config::person::Role;
use hansa_node::console::pending_act::DescribedAct;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeMap;

/// Segment of the path of an act that names its subject.
pub(super) const SUBJECT: &str = "*";

/// Act of a person at the console.
#[async_trait::async_trait]
pub(super) trait ConsoleAct: Sync {
    /// Segments of the path of its page; [`SUBJECT`] stands for each that names the subject.
    fn path(&self) -> &'static [&'static str];

    /// Words of the command, as the record names them; of one act alone.
    fn command_words(&self) -> &'static str;

    /// Roles whose people may do it.
    fn roles(&self) -> &'static [Role];

    /// `true` if the session alone is no proof for it.
    fn needs_presence(&self) -> bool {
        false
    }

    /// `true` if the person sees what the values make of the subject before the act is possible. Then [`Self::judge_values`] gives a preview.
    fn has_preview(&self) -> bool {
        false
    }

    /// `true` if the result is shown at once and never again, as a new secret is.
    fn is_shown_once(&self) -> bool {
        false
    }

    /// Page from which the act begins.
    fn back_address(&self, subject: &[String]) -> String;

    /// Page to which the act leads, from the results of its command.
    fn page_after(&self, act: &DescribedAct, results: &CommandResults) -> String;

    /// Prepares the page before the act.
    ///
    /// # Errors
    /// Why the act is not possible on this subject now.
    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal>;

    /// Judges the values after the check of each field alone.
    ///
    /// # Errors
    /// Why the values can't be judged.
    async fn judge_values(
        &self,
        _request: &ActRequest<'_>,
        _values: &BTreeMap<String, String>,
    ) -> Result<JudgedValues, Refusal> {
        Ok(JudgedValues::Taken)
    }

    /// Command of a described act.
    ///
    /// # Errors
    /// `INTERNAL` where the act lacks a value.
    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal>;

    /// Carries out a recorded act: by its command, unless no command does the same.
    ///
    /// # Errors
    /// The refusal of the command.
    async fn carry_out(
        &self,
        permitted: &PermittedPerson<'_>,
        act: &DescribedAct,
    ) -> Result<CommandResults, Refusal> {
        permitted.run_act(self.build_command(act)?).await
    }
}

/// Request of a person for the page of an act.
pub(super) struct ActRequest<'a> {
    /// Person, whose roles permit the act.
    pub(super) permitted: &'a PermittedPerson<'a>,
    /// Frame of the page, in the language of the form.
    pub(super) frame: PageFrame<'a>,
    /// Segments of the path that name the subject.
    pub(super) subject: &'a [String],
}

impl ActRequest<'_> {
    /// Segment of the path that names the subject, by its place; empty where there is none.
    pub(super) fn subject(&self, place: usize) -> &str {
        self.subject.get(place).map_or("", String::as_str)
    }
}

/// Judgement of the values of a form.
pub(super) enum JudgedValues {
    /// They are good.
    Taken,
    /// They are good, and the person sees what they make of the subject before the act is possible.
    Previewed(ActPreview),
    /// The act does not take them.
    Refused(Vec<ActFieldFault>),
}

impl JudgedValues {
    /// Refusal of the values of these fields, about which their sentences say enough.
    pub(super) fn refuse_fields(fields: &[&str]) -> Self {
        Self::Refused(
            fields
                .iter()
                .map(|field| ActFieldFault::new(field))
                .collect(),
        )
    }
}

/// Page before an act.
pub(super) struct PreparedAct {
    pub(super) form: ActForm,
    /// Values that the act needs besides those that the person enters, such as the digest of what it replaces.
    pub(super) facts: BTreeMap<String, String>,
    /// Command line that does the same; empty where no command does.
    pub(super) line: String,
}

impl PreparedAct {
    /// Page before an act that needs nothing but its form.
    pub(super) const fn new(form: ActForm, line: String) -> Self {
        Self {
            form,
            facts: BTreeMap::new(),
            line,
        }
    }
}

/// Value of a described act.
///
/// # Errors
/// `INTERNAL` where the act has no such value.
pub(super) fn act_value(act: &DescribedAct, name: &str) -> Result<String, Refusal> {
    act.fields.get(name).cloned().ok_or_else(|| {
        let sentence = format!("the act lacks its value `{name}`");
        Refusal::new(ErrorCode::Internal, sentence)
    })
}

/// Value of a described act that may be empty; none where it is.
pub(super) fn optional_act_value(act: &DescribedAct, name: &str) -> Option<String> {
    let value = act.fields.get(name);
    value.filter(|value| !value.is_empty()).cloned()
}
