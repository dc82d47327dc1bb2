//! Consoles of the demonstration, for whoever wants to click through what the commands have shown.

use crate::bundled_data;
use crate::federation::{FIRM, member_text};
use crate::runner::{ConnectorProcess, DemoRunner};
use crate::step_report::ExpectationError;
use crate::tour_people::{TourPerson, find_person};
use hansa_commands::cli::terminal::{at_each_line_of_input, line_out};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Console of a participant, with a code for one sign-in.
struct OpenConsole {
    person: &'static TourPerson,
    address: String,
    code: String,
    /// Command line of the participant, up to the name of the command.
    command: String,
}

/// Consoles that are opened.
pub(super) struct TourPlan {
    /// People, each at the console of a participant.
    pub(super) people: &'static [TourPerson],
    /// City, which serves already.
    pub(super) city: &'static str,
    /// Dataset of the city for which the firm requests a contract, so that a request waits.
    pub(super) dataset: &'static str,
}

/// Open consoles. They are there as long as this value.
pub(super) struct ConsoleTour {
    consoles: Vec<OpenConsole>,
    _firm: ConnectorProcess,
}

impl ConsoleTour {
    /// Starts the firm's connector, requests a contract that waits for the city, and gets a code for each console.
    ///
    /// # Errors
    /// If a command ends otherwise than it should.
    pub(super) fn open(runner: &DemoRunner, plan: &TourPlan) -> Result<Self, ExpectationError> {
        let folder = runner.folder().join(FIRM);
        if let Some(person) = find_person(plan.people, FIRM) {
            bundled_data::add_console(&folder, person).map_err(|refusal| ExpectationError {
                expected: format!("the folder of {FIRM} is written"),
                came: refusal.to_string(),
            })?;
        }
        let serving = runner.serve(FIRM)?;
        request_contract(runner, plan)?;
        let people = plan.people.iter();
        let consoles = people.map(|person| OpenConsole::open(runner, person));
        Ok(Self {
            consoles: consoles.collect::<Result<_, _>>()?,
            _firm: serving,
        })
    }

    /// Prints the addresses and the codes.
    pub(super) fn print(&self) {
        line_out(
            "In a browser, each with a code that is good once within two minutes. Press Enter for new codes.",
        );
        for console in &self.consoles {
            let OpenConsole {
                person,
                address,
                code,
                command,
            } = console;
            line_out(&format!(
                "\n   {}: {}\n      {address}   code {code}",
                person.name, person.suggestion
            ));
            if person.signs {
                line_out(&format!(
                    "      an act shows a number; type it here, in another window: {command} console confirm NUMBER"
                ));
            }
        }
    }

    /// Waits for an interruption. Each line of standard input gives new codes, where they are printed.
    ///
    /// # Errors
    /// If standard input can't be watched, or a code can't be had.
    pub(super) fn wait_for_interruption(
        mut self,
        runner: &DemoRunner,
        prints_codes: bool,
    ) -> Result<(), ExpectationError> {
        let wanted = Arc::new(AtomicBool::new(false));
        if prints_codes {
            let entered = Arc::clone(&wanted);
            at_each_line_of_input(move || entered.store(true, Ordering::SeqCst)).map_err(
                |refusal| ExpectationError {
                    expected: "a line of standard input gives new codes".to_owned(),
                    came: refusal.to_string(),
                },
            )?;
        }
        while !runner.is_interrupted() {
            if wanted.swap(false, Ordering::SeqCst) {
                match self.renew_codes(runner) {
                    Err(_) if runner.is_interrupted() => break,
                    renewed => renewed?,
                }
                line_out("");
                self.print();
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Addresses, roles and commands, without the codes.
    pub(super) fn to_json(&self) -> Value {
        let consoles = self.consoles.iter();
        consoles
            .map(|console| {
                json!({
                    "address": console.address,
                    "roles": console.person.roles,
                    "command": format!("{} console", console.command),
                })
            })
            .collect()
    }

    fn renew_codes(&mut self, runner: &DemoRunner) -> Result<(), ExpectationError> {
        for console in &mut self.consoles {
            *console = OpenConsole::open(runner, console.person)?;
        }
        Ok(())
    }
}

/// Requests a contract that waits for the city: the next version of the one in force, where there is one.
fn request_contract(runner: &DemoRunner, plan: &TourPlan) -> Result<(), ExpectationError> {
    let TourPlan { city, dataset, .. } = plan;
    let provider = format!("{city}.example");
    let listed = runner
        .run(
            Some(FIRM),
            &[
                "contract",
                "list",
                "--with",
                &provider,
                "--dataset",
                dataset,
                "--state",
                "in-force",
            ],
        )?
        .expect_status(0)?;
    let mut held = listed
        .lines
        .iter()
        .map(|line| member_text(line, "contract"));
    let held = held.rfind(|contract| !contract.is_empty());
    let name = format!("{city}.{dataset}");
    let mut request = vec!["contract", "request", &name, "--sign"];
    request.extend(
        held.as_deref()
            .into_iter()
            .flat_map(|held| ["--replaces", held]),
    );
    runner.run(Some(FIRM), &request)?.expect_status(0)?;
    Ok(())
}

impl OpenConsole {
    fn open(runner: &DemoRunner, person: &'static TourPerson) -> Result<Self, ExpectationError> {
        let output = runner
            .run(Some(person.participant), &["console"])?
            .expect_status(0)?;
        let invitation = output.object_with_member("address")?;
        let hansa = std::env::current_exe()
            .map_or_else(|_| "hansa".to_owned(), |path| path.display().to_string());
        let folder = runner.folder().join(person.participant);
        Ok(Self {
            person,
            address: member_text(invitation, "address"),
            code: member_text(invitation, "code"),
            command: format!("{hansa} --config {}", folder.display()),
        })
    }
}
