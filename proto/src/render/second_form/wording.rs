//! Words, numbers, dates and zones of the second form, in a language.

use crate::purpose_taxonomy;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::Agreement;
use hansa_policy::contract::civil_zone::{CivilZone, LocalTime};
use hansa_policy::id::PurposeId;
use hansa_policy::term::language::Language;
use hansa_policy::term::purpose::OwnPurpose;
use hansa_policy::term::{Clause, Term};
use hansa_policy::value::time::TimeBucketWidth;

/// Agreement that is worded, with the language and the zone of the page.
#[derive(Debug, Clone, Copy)]
pub(in crate::render) struct Wording<'a> {
    pub(in crate::render) language: Language,
    pub(in crate::render) zone: CivilZone,
    pub(super) clauses: &'a [Clause],
    pub(super) own_purposes: &'a [OwnPurpose],
}

impl<'a> Wording<'a> {
    pub(super) fn of(language: Language, zone: CivilZone, agreement: &'a Agreement) -> Self {
        Self {
            language,
            zone,
            clauses: &agreement.clauses,
            own_purposes: &agreement.own_purposes,
        }
    }

    pub(in crate::render) fn pick<T>(&self, en: T, de: T, pt: T) -> T {
        self.language.pick(en, de, pt)
    }

    /// Name of a language where it is one of those that pages have, else its tag.
    pub(in crate::render) fn language_name<'t>(&self, tag: &'t str) -> &'t str {
        match tag {
            "en" => self.pick("in English", "auf Englisch", "em inglês"),
            "de" => self.pick("in German", "auf Deutsch", "em alemão"),
            "pt" => self.pick("in Portuguese", "auf Portugiesisch", "em português"),
            other => other,
        }
    }

    /// Number with its noun, in the singular where there is one.
    pub(super) fn count(&self, number: u64, one: [&str; 3], many: [&str; 3]) -> String {
        let [en, de, pt] = if number == 1 { one } else { many };
        let noun = self.pick(en, de, pt);
        format!("{} {noun}", self.language.number(number))
    }

    pub(super) fn days(&self, number: u32) -> String {
        self.count(
            u64::from(number),
            ["day", "Tag", "dia"],
            ["days", "Tage", "dias"],
        )
    }

    /// The same behind a German preposition with the dative.
    pub(super) fn days_dative(&self, number: u32) -> String {
        self.count(
            u64::from(number),
            ["day", "Tag", "dia"],
            ["days", "Tagen", "dias"],
        )
    }

    pub(super) fn rows(&self, number: u64) -> String {
        self.count(
            number,
            ["row", "Zeile", "linha"],
            ["rows", "Zeilen", "linhas"],
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

    /// Decimal numbers as a list; its commas could be taken for those of the numbers.
    pub(super) fn decimals(&self, numbers: &[String]) -> String {
        let numbers: Vec<String> = numbers.iter().map(|one| self.decimal(one)).collect();
        match numbers.split_last() {
            None => String::new(),
            Some((only, [])) => only.clone(),
            Some((last, rest)) => {
                let and = self.pick("and", "und", "e");
                format!("{} {and} {last}", rest.join("; "))
            }
        }
    }

    pub(super) fn quoted(&self, text: &str) -> String {
        self.pick(
            format!("“{text}”"),
            format!("„{text}“"),
            format!("«{text}»"),
        )
    }

    /// Name of the local time of an IANA zone.
    pub(super) fn zone_name(&self, name: &str) -> String {
        match name.parse::<CivilZone>() {
            Ok(zone) => self.zone_title(zone).to_owned(),
            Err(_) => self.pick(
                format!("{name} time"),
                format!("Ortszeit {name}"),
                format!("hora de {name}"),
            ),
        }
    }

    fn zone_title(&self, zone: CivilZone) -> &'static str {
        let [en, de, pt] = zone.titles();
        self.pick(en, de, pt)
    }

    /// Where the buckets of a column begin.
    ///
    /// Quarters and hours begin in UTC whatever the zone says. The clocks of all zones with a rule are whole hours apart, so
    /// there the hours of the zone are the same ones.
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
            // A date has no zone; an instant without one is cut in UTC. Which of them it is the schema says.
            (_, None, _) => self
                .pick(
                    "a date as it stands, an instant in UTC",
                    "ein Datum, wie es dasteht, ein Zeitpunkt in UTC",
                    "uma data tal como está, um instante em UTC",
                )
                .to_owned(),
        }
    }

    /// `day of at (Berlin time)`, where the clauses cut the column to a bucket.
    pub(super) fn bucket_of(
        &self,
        column: &hansa_policy::id::SqlIdentifier,
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

    /// Whether a day of the zone begins at an instant. Where the clock is put back to midnight, that is the second midnight of
    /// its day, which begins none.
    fn begins_day(&self, time: UtcTimestamp) -> bool {
        let (local, before) = (self.zone.local(time), self.zone.local(time.plus_micros(-1)));
        local.is_midnight() && local.day != before.day
    }

    /// First instant, as a date in local time and as itself.
    pub(super) fn from(&self, time: UtcTimestamp) -> String {
        let local = self.zone.local(time);
        if !self.begins_day(time) {
            let moment = self.moment(time);
            return self.pick(
                format!("from {moment}"),
                format!("ab {moment}"),
                format!("a partir de {moment}"),
            );
        }
        let (date, zone) = (self.date(local), self.zone_title(self.zone));
        self.pick(
            format!("from {date}, {zone} ({time})"),
            format!("ab {date}, {zone} ({time})"),
            format!("a partir de {date}, {zone} ({time})"),
        )
    }

    /// First instant that is no longer in it: by the last day where that ends there.
    pub(super) fn until(&self, time: UtcTimestamp) -> String {
        let (local, zone) = (self.zone.local(time), self.zone_title(self.zone));
        if self.begins_day(time) {
            let last = self.date(self.zone.local(time.plus_micros(-1)));
            return self.pick(
                format!("through {last}, {zone} (before {time})"),
                format!("bis einschließlich {last}, {zone} (vor {time})"),
                format!("até {last}, inclusive, {zone} (antes de {time})"),
            );
        }
        let (date, clock) = (self.date(local), self.clock(local));
        self.pick(
            format!("until {date}, {clock}, {zone}, that instant not included (before {time})"),
            format!("bis {date}, {clock}, {zone}, dieser Zeitpunkt ausgenommen (vor {time})"),
            format!("até {date}, {clock}, {zone}, esse instante excluído (antes de {time})"),
        )
    }

    /// End of an agreement, which may have none.
    pub(in crate::render) fn end(&self, time: UtcTimestamp) -> String {
        match time {
            UtcTimestamp::LATEST => self
                .pick("without an end", "ohne Ende", "sem fim")
                .to_owned(),
            time => self.until(time),
        }
    }

    /// Date, time of day, zone and instant.
    pub(in crate::render) fn moment(&self, time: UtcTimestamp) -> String {
        let local = self.zone.local(time);
        let (date, clock) = (self.date(local), self.clock(local));
        format!("{date}, {clock}, {} ({time})", self.zone_title(self.zone))
    }

    fn date(&self, local: LocalTime) -> String {
        let LocalTime {
            year, month, day, ..
        } = local;
        let [en, de, pt] = usize::try_from(month - 1)
            .ok()
            .and_then(|index| MONTHS.get(index).copied())
            .unwrap_or_default();
        self.pick(
            format!("{day} {en} {year}"),
            format!("{day}. {de} {year}"),
            format!("{day} de {pt} de {year}"),
        )
    }

    fn clock(&self, local: LocalTime) -> String {
        let seconds = local.micros / 1_000_000;
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let clock = match second {
            0 => format!("{hour:02}:{minute:02}"),
            _ => format!("{hour:02}:{minute:02}:{second:02}"),
        };
        self.pick(clock.clone(), format!("{clock} Uhr"), clock)
    }

    /// Purpose by its title, with its name behind it.
    pub(super) fn purpose(&self, purpose: &PurposeId) -> String {
        if let Some(title) = purpose_taxonomy::title_in(self.language, purpose) {
            return format!("{} ({purpose})", self.quoted(title));
        }
        let Some(own) = self.own_purposes.iter().find(|own| own.name == *purpose) else {
            return purpose.to_string();
        };
        let parent = match purpose_taxonomy::title_in(self.language, &own.parent) {
            Some(title) => self.quoted(title),
            None => own.parent.to_string(),
        };
        let part_of = self.pick("part of", "Teil von", "parte de");
        format!("{} ({purpose}, {part_of} {parent})", self.quoted(&own.text))
    }

    pub(super) fn purposes(&self, list: &[PurposeId]) -> String {
        let list: Vec<String> = list.iter().map(|one| self.purpose(one)).collect();
        self.language.one_of(&list)
    }
}

const MONTHS: [[&str; 3]; 12] = [
    ["January", "Januar", "janeiro"],
    ["February", "Februar", "fevereiro"],
    ["March", "März", "março"],
    ["April", "April", "abril"],
    ["May", "Mai", "maio"],
    ["June", "Juni", "junho"],
    ["July", "Juli", "julho"],
    ["August", "August", "agosto"],
    ["September", "September", "setembro"],
    ["October", "Oktober", "outubro"],
    ["November", "November", "novembro"],
    ["December", "Dezember", "dezembro"],
];

/// Length of time as a noun: bare in English and Portuguese, bare and in the genitive in German, with its article in Portuguese.
pub(super) struct BucketNoun {
    pub(super) en: &'static str,
    pub(super) de: &'static str,
    pub(super) de_genitive: &'static str,
    pub(super) pt: &'static str,
    pub(super) pt_of: &'static str,
}

pub(super) const fn bucket_noun(bucket: TimeBucketWidth) -> BucketNoun {
    let (en, de, de_genitive, pt, pt_of) = match bucket {
        TimeBucketWidth::QuarterHour => (
            "quarter hour",
            "Viertelstunde",
            "der Viertelstunde",
            "quarto de hora",
            "do quarto de hora",
        ),
        TimeBucketWidth::Hour => ("hour", "Stunde", "der Stunde", "hora", "da hora"),
        TimeBucketWidth::Day => ("day", "Tag", "des Tages", "dia", "do dia"),
        TimeBucketWidth::Week => ("week", "Woche", "der Woche", "semana", "da semana"),
        TimeBucketWidth::Month => ("month", "Monat", "des Monats", "mês", "do mês"),
        TimeBucketWidth::Year => ("year", "Jahr", "des Jahres", "ano", "do ano"),
    };
    BucketNoun {
        en,
        de,
        de_genitive,
        pt,
        pt_of,
    }
}
