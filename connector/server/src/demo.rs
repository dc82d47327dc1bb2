//! `hansa demo`: the whole story on this machine, played by separate processes of this binary on real data.
//!
//! Everything goes through the documented commands; every figure is read from what they said in this run.

mod analyst;
mod auditor;
mod cast;
mod closing;
mod data;
mod draft;
mod officer;
mod open;
mod recall;
mod refused;
mod stage;
mod tell;
mod withdrawal;

use crate::cli::show::Show;
use crate::cli::terminal::line_err;
use crate::cli::{DemoArgs, DemoRole};
use crate::demo::cast::Cast;
use crate::demo::stage::Stage;
use crate::demo::tell::{Fault, Step};
use hansa_policy::refusal::{Code, Refusal};

/// What the first line says.
const NOTICE: &str =
    "The data is real and open; the participants, contracts and terms are for the show.";

/// One step of the story.
struct Act {
    name: &'static str,
    title: &'static str,
    play: fn(&Cast<'_>, &mut Step) -> Result<(), Fault>,
    roles: &'static [DemoRole],
}

const ACTS: [Act; 7] = [
    Act {
        name: "open",
        title: "Open, no contract: did the air get better in the week of 16 March 2020?",
        play: open::play,
        roles: &[DemoRole::Analyst],
    },
    Act {
        name: "officer",
        title: "The officer of Lisbon shares ticket validations on two contracts",
        play: officer::play,
        roles: &[DemoRole::Officer],
    },
    Act {
        name: "analyst",
        title: "The analyst asks one question over two cities, under aggregate-only contracts",
        play: analyst::play,
        roles: &[DemoRole::Analyst],
    },
    Act {
        name: "refusals",
        title: "Four refusals, each with its clause and the mend",
        play: refused::play,
        roles: &[DemoRole::Analyst],
    },
    Act {
        name: "withdrawal",
        title: "A withdrawal cuts a running stream",
        play: withdrawal::play,
        roles: &[DemoRole::Officer],
    },
    Act {
        name: "recall",
        title: "A recall: a faulty snapshot, and the answers that it is in",
        play: recall::play,
        roles: &[DemoRole::Officer, DemoRole::Auditor],
    },
    Act {
        name: "auditor",
        title: "The auditor: who received what, under which clause",
        play: auditor::play,
        roles: &[DemoRole::Auditor],
    },
];

/// Plays it; the status is 0 if every step did what it says.
///
/// # Errors
/// When the stage can't be set up.
pub(crate) fn run(args: &DemoArgs, show: Show) -> Result<u8, Vec<Refusal>> {
    let stage = Stage::open(args.dir.as_deref()).map_err(|fault| vec![fault])?;
    let played = play(args, &stage, show);
    let interrupted = stage.close();
    match played {
        // After the story, an interruption is how it ends.
        Ok(()) => Ok(0),
        Err(_) if interrupted => Err(vec![Refusal::new(Code::Interrupted, "interrupted")]),
        Err(Fault { expected, came }) => {
            if !show.json {
                line_err(&format!(
                    "\nFAILED: the step did not do what it says\n  expected  {expected}\n  came      {came}"
                ));
            }
            Ok(1)
        }
    }
}

fn play(args: &DemoArgs, stage: &Stage, show: Show) -> Result<(), Fault> {
    let mut first = Step::new(0, "stage", "The stage", show, true);
    first.note(NOTICE);
    first.figure("notice", NOTICE);
    let cast = first.done(|step| cast::gather(stage, step))?;
    for (number, act) in (1..).zip(&ACTS) {
        let spoken = args.role.is_none_or(|role| act.roles.contains(&role));
        // Nothing later stands on the open question; the others build on each other.
        if !spoken && act.name == "open" {
            continue;
        }
        let step = Step::new(number, act.name, act.title, show, spoken);
        step.done(|step| (act.play)(&cast, step))?;
    }
    if !args.exit {
        closing::play(&cast, show);
    }
    Ok(())
}
