//! `hansa try`: one governed answer with one command. A league, a city with real data and a firm are made in a folder; the two sign
//! a contract, and the firm asks.
//!
//! The league is made anew each time and marked as a demonstration. Nobody outside the folder trusts it, and its participants trust
//! nobody else.

use crate::bundled_data;
use crate::console_tour::{ConsoleTour, TourPlan};
use crate::federation::{FIRM, PURPOSE, member_text};
use crate::runner::{ConnectorProcess, DemoRunner};
use crate::step_report::ExpectationError;
use crate::tour_people::{PEOPLE_OF_TRIAL, find_person};
use hansa_commands::cli::TryArgs;
use hansa_commands::cli::output::OutputSettings;
use hansa_commands::cli::terminal::{line_err, line_out, object_out};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde_json::{Value, json};

const CITY: &str = "munster";

/// Default question of the firm.
const QUESTION: &str = "SELECT site, sum(bikes) AS bikes FROM munster.bike_counts \
                        WHERE local_date >= '2020-01-01' AND local_date < '2021-01-01' GROUP BY site ORDER BY site";

/// Second question, which is refused.
const REFUSED: &str = "SELECT * FROM munster.bike_counts LIMIT 5";

/// Sets up the participants, asks, and returns the status of the question.
///
/// # Errors
/// If the folder can't be made, or a step fails.
pub fn run_trial(args: &TryArgs, show: OutputSettings) -> Result<u8, Vec<Refusal>> {
    let runner = DemoRunner::open(args.dir.as_deref()).map_err(|fault| vec![fault])?;
    let tried = Trial::set_up_participants(&runner, show).and_then(|trial| {
        let status = trial.ask_and_print(args.sql.as_deref(), show)?;
        if args.console {
            trial.show_consoles(show)?;
        }
        Ok(status)
    });
    let was_interrupted = runner.close();
    match tried {
        // With consoles, an interruption is the normal end.
        Ok(status) => Ok(status),
        Err(_) if was_interrupted => Err(vec![Refusal::new(ErrorCode::Interrupted, "interrupted")]),
        Err(ExpectationError { expected, came }) => Err(vec![Refusal::new(
            ErrorCode::Internal,
            format!("the trial came to something else than it should: {expected}; it was {came}"),
        )]),
    }
}

/// Serving city, and firm with a contract.
struct Trial<'a> {
    runner: &'a DemoRunner,
    contract: Value,
    /// Commands that were run.
    commands: Vec<String>,
    _city: ConnectorProcess,
}

impl<'a> Trial<'a> {
    /// Makes the league, the participants and the contract with the commands that a person would type.
    fn set_up_participants(
        runner: &'a DemoRunner,
        show: OutputSettings,
    ) -> Result<Self, ExpectationError> {
        if !show.json {
            line_out(
                "A league, the city of Münster with its own open data, and a firm are made in a folder. The participants and the contract are for the\nshow; everything else is as between two machines.\n",
            );
        }
        let mut commands = Vec::new();
        let mut does = |participant: Option<&str>, args: &[&str]| {
            let output = runner.run(participant, args)?.expect_status(0)?;
            commands.push(output.command.clone());
            Ok::<_, ExpectationError>(output)
        };
        let request = |participant: &str, ending: &str| {
            format!("{participant}/{participant}.example.{ending}")
        };
        does(
            None,
            &[
                "league",
                "init",
                "league",
                "--name",
                "League of a trial",
                "--demo",
            ],
        )?;
        does(
            None,
            &[
                "init",
                CITY,
                "--id",
                "munster.example",
                "--name",
                "Stadt Münster",
                "--zone",
                "Europe/Berlin",
                "--listen",
                "127.0.0.1:0",
            ],
        )?;
        does(
            None,
            &[
                "init",
                FIRM,
                "--id",
                "acme.example",
                "--name",
                "Acme Mobility",
            ],
        )?;
        does(
            None,
            &[
                "league",
                "admit",
                &request(CITY, "request"),
                &request(FIRM, "request"),
                "--dir",
                "league",
            ],
        )?;
        for participant in [CITY, FIRM] {
            does(
                Some(participant),
                &["--yes", "join", &request(participant, "join")],
            )?;
        }
        let _bytes = bundled_data::unpack_city_data(CITY, &runner.folder().join(CITY)).map_err(
            |refusal| ExpectationError {
                expected: "the data of the city is written".to_owned(),
                came: refusal.to_string(),
            },
        )?;
        if let Some(person) = find_person(&PEOPLE_OF_TRIAL, CITY) {
            bundled_data::add_console(&runner.folder().join(CITY), person).map_err(|refusal| {
                ExpectationError {
                    expected: "the folder of the city is written".to_owned(),
                    came: refusal.to_string(),
                }
            })?;
        }
        does(Some(CITY), &["dataset", "publish", "bike_counts"])?;
        let city = runner.serve(CITY)?;
        does(
            Some(FIRM),
            &["peer", "add", &city.address, "--id", "munster.example"],
        )?;
        let requested = does(
            Some(FIRM),
            &["contract", "request", "munster.bike_counts", "--sign"],
        )?;
        let contract = member_text(requested.object_with_member("negotiation")?, "would_become");
        does(Some(CITY), &["contract", "sign", "bike_counts"])?;
        // The firm's connector confirms the contract that the city has signed.
        runner
            .run(Some(FIRM), &["contract", "wait", "bike_counts"])?
            .expect_status(0)?;
        let page = runner
            .run(Some(FIRM), &["contract", "show", &contract])?
            .expect_status(0)?;
        let contract = page.object_with_member("contract")?.clone();
        commands.push(format!("hansa --config {CITY} serve"));
        Ok(Self {
            runner,
            contract,
            commands,
            _city: city,
        })
    }

    /// Asks, and prints the answer, its clauses and the record of the city.
    fn ask_and_print(
        &self,
        sql: Option<&str>,
        show: OutputSettings,
    ) -> Result<u8, ExpectationError> {
        let question = sql.unwrap_or(QUESTION);
        let asked = ["sql", question, "--purpose", PURPOSE];
        if show.json {
            let output = self.runner.run(Some(FIRM), &asked)?;
            let left = self.read_records()?;
            object_out(&json!({
                "contract": self.contract,
                "question": question,
                "status": output.status,
                "answer": output.lines,
                "error": output.reported_error(),
                "records": left,
                "commands": self.commands,
                "folder": self.kept_folder(),
            }));
            return Ok(u8::try_from(output.status).unwrap_or(1));
        }
        line_out("The contract that both have signed says:");
        for term in self
            .contract
            .get("terms")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            line_out(&format!(
                "  {:<5} {}",
                member_text(term, "clause"),
                member_text(term, "text")
            ));
        }
        let status = self.show_question(question, &asked)?;
        if sql.is_none() {
            self.show_question(REFUSED, &["sql", REFUSED, "--purpose", PURPOSE])?;
        }
        line_out(
            "\nWhat the city wrote down of it; the permit was durable before the first row left:\n",
        );
        let contract = member_text(&self.contract, "contract");
        let list = ["audit", "list", "--contract", &contract];
        let (_, records, _) = self.runner.run_for_people(CITY, &list)?;
        for line in records.lines() {
            line_out(&format!("  {line}"));
        }
        line_out(&format!(
            "\nAll of that took {} commands; on two machines it takes the same. Where to go on:\n  hansa demo                                     the whole story: six cities, withdrawal, audit\n  hansa try --console                            the same, and then in a browser\n  hansa try --dir DIR                            the same in a folder that stays, to try commands in\n  hansa try \"SELECT count(*) FROM munster.bike_counts\"   a question of yours",
            self.commands.len(),
        ));
        if let Some(folder) = self.kept_folder() {
            line_err(&format!(
                "the folder stays: hansa --config {folder}/{CITY} serve, then hansa --config {folder}/{FIRM} sql …"
            ));
        }
        Ok(status)
    }

    /// Opens the consoles of the city and of the firm, and waits for an interruption.
    fn show_consoles(&self, show: OutputSettings) -> Result<(), ExpectationError> {
        let plan = TourPlan {
            people: &PEOPLE_OF_TRIAL,
            city: CITY,
            dataset: "bike_counts",
        };
        let tour = ConsoleTour::open(self.runner, &plan)?;
        if show.json {
            object_out(&json!({ "consoles": tour.to_json() }));
        } else {
            line_out("\nThe connectors go on until you press Ctrl-C.");
            tour.print();
        }
        tour.wait_for_interruption(self.runner, !show.json)
    }

    fn show_question(&self, sql: &str, asked: &[&str]) -> Result<u8, ExpectationError> {
        line_out(&format!("\nThe firm asks: {sql}\n"));
        let (status, out, err) = self.runner.run_for_people(FIRM, asked)?;
        for line in out.lines().chain(err.lines()) {
            line_out(&format!("  {line}"));
        }
        Ok(u8::try_from(status).unwrap_or(1))
    }

    fn read_records(&self) -> Result<Vec<Value>, ExpectationError> {
        let contract = member_text(&self.contract, "contract");
        let list = ["audit", "list", "--contract", &contract];
        Ok(self.runner.run(Some(CITY), &list)?.expect_status(0)?.lines)
    }

    fn kept_folder(&self) -> Option<String> {
        let folder = self.runner.folder().display().to_string();
        self.runner.is_folder_kept().then_some(folder)
    }
}
