//! Questions that are put again: planned once for as long as all that can be asked from here is the same. What a contract permits
//! is no part of it: whoever answers decides that each time, and whoever asks looks at its contracts before each errand.

use super::home::Home;
use super::question::{Question, Wish};
use crate::limits::SqlLimits;
use crate::plan::again::{LONGEST, tells_time};
use crate::plan::stack;
use hansa_audit_log::time::Time;
use hansa_policy::refusal::Refusal;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The questions that were planned last.
#[derive(Debug, Default)]
pub struct Questions(Mutex<VecDeque<Kept>>);

#[derive(Debug)]
struct Kept {
    sql: String,
    wish: Wish,
    limits: SqlLimits,
    home: Home,
    question: Question,
}

impl Questions {
    /// What the same text was planned to, with the same wish, over the same tables: each with its contract, columns, snapshot and
    /// figures, compared as a whole, and so with what is lacking and why. None where it is to be planned.
    #[must_use]
    pub fn found(
        &self,
        home: &Home,
        sql: &str,
        (wish, limits): (&Wish, &SqlLimits),
    ) -> Option<Question> {
        let mut kept = self.kept();
        let at = kept.iter().position(|kept| {
            kept.sql == sql && kept.wish == *wish && kept.limits == *limits && kept.home == *home
        })?;
        // What is asked for most often stays longest.
        let found = kept.remove(at)?;
        let question = found.question.clone();
        kept.push_front(found);
        Some(question)
    }

    /// As [`Home::plan`]; what comes of it is found from then on, where it is small and the same at any moment.
    ///
    /// # Errors
    /// Those of [`Home::plan`].
    pub fn plan(
        &self,
        home: Home,
        sql: &str,
        (wish, limits): (&Wish, &SqlLimits),
        now: Time,
    ) -> Result<Question, Refusal> {
        let question = home.plan(sql, wish, limits, now)?;
        let is_small = home.size() <= TABLES && question.errands().len() <= ERRANDS;
        if is_small && sql.len() <= LONGEST && !tells_time(sql) {
            self.keep(Kept {
                sql: sql.to_owned(),
                wish: wish.clone(),
                limits: *limits,
                home,
                question: question.clone(),
            });
        }
        Ok(question)
    }

    fn keep(&self, new: Kept) {
        let mut kept = self.kept();
        // Of what was planned over other tables nothing is asked any more.
        let mut gone: Vec<Kept> = Vec::new();
        let at = kept
            .iter()
            .position(|kept| kept.sql == new.sql && kept.wish == new.wish);
        gone.extend(at.and_then(|at| kept.remove(at)));
        kept.push_front(new);
        let most = MOST.min(kept.len());
        gone.extend(kept.split_off(most));
        drop(kept);
        if !gone.is_empty() {
            // Dropping a plan recurses.
            let _best_effort = stack::aside(move || drop(gone));
        }
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// So many questions are kept.
const MOST: usize = 64;

/// Over so many tables at most: each question holds those that it was planned over.
const TABLES: usize = 256;

/// With so many errands at most.
const ERRANDS: usize = 64;

#[cfg(test)]
mod tests {
    use super::super::tests::World;
    use super::{MOST, Questions};
    use crate::federate::home::{Home, Lacking, RemoteTable};
    use crate::federate::question::{Question, Wish};
    use crate::limits::SqlLimits;
    use hansa_audit_log::time::Time;
    use hansa_policy::refusal::{Code, Refusal};
    use std::sync::Arc;

    const SQL: &str = "SELECT place, count(*) AS c FROM model.trips GROUP BY place";

    /// Something that may change of a table.
    type Change = (&'static str, fn(&mut RemoteTable));

    /// Whether it was there, and what it is.
    fn asked(questions: &Questions, home: &Home, sql: &str, wish: &Wish) -> (bool, Question) {
        let limits = SqlLimits::default();
        match questions.found(home, sql, (wish, &limits)) {
            Some(question) => (true, question),
            None => {
                let now = Time::from_micros(1_795_162_000_000_000).unwrap();
                let planned = questions.plan(home.clone(), sql, (wish, &limits), now);
                (false, planned.unwrap())
            }
        }
    }

    fn is_found(questions: &Questions, home: &Home, sql: &str, wish: &Wish) -> bool {
        asked(questions, home, sql, wish).0
    }

    #[test]
    fn a_question_is_planned_anew_where_anything_is_another() {
        let mut world = World::new();
        let (questions, any) = (Questions::default(), Wish::default());
        let home = world.home();
        let (found, first) = asked(&questions, &home, SQL, &any);
        let (again, second) = asked(&questions, &world.home(), SQL, &any);
        assert_eq!((found, again), (false, true));
        assert!(Arc::ptr_eq(&first.errands()[0], &second.errands()[0]));

        let partial = Wish {
            partial: true,
            ..Wish::default()
        };
        assert!(!is_found(&questions, &home, SQL, &partial));
        assert!(is_found(&questions, &home, SQL, &any));
        let lacks = home.clone().that_lacks(vec![Lacking {
            participant: "hansa://bern.example".parse().unwrap(),
            alias: None,
            dataset: None,
            model: Some("bikes".to_owned()),
            why: Refusal::new(Code::PeerUnreachable, "it is away"),
        }]);
        assert!(!is_found(&questions, &lacks, SQL, &any));

        // Each thing that may change of a table, and nothing else.
        let changes: [Change; 6] = [
            ("snapshot", |table| {
                table.snapshot = "2026-11-21.1".to_owned()
            }),
            ("contract", |table| table.contract = None),
            ("rows", |table| table.rows += 1),
            ("barred", |table| {
                table.barred = Some(Refusal::new(Code::PurposeUnknown, "not for this"));
            }),
            ("masked", |table| {
                table.masked.insert("n".parse().unwrap());
            }),
            ("own", |table| {
                table.own.insert("id".to_owned(), "trips".to_owned());
            }),
        ];
        let elsewhere = "SELECT count(*) AS c FROM zurich.sites";
        for (what, change) in changes {
            asked(&questions, &world.home(), elsewhere, &any);
            assert!(
                is_found(&questions, &world.home(), elsewhere, &any),
                "{what}"
            );
            change(&mut world.tables[0]);
            assert!(
                !is_found(&questions, &world.home(), elsewhere, &any),
                "{what}"
            );
        }
    }

    #[test]
    fn what_tells_the_moment_is_planned_each_time_and_no_more_are_kept_than_so_many() {
        let world = World::new();
        let (questions, any, home) = (Questions::default(), Wish::default(), world.home());
        let moment = "SELECT now() AS x, n FROM zurich.trips";
        assert!(!is_found(&questions, &home, moment, &any));
        assert!(!is_found(&questions, &home, moment, &any));
        assert_eq!(questions.kept().len(), 0);
        for number in 0..MOST + 8 {
            let sql = format!("SELECT n + {number} AS x FROM zurich.trips");
            assert!(!is_found(&questions, &home, &sql, &any));
        }
        assert_eq!(questions.kept().len(), MOST);
    }
}
