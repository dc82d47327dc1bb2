//! Judges evidence that was taken out of the house: copies of logs, exported bundles, and the papers in them.
//!
//! It needs no configuration, no network and no connector, and believes nothing but signatures: those of the league's trust
//! bundle, under which stand the keys of the participants. Of two copies it also says how they fit each other.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        reason = "tests"
    )
)]

mod across;
mod answer;
mod args;
mod copy;
mod finding;
mod goes_on;
mod heads;
mod incident;
mod lent;
mod papers;
mod permit;
mod receipt;
mod relied;
mod sides;
mod stated;
mod told;
mod used;

use args::{Args, Ask};
use clap::Parser as _;
use copy::Case;
use finding::Verdict;
use hansa_policy::plain::{printable_json, printable_lines};
use std::ffi::OsString;
use told::Teller;

/// What a run wrote, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// For the standard output.
    pub out: String,
    /// For the standard error.
    pub err: String,
    /// 0 good, 2 wrong use, 7 broken, 8 incomplete, 9 can't be checked here.
    pub status: u8,
}

/// Does what the arguments ask for; the first one is the program's name.
pub fn run<I, T>(arguments: I) -> Told
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(help) if help.use_stderr() => return Told::wrong_use(help.to_string()).neutral(false),
        Err(help) => {
            return Told {
                out: help.to_string(),
                err: String::new(),
                status: 0,
            };
        }
    };
    let told = judge(&args).unwrap_or_else(Told::wrong_use);
    told.neutral(args.json)
}

/// Judges the files and answers the question; the error says what is wrong with how it was asked.
fn judge(args: &Args) -> Result<Told, String> {
    let mut teller = Teller::new(args.json);
    if let Ask::Heads { older, newer, .. } = &args.ask {
        let pair = heads::Pair::open(older, newer)?;
        let case = Case::open(args)?;
        let findings = heads::judge(&pair, &case, &mut teller);
        return Ok(teller.end(findings));
    }
    let case = Case::open(args)?;
    let mut findings = case.findings.clone();
    findings.extend(case.shown.clone());
    findings.extend(permit::judge(&case));
    findings.extend(goes_on::judge(&case));
    findings.extend(lent::judge(&case));
    findings.extend(receipt::judge(&case));
    findings.extend(stated::judge(&case));
    findings.extend(used::judge(&case));
    findings.extend(across::judge(&case));
    match &args.ask {
        Ask::Check { .. } => {
            for copy in &case.copies {
                let witnesses = across::witnesses(&case, copy).0;
                teller.copy(copy, &witnesses, used::uncounted(&case, copy));
            }
            findings.extend(sides::judge(&case, None));
        }
        Ask::Reconcile { .. } => {
            if case.copies.len() != 2 {
                return Err("two files are compared: a provider's and a consumer's".to_owned());
            }
            findings.extend(sides::judge(&case, Some(&mut teller)));
        }
        Ask::Question { id, .. } => answer::question(&case, id, &mut teller)?,
        Ask::Contract { id, at, .. } => answer::contract(&case, id, at.as_deref(), &mut teller)?,
        Ask::Left {
            to,
            contract,
            from,
            until,
            ..
        } => {
            let wanted = answer::Wanted::read(
                to.clone(),
                contract.clone(),
                from.as_deref(),
                until.as_deref(),
            )?;
            answer::left(&case, &wanted, &mut teller);
        }
        Ask::Heads { .. } => {}
    }
    Ok(teller.end(findings))
}

impl Told {
    /// The same, commanding no terminal: logs hold texts of others. JSON keeps its values.
    fn neutral(self, is_json: bool) -> Self {
        let out = match is_json {
            true => printable_json(&self.out).into_owned(),
            false => printable_lines(&self.out).into_owned(),
        };
        let err = printable_lines(&self.err).into_owned();
        Self { out, err, ..self }
    }

    fn wrong_use(sentence: String) -> Self {
        let err = if sentence.ends_with('\n') {
            sentence
        } else {
            format!("hansa-verify: {sentence}\n")
        };
        Self {
            out: String::new(),
            err,
            status: Verdict::WRONG_USE,
        }
    }
}
