//! Sentences of terms in a language: one for each term, with the numbers, dates and zones in it.

mod clause;
mod groups;
mod prohibition;
mod row_column;

use crate::contract::civil_zone::{CivilZone, LocalTime};
use crate::id::PurposeId;
use crate::message::message;
use crate::term::language::Language;
use crate::term::purpose::OwnPurpose;
use crate::term::{Clause, Term};
use crate::value::time::TimeBucketWidth;
use hansa_audit_log::time::UtcTimestamp;

/// Language, zone and context of the sentences of terms.
#[derive(Debug, Clone, Copy)]
pub struct Wording<'a> {
    /// Language of the sentences.
    pub language: Language,
    /// Zone of the shown dates.
    pub zone: CivilZone,
    /// Other clauses of the policy.
    pub clauses: &'a [Clause],
    /// Own purposes of the policy.
    pub own_purposes: &'a [OwnPurpose],
    /// Lookup of the title of a purpose in a language.
    pub find_title: fn(Language, &PurposeId) -> Option<&'static str>,
}

impl<'a> Wording<'a> {
    /// Sentences of a term that stands alone: purposes by their names, dates in UTC.
    #[must_use]
    pub const fn for_single_term(language: Language) -> Self {
        Self {
            language,
            zone: CivilZone::UTC,
            clauses: &[],
            own_purposes: &[],
            find_title: |_, _| None,
        }
    }

    /// Name of a language where it is one of those that pages have, else its tag.
    pub fn language_name(&self, tag: &str) -> String {
        match tag {
            "en" => message!(self.language, "language-en"),
            "de" => message!(self.language, "language-de"),
            "pt" => message!(self.language, "language-pt"),
            other => other.to_owned(),
        }
    }

    /// Number with its noun, in the singular where there is one.
    pub(super) fn number_with_noun(&self, number: u64, one: String, many: String) -> String {
        let noun = if number == 1 { one } else { many };
        format!("{} {noun}", self.language.format_number(number))
    }

    pub(super) fn days(&self, number: u32) -> String {
        self.number_with_noun(
            u64::from(number),
            message!(self.language, "day"),
            message!(self.language, "days"),
        )
    }

    /// Number of days after a German preposition with the dative.
    pub(super) fn days_dative(&self, number: u32) -> String {
        self.number_with_noun(
            u64::from(number),
            message!(self.language, "day"),
            message!(self.language, "days-dative"),
        )
    }

    pub(super) fn rows(&self, number: u64) -> String {
        self.number_with_noun(
            number,
            message!(self.language, "row"),
            message!(self.language, "rows"),
        )
    }

    /// Decimal number: with a comma where the language writes one.
    pub(super) fn decimal(&self, number: impl ToString) -> String {
        let number = number.to_string();
        match self.language {
            Language::En => number,
            Language::De | Language::Pt => number.replace('.', ","),
        }
    }

    /// List of decimal numbers. Separated so that list commas differ from decimal commas.
    pub(super) fn decimals(&self, numbers: &[String]) -> String {
        let numbers: Vec<String> = numbers.iter().map(|one| self.decimal(one)).collect();
        match numbers.split_last() {
            None => String::new(),
            Some((only, [])) => only.clone(),
            Some((last, rest)) => {
                let and = message!(self.language, "decimals-and");
                format!("{} {and} {last}", rest.join("; "))
            }
        }
    }

    /// Text in the quotation marks of the language.
    #[must_use]
    pub fn quote(&self, text: &str) -> String {
        message!(self.language, "quoted", text)
    }

    /// Name of the local time of an IANA zone.
    pub(super) fn zone_name(&self, name: &str) -> String {
        match name.parse::<CivilZone>() {
            Ok(zone) => self.zone_title(zone).to_owned(),
            Err(_) => message!(self.language, "zone-of", name),
        }
    }

    fn zone_title(&self, zone: CivilZone) -> &'static str {
        let [en, de, pt] = zone.titles();
        self.language.pick(en, de, pt)
    }

    /// Zone in which the buckets of a column begin.
    ///
    /// Quarter hours and hours begin in UTC in any zone. The offsets of all zones with a rule are whole hours, so that these
    /// buckets coincide with those of the zone.
    pub(super) fn bucket_zone(&self, bucket: TimeBucketWidth, zone: Option<&str>) -> String {
        let whole_hours = zone.map(str::parse::<CivilZone>);
        match (bucket, zone, whole_hours) {
            (TimeBucketWidth::QuarterHour | TimeBucketWidth::Hour, None, _) => {
                self.zone_title(self.zone).to_owned()
            }
            (TimeBucketWidth::QuarterHour | TimeBucketWidth::Hour, Some(_), Some(Err(_))) => {
                "UTC".to_owned()
            }
            (_, Some(zone), _) => self.zone_name(zone),
            // A date has no zone; an instant without one is cut in UTC. The type in the schema decides.
            (_, None, _) => message!(self.language, "bucket-instant"),
        }
    }

    /// `day of at (Berlin time)`, where the clauses cut the column to a bucket.
    pub(super) fn bucket_of(
        &self,
        column: &crate::id::SqlIdentifier,
    ) -> Option<(TimeBucketWidth, Option<&'a str>)> {
        self.clauses.iter().find_map(|clause| match &clause.term {
            Term::TimeBucket {
                column: of,
                bucket,
                zone,
            } if of == column => Some((*bucket, zone.as_deref())),
            _ => None,
        })
    }

    /// True if a day of the zone begins at an instant. Where the clock is put back to midnight, the second midnight of the day
    /// begins none.
    fn begins_day(&self, time: UtcTimestamp) -> bool {
        let (local, before) = (
            self.zone.to_local_time(time),
            self.zone.to_local_time(time.plus_micros(-1)),
        );
        local.is_midnight() && local.day != before.day
    }

    /// First instant of a period, as a local date with the instant.
    #[must_use]
    pub fn period_start(&self, time: UtcTimestamp) -> String {
        let local = self.zone.to_local_time(time);
        if !self.begins_day(time) {
            let moment = self.moment(time);
            return message!(self.language, "from-moment", moment);
        }
        let (date, zone) = (self.date(local), self.zone_title(self.zone));
        message!(self.language, "from-date", date, zone, time)
    }

    /// End of a period: by the last day where the period ends at midnight.
    #[must_use]
    pub fn period_end(&self, time: UtcTimestamp) -> String {
        let (local, zone) = (self.zone.to_local_time(time), self.zone_title(self.zone));
        if self.begins_day(time) {
            let last = self.date(self.zone.to_local_time(time.plus_micros(-1)));
            return message!(self.language, "through-date", last, zone, time);
        }
        let (date, clock) = (self.date(local), self.clock(local));
        message!(self.language, "until-moment", date, clock, zone, time)
    }

    /// End of an agreement, which may have none.
    pub fn end(&self, time: UtcTimestamp) -> String {
        match time {
            UtcTimestamp::LATEST => message!(self.language, "no-end"),
            time => self.period_end(time),
        }
    }

    /// Date, time of day, zone and instant.
    pub fn moment(&self, time: UtcTimestamp) -> String {
        let local = self.zone.to_local_time(time);
        let (date, clock) = (self.date(local), self.clock(local));
        format!("{date}, {clock}, {} ({time})", self.zone_title(self.zone))
    }

    fn date(&self, local: LocalTime) -> String {
        let LocalTime {
            year, month, day, ..
        } = local;
        let month = self.month(month);
        message!(self.language, "date", day, month, year)
    }

    fn clock(&self, local: LocalTime) -> String {
        let seconds = local.micros / 1_000_000;
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let clock = match second {
            0 => format!("{hour:02}:{minute:02}"),
            _ => format!("{hour:02}:{minute:02}:{second:02}"),
        };
        message!(self.language, "clock", clock)
    }

    /// Purpose by its title, with its name behind it.
    pub(super) fn purpose(&self, purpose: &PurposeId) -> String {
        if let Some(title) = (self.find_title)(self.language, purpose) {
            return format!("{} ({purpose})", self.quote(title));
        }
        let Some(own) = self.own_purposes.iter().find(|own| own.name == *purpose) else {
            return purpose.to_string();
        };
        let parent = match (self.find_title)(self.language, &own.parent) {
            Some(title) => self.quote(title),
            None => own.parent.to_string(),
        };
        let part_of = message!(self.language, "part-of");
        format!("{} ({purpose}, {part_of} {parent})", self.quote(&own.text))
    }

    pub(super) fn purposes(&self, list: &[PurposeId]) -> String {
        let list: Vec<String> = list.iter().map(|one| self.purpose(one)).collect();
        self.language.one_of(&list)
    }

    fn month(&self, month: i64) -> String {
        match month {
            1 => message!(self.language, "january"),
            2 => message!(self.language, "february"),
            3 => message!(self.language, "march"),
            4 => message!(self.language, "april"),
            5 => message!(self.language, "may"),
            6 => message!(self.language, "june"),
            7 => message!(self.language, "july"),
            8 => message!(self.language, "august"),
            9 => message!(self.language, "september"),
            10 => message!(self.language, "october"),
            11 => message!(self.language, "november"),
            _ => message!(self.language, "december"),
        }
    }

    /// Length of time as a noun.
    pub(super) fn bucket(&self, bucket: TimeBucketWidth) -> String {
        match bucket {
            TimeBucketWidth::QuarterHour => message!(self.language, "bucket-quarter-hour"),
            TimeBucketWidth::Hour => message!(self.language, "bucket-hour"),
            TimeBucketWidth::Day => message!(self.language, "bucket-day"),
            TimeBucketWidth::Week => message!(self.language, "bucket-week"),
            TimeBucketWidth::Month => message!(self.language, "bucket-month"),
            TimeBucketWidth::Year => message!(self.language, "bucket-year"),
        }
    }
}
