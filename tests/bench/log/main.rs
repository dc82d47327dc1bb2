//! `cargo log`: what it costs to record, to prove and to check, with a log of ten million records beside one of a thousand.
//!
//! The appender that is measured is that of the connector, with its group commit and its syncs. The records that are
//! there before are written by the same ledger, but synced once at the end: ten million durable ones would take hours.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a benchmark measures time and stops at the first surprise"
)]

mod measure;
mod state;

use measure::{AppendRound, median};
use state::LogFixture;
use std::fmt::Write as _;
use std::path::PathBuf;

/// A figure, and what it must not exceed or fall below.
struct LogMeasurement {
    what: &'static str,
    value: f64,
    target: MeasurementTarget,
}

enum MeasurementTarget {
    AtMost(f64),
    AtLeast(f64),
    None,
}

impl LogMeasurement {
    fn is_met(&self) -> Option<bool> {
        match self.target {
            MeasurementTarget::AtMost(most) => Some(self.value <= most),
            MeasurementTarget::AtLeast(least) => Some(self.value >= least),
            MeasurementTarget::None => None,
        }
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    // `cargo test` runs it too, with next to nothing, so that it does not fall behind the code unseen.
    let measured = std::env::args().any(|arg| arg == "--bench");
    let (mut records, mut rounds) = if measured {
        (10_000_000, 15)
    } else {
        (2_000, 1)
    };
    let mut json = PathBuf::from("log.json");
    while let Some(arg) = args.next() {
        let mut value = || args.next().unwrap_or_else(|| panic!("{arg} needs a value"));
        match arg.as_str() {
            // Cargo says so to every benchmark.
            "--bench" => {}
            "--records" => records = value().parse().expect("--records is a number"),
            "--rounds" => rounds = value().parse().expect("--rounds is a number"),
            "--json" => json = value().into(),
            _ if !measured => return,
            _ => {
                eprintln!("usage: cargo log [--records N] [--rounds N] [--json FILE]");
                std::process::exit(2);
            }
        }
    }
    let figures = run(records, rounds);
    let mut text = String::new();
    for LogMeasurement {
        what,
        value,
        target,
    } in &figures
    {
        let target = match target {
            MeasurementTarget::AtMost(most) => format!("at most {most}"),
            MeasurementTarget::AtLeast(least) => format!("at least {least}"),
            MeasurementTarget::None => String::new(),
        };
        writeln!(text, "{what:<74} {value:>12.3}  {target}").unwrap();
    }
    print!("{text}");
    let lines: Vec<String> = figures
        .iter()
        .map(|figure| {
            let met = figure
                .is_met()
                .map_or("null".to_owned(), |met| met.to_string());
            format!(
                "{{\"what\":{:?},\"value\":{},\"met\":{met}}}",
                figure.what, figure.value
            )
        })
        .collect();
    if !measured {
        return;
    }
    let whole = format!(
        "{{\"records\":{records},\"figures\":[\n{}\n]}}\n",
        lines.join(",\n")
    );
    std::fs::write(&json, whole).expect("the figures can be written");
    eprintln!("figures: {}", json.display());
}

fn run(records: u64, rounds: usize) -> Vec<LogMeasurement> {
    eprintln!("writing a log of {records} records and one of 1000");
    let (small, large) = (LogFixture::with(1000), LogFixture::with(records));
    let mut figures = Vec::new();
    let mut tell = |what, value, target| {
        figures.push(LogMeasurement {
            what,
            value,
            target,
        })
    };

    let (core, wall) = measure::verified(&large);
    tell(
        "checking a copied log: records in a second of one core",
        core,
        MeasurementTarget::AtLeast(500_000.0),
    );
    tell("the same by the wall clock", wall, MeasurementTarget::None);

    let (started, one) = (std::time::Instant::now(), large.open());
    let opened = started.elapsed().as_secs_f64();
    tell(
        "opening the large log for writing: records a second",
        records as f64 / opened,
        MeasurementTarget::None,
    );
    let other = small.open();

    let proofs = measure::proofs(&one.log);
    tell(
        "inclusion proof in the large log, median, ms",
        proofs.0,
        MeasurementTarget::AtMost(1.0),
    );
    tell(
        "inclusion proof in the large log, slowest of 100,000, ms",
        proofs.1,
        MeasurementTarget::None,
    );

    let (mut wall, mut work) = (Vec::new(), Vec::new());
    let mut last = None;
    for round in 0..rounds {
        // Neither always goes first.
        let first = (round % 2 == 0).then(|| measure::append(&other, measure::CALLERS));
        let many = measure::append(&one, measure::CALLERS);
        let few = first.unwrap_or_else(|| measure::append(&other, measure::CALLERS));
        wall.push(many.seconds / few.seconds);
        work.push(many.cpu_ns / few.cpu_ns);
        last = Some(many);
    }
    tell(
        "append with 64 callers, large log / small log, wall",
        median(&mut wall),
        MeasurementTarget::AtMost(1.2),
    );
    tell(
        "append with 64 callers, large log / small log, processor time of the writer",
        median(&mut work),
        MeasurementTarget::AtMost(1.2),
    );

    let mut gains = Vec::new();
    let mut serial_rate = 0.0;
    let mut group_rate = 0.0;
    for _ in 0..rounds {
        let serial = measure::append(&other, 1);
        let group = measure::append(&other, measure::CALLERS);
        gains.push(group.rate() / serial.rate());
        serial_rate = serial.rate();
        group_rate = group.rate();
    }
    let AppendRound {
        records,
        syncs,
        cpu_ns,
        ..
    } = last.expect("there was a round");
    tell(
        "records a sync with 64 callers",
        records / syncs,
        MeasurementTarget::AtLeast(20.0),
    );
    tell(
        "rate with 64 callers / serial rate",
        median(&mut gains),
        MeasurementTarget::AtLeast(20.0),
    );
    tell(
        "serial rate, records a second",
        serial_rate,
        MeasurementTarget::None,
    );
    tell(
        "rate with 64 callers, records a second",
        group_rate,
        MeasurementTarget::None,
    );
    tell(
        "processor time of the writer for a record in the large log, us",
        cpu_ns / 1e3 / records,
        MeasurementTarget::None,
    );

    let (ratio, sync_ms) = measure::idle(&other, &small);
    tell(
        "one record on an idle log / fdatasync of as many bytes, p50",
        ratio,
        MeasurementTarget::AtMost(1.2),
    );
    tell(
        "fdatasync of as many bytes, p50 in ms",
        sync_ms,
        MeasurementTarget::None,
    );
    figures
}
