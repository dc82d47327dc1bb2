//! The figures, as a table for people and as JSON.

use crate::measure::{MeasuredRun, PairedRuns, median};
use serde_json::{Value, json};

/// What was measured.
pub(crate) struct ResultTable {
    rows: usize,
    rounds: usize,
    figures: Vec<Value>,
    notes: Vec<(String, f64)>,
    tpch: Vec<Value>,
    workers: Value,
    joins: Value,
    series: Value,
    participants: Value,
    strangers: Value,
}

impl ResultTable {
    /// Nothing yet.
    pub(crate) const fn new(rows: usize, rounds: usize) -> Self {
        Self {
            rows,
            rounds,
            figures: Vec::new(),
            notes: Vec::new(),
            tpch: Vec::new(),
            workers: Value::Null,
            joins: Value::Null,
            series: Value::Null,
            participants: Value::Null,
            strangers: Value::Null,
        }
    }

    /// Rows of the larger datasets.
    pub(crate) const fn rows(&self) -> usize {
        self.rows
    }

    /// Takes in one comparison.
    pub(crate) fn row(&mut self, place: &str, what: &str, against: &str, pair: &PairedRuns) {
        let (ratios, wall) = (pair.times(), pair.time());
        let (least, most) = (ratios[0], ratios[ratios.len() - 1]);
        let work = |runs: &[MeasuredRun]| runs.iter().map(|run| run.cpu).sum::<f64>();
        let middle = |runs: &[MeasuredRun]| {
            let mut walls: Vec<f64> = runs.iter().map(|run| run.wall * 1e3).collect();
            median(&mut walls)
        };
        let (did, bare) = (pair.governed[0].did, pair.bare[0].did);
        self.figures.push(json!({
            "where": place,
            "what": what,
            "against": against,
            "wall_ratio": wall,
            "wall_ratio_least": least,
            "wall_ratio_most": most,
            // Of ways that are not told apart by process there is none.
            "cpu_ratio": (work(&pair.bare) > 0.0).then(|| work(&pair.governed) / work(&pair.bare)),
            "bytes_ratio": (bare.bytes > 0).then(|| did.bytes as f64 / bare.bytes as f64),
            "governed_ms": middle(&pair.governed),
            "bare_ms": middle(&pair.bare),
            "rows": did.rows,
        }));
    }

    /// Takes in a figure that stands alone.
    ///
    /// # Panics
    /// When there is one of that name: one would be lost.
    pub(crate) fn note(&mut self, what: &str, figure: f64) {
        assert!(self.notes.iter().all(|(known, _)| known != what), "{what}");
        self.notes.push((what.to_owned(), figure));
    }

    /// Takes in the figures of TPC-H at one scale.
    pub(crate) fn tpch(&mut self, figures: Value) {
        self.tpch.push(figures);
    }

    /// Takes in the figures of workers.
    pub(crate) fn workers(&mut self, figures: Value) {
        self.workers = figures;
    }

    /// Takes in the figures of joins over slow ways.
    pub(crate) fn joins(&mut self, figures: Value) {
        self.joins = figures;
    }

    /// Takes in the figures of the hourly series.
    pub(crate) fn series(&mut self, figures: Value) {
        self.series = figures;
    }

    /// Takes in the figures of many participants.
    pub(crate) fn participants(&mut self, figures: Value) {
        self.participants = figures;
    }

    /// Takes in how long members wait while strangers come.
    pub(crate) fn strangers(&mut self, figures: Value) {
        self.strangers = figures;
    }

    /// For people.
    pub(crate) fn print(&self) {
        println!(
            "governed / bare, medians of {} pairs, {} rows; below 1 the governed way is faster\n",
            self.rounds, self.rows
        );
        println!(
            "{:<11} {:<44} {:<19} {:>6} {:>13} {:>6} {:>6} {:>10} {:>10}",
            "where", "what", "against", "wall", "least..most", "cpu", "bytes", "ours ms", "bare ms"
        );
        let number = |figure: &Value, key: &str| {
            figure[key]
                .as_f64()
                .map_or_else(|| "-".to_owned(), |number| format!("{number:.2}"))
        };
        for figure in &self.figures {
            println!(
                "{:<11} {:<44} {:<19} {:>6} {:>13} {:>6} {:>6} {:>10} {:>10}",
                figure["where"].as_str().unwrap_or_default(),
                figure["what"].as_str().unwrap_or_default(),
                figure["against"].as_str().unwrap_or_default(),
                number(figure, "wall_ratio"),
                format!(
                    "{}..{}",
                    number(figure, "wall_ratio_least"),
                    number(figure, "wall_ratio_most")
                ),
                number(figure, "cpu_ratio"),
                number(figure, "bytes_ratio"),
                number(figure, "governed_ms"),
                number(figure, "bare_ms"),
            );
        }
        println!();
        for (what, figure) in &self.notes {
            println!("{what}: {figure:.3}");
        }
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let notes: serde_json::Map<String, Value> = self
            .notes
            .iter()
            .map(|(what, figure)| (what.clone(), json!(figure)))
            .collect();
        json!({
            "rows": self.rows,
            "rounds": self.rounds,
            "threads_of_a_question": hansa_query::limits::QueryResourceLimits::default().partitions,
            "cores": std::thread::available_parallelism().map_or(0, usize::from),
            "ratios": self.figures,
            "notes": notes,
            "tpch": self.tpch,
            "workers": self.workers,
            "joins": self.joins,
            "series": self.series,
            "participants": self.participants,
            "strangers": self.strangers,
        })
    }
}
