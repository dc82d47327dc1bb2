//! The verbs of a connector, one file for each noun.

pub(crate) mod audit;
mod catalog;
pub(crate) mod config;
mod contract;
mod credential;
mod dataset;
mod foreign;
mod group;
pub(crate) mod out;
mod peer;
mod policy_verb;
mod simulate;
mod sql;
mod status;

use crate::cli::verb::DeskVerb;
use crate::desk::out::{Event, Gone, Out};
use crate::node::Node;
use hansa_policy::refusal::{Code, Refusal};
use std::sync::Arc;

/// Settings that come with every command.
#[derive(Debug, Clone, Copy, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Manner {
    /// Say what would be done, change nothing.
    pub(crate) dry_run: bool,
}

/// A command as it travels to a connector.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Order {
    /// What to do.
    pub(crate) verb: DeskVerb,
    /// How.
    pub(crate) manner: Manner,
    /// For which Unix user, as the kernel names it; nobody in particular inside a command's own process.
    #[serde(skip)]
    pub(crate) caller: Option<u32>,
}

/// What a verb came to: an exit status, or a refusal.
type Outcome = Result<u8, Trouble>;

/// Why a verb stopped.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// It was refused or failed.
    Refused(Box<Refusal>),
    /// Nobody reads any more.
    Gone,
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<Gone> for Trouble {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// Runs a command; its last event is `Done` or `Failed`.
pub(crate) async fn run(node: Arc<Node>, order: Order, out: Out) {
    let outcome = dispatch(&node, order, &out).await;
    let last = match outcome {
        Ok(status) => Event::Done(status),
        Err(Trouble::Refused(refusal)) => Event::Failed(*refusal),
        Err(Trouble::Gone) => return,
    };
    let _ = out.send(last).await;
}

async fn dispatch(node: &Arc<Node>, order: Order, out: &Out) -> Outcome {
    let (manner, caller) = (order.manner, order.caller);
    foreign::check(node, &order.verb, caller)?;
    match order.verb {
        DeskVerb::Status { check } => status::status(node, check, out).await,
        DeskVerb::Doctor { participant } => status::doctor(node, participant.as_deref(), out).await,
        DeskVerb::Reload => config::reload(node, out).await,
        DeskVerb::Dataset(verb) => dataset::run(node, verb, (manner, caller), out).await,
        DeskVerb::Catalog(verb) => catalog::run(node, verb, out).await,
        DeskVerb::Policy(verb) => policy_verb::run(node, verb, out).await,
        DeskVerb::Model(_) => {
            Err(Refusal::new(Code::UsageWrong, "models need no connector").into())
        }
        DeskVerb::Contract(verb) => contract::run(node, verb, manner, caller, out).await,
        DeskVerb::Sql(args) => sql::sql(node, args, caller, out).await,
        DeskVerb::Explain(args) => sql::explain(node, args, caller, out).await,
        DeskVerb::Simulate(args) => simulate::simulate(node, args, out).await,
        DeskVerb::Get(args) => sql::get(node, args, caller, out).await,
        DeskVerb::Credential(verb) => credential::run(node, verb, out).await,
        DeskVerb::Group(verb) => group::run(node, verb, caller, out).await,
        DeskVerb::Peer(verb) => peer::run(node, verb, out).await,
        DeskVerb::Audit(verb) => audit::run(node, verb, out).await,
        DeskVerb::Config(verb) => config::run(node, verb, out).await,
        DeskVerb::Backup { file } => config::backup(node, &file, out).await,
        DeskVerb::Restore { .. } => Err(Refusal::new(
            Code::StateLocked,
            "a running connector can't be restored; stop it first",
        )
        .into()),
    }
}

/// Several problems as one: the first, with the others and where they are as its help.
pub(crate) fn gathered(problems: Vec<Refusal>) -> Refusal {
    let mut problems = problems.into_iter();
    let first = problems
        .next()
        .unwrap_or_else(|| Refusal::new(Code::Internal, "nothing says what is wrong"));
    problems.fold(first, |first, other| {
        let place = other.place.as_ref().map_or_else(String::new, |place| {
            let line = place
                .line
                .map(|line| format!(":{line}"))
                .unwrap_or_default();
            format!("{}{line}: ", place.file)
        });
        first.with_help(format!("also {place}{other}"))
    })
}

/// Runs blocking work off the runtime.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(_) => Err(Refusal::new(Code::Internal, "the work ended unexpectedly")),
    }
}
