//! `hansa demo`: a demonstration on this machine, with separate processes of this binary and real data.
//!
//! All steps use the documented commands. Every figure is read from their output in this run.

mod analyst;
mod auditor;
mod bundled_data;
mod console_tour;
mod denied_query;
mod draft_review;
mod federation;
mod next_steps;
mod officer;
mod open_data;
mod runner;
mod snapshot_recall;
mod step_report;
mod tour_people;
pub mod trial;
mod withdrawal;

use crate::federation::DemoFederation;
use crate::runner::DemoRunner;
use crate::step_report::{ExpectationError, StepReport};
use hansa_commands::cli::output::OutputSettings;
use hansa_commands::cli::terminal::line_err;
use hansa_commands::cli::{DemoArgs, DemoRole};
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Text of the first line.
const NOTICE: &str =
    "The data is real and open; the participants, contracts and terms are for the show.";

/// Step of the demo.
struct DemoStep {
    name: &'static str,
    title: &'static str,
    play: fn(&DemoFederation<'_>, &mut StepReport) -> Result<(), ExpectationError>,
    roles: &'static [DemoRole],
}

const ACTS: [DemoStep; 7] = [
    DemoStep {
        name: "open",
        title: "Open, no contract: did the air get better in the week of 16 March 2020?",
        play: open_data::run_open_data_step,
        roles: &[DemoRole::Analyst],
    },
    DemoStep {
        name: "officer",
        title: "The officer of Lisbon shares ticket validations on two contracts",
        play: officer::run_officer_step,
        roles: &[DemoRole::Officer],
    },
    DemoStep {
        name: "analyst",
        title: "The analyst asks one question over two cities, under aggregate-only contracts",
        play: analyst::run_analyst_step,
        roles: &[DemoRole::Analyst],
    },
    DemoStep {
        name: "refusals",
        title: "Four refusals, each with its clause and the remedy",
        play: denied_query::run_denied_query_step,
        roles: &[DemoRole::Analyst],
    },
    DemoStep {
        name: "withdrawal",
        title: "A withdrawal cuts a running stream",
        play: withdrawal::run_withdrawal_step,
        roles: &[DemoRole::Officer],
    },
    DemoStep {
        name: "recall",
        title: "A recall: a faulty snapshot, and the answers that it is in",
        play: snapshot_recall::run_recall_step,
        roles: &[DemoRole::Officer, DemoRole::Auditor],
    },
    DemoStep {
        name: "auditor",
        title: "The auditor: who received what, under which clause",
        play: auditor::run_auditor_step,
        roles: &[DemoRole::Auditor],
    },
];

/// Runs the demo. The status is 0 if every step passes its checks.
///
/// # Errors
/// If the demo folder can't be set up.
pub fn run_demo(args: &DemoArgs, show: OutputSettings) -> Result<u8, Vec<Refusal>> {
    let stage = DemoRunner::open(args.dir.as_deref()).map_err(|fault| vec![fault])?;
    if args.until_stdin_ends {
        stage.end_with_input().map_err(|fault| vec![fault])?;
    }
    let played = run_steps(args, &stage, show);
    let interrupted = stage.close();
    match played {
        // After the steps, an interruption is the normal end.
        Ok(()) => Ok(0),
        Err(_) if interrupted => Err(vec![Refusal::new(ErrorCode::Interrupted, "interrupted")]),
        Err(ExpectationError { expected, came }) => {
            if !show.json {
                line_err(&format!(
                    "\nFAILED: the step did not do what it says\n  expected  {expected}\n  came      {came}"
                ));
            }
            Ok(1)
        }
    }
}

fn run_steps(
    args: &DemoArgs,
    stage: &DemoRunner,
    show: OutputSettings,
) -> Result<(), ExpectationError> {
    let mut first = StepReport::new(0, "stage", "The stage", show, true);
    first.print_note(NOTICE);
    first.store_figure("notice", NOTICE);
    let demo_federation = first.run_step(|step| federation::set_up_federation(stage, step))?;
    if args.stage {
        let contracts = StepReport::new(1, "contracts", "The firm's contracts", show, true);
        contracts.run_step(|step| federation::sign_contracts(&demo_federation, step))?;
    }
    let acts: &[DemoStep] = if args.stage { &[] } else { &ACTS };
    for (number, act) in (1..).zip(acts) {
        let spoken = args.role.is_none_or(|role| act.roles.contains(&role));
        // No later step needs the step `open`; the others build on each other.
        if !spoken && act.name == "open" {
            continue;
        }
        let step = StepReport::new(number, act.name, act.title, show, spoken);
        step.run_step(|step| (act.play)(&demo_federation, step))?;
    }
    if !args.exit {
        // A stage is for programs, which ask as the firm without its connector.
        let with_consoles = !args.stage;
        next_steps::show_next_steps(&demo_federation, with_consoles, show)?;
    }
    Ok(())
}
