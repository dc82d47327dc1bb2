//! Consoles of a city and of the firm, for whoever wants to click through what the commands have shown.

use crate::bundled_data;
use crate::federation::member_text;
use crate::runner::{ConnectorProcess, DemoRunner};
use crate::step_report::ExpectationError;
use hansa_commands::cli::terminal::line_out;
use serde_json::{Value, json};

/// Console of a participant, with a code for one sign-in.
pub(super) struct OpenConsole {
    /// Person for whom the console is opened, such as `the data officer of the city`.
    person: &'static str,
    address: String,
    code: String,
    /// Command that gives another code.
    command: String,
}

/// Participants whose consoles are opened.
pub(super) struct TourParticipants<'a> {
    /// City, which serves already.
    pub(super) city: &'a str,
    /// Firm, which begins to serve.
    pub(super) firm: &'a str,
    /// Dataset of the city for which the firm requests a contract, so that a request waits.
    pub(super) dataset: &'a str,
}

/// Consoles of the city and of the firm. They are there as long as this value.
pub(super) struct ConsoleTour {
    pub(super) consoles: Vec<OpenConsole>,
    _firm: ConnectorProcess,
}

impl ConsoleTour {
    /// Starts the firm's connector, requests a contract that waits for the city, and gets a code for each console.
    ///
    /// # Errors
    /// If a command ends otherwise than it should.
    pub(super) fn open(
        runner: &DemoRunner,
        participants: &TourParticipants<'_>,
    ) -> Result<Self, ExpectationError> {
        let TourParticipants { city, firm, .. } = participants;
        let folder = runner.folder().join(firm);
        bundled_data::add_console(&folder).map_err(|refusal| ExpectationError {
            expected: format!("the folder of {firm} is written"),
            came: refusal.to_string(),
        })?;
        let serving = runner.serve(firm)?;
        request_contract(runner, participants)?;
        let consoles = [
            ("the data officer of the city", city),
            ("the analyst of the firm", firm),
        ]
        .into_iter()
        .map(|(person, participant)| OpenConsole::open(runner, person, participant));
        Ok(Self {
            consoles: consoles.collect::<Result<_, _>>()?,
            _firm: serving,
        })
    }

    /// Prints the addresses and the codes.
    pub(super) fn print(&self) {
        line_out("In a browser, with a code that is good once within two minutes:\n");
        for console in &self.consoles {
            let OpenConsole {
                person,
                address,
                code,
                command,
            } = console;
            line_out(&format!(
                "   {person}:\n      {address}   code {code}\n      another code: {command}"
            ));
        }
        line_out(
            "\n   A request of the firm waits for the city: read it, sign it, and withdraw the contract again.",
        );
    }

    /// Addresses and commands, without the codes.
    pub(super) fn to_json(&self) -> Value {
        let consoles = self.consoles.iter();
        consoles
            .map(|console| json!({"address": console.address, "command": console.command}))
            .collect()
    }
}

/// Requests a contract that waits for the city: the next version of the one in force, where there is one.
fn request_contract(
    runner: &DemoRunner,
    participants: &TourParticipants<'_>,
) -> Result<(), ExpectationError> {
    let TourParticipants {
        city,
        firm,
        dataset,
    } = participants;
    let provider = format!("{city}.example");
    let listed = runner
        .run(
            Some(firm),
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
    let held = listed
        .lines
        .iter()
        .map(|line| member_text(line, "contract"));
    let held = held.filter(|contract| !contract.is_empty()).next_back();
    let name = format!("{city}.{dataset}");
    let mut request = vec!["contract", "request", &name, "--sign"];
    request.extend(
        held.as_deref()
            .into_iter()
            .flat_map(|held| ["--replaces", held]),
    );
    runner.run(Some(firm), &request)?.expect_status(0)?;
    Ok(())
}

impl OpenConsole {
    fn open(
        runner: &DemoRunner,
        person: &'static str,
        participant: &str,
    ) -> Result<Self, ExpectationError> {
        let output = runner
            .run(Some(participant), &["console"])?
            .expect_status(0)?;
        let invitation = output.object_with_member("address")?;
        let hansa = std::env::current_exe()
            .map_or_else(|_| "hansa".to_owned(), |path| path.display().to_string());
        let folder = runner.folder().join(participant);
        Ok(Self {
            person,
            address: member_text(invitation, "address"),
            code: member_text(invitation, "code"),
            command: format!("{hansa} --config {} console", folder.display()),
        })
    }
}
