//! Parts of ODRL forms of terms: constraints, typed literals, IRIs, lists.

use super::rule::{OdrlReader, OdrlWriter, TermRule};
use crate::id::{ClauseId, SqlIdentifier};
use crate::refusal::Refusal;
use crate::strict_object::{StrictObjectReader, to_short_text};
use hansa_audit_log::day_zone::DayZone;
use hansa_audit_log::json::Json;
use std::fmt::Display;
use std::str::FromStr;

/// Writes the form of a rule: operand and operator, or the action, are those of its entry in the vocabulary.
pub(super) fn write_form(rule: &dyn TermRule, script: &mut OdrlWriter<'_>) -> Json {
    let spec = rule.spec();
    let Json::Object(mut members) = rule.to_odrl(script) else {
        return Json::Null;
    };
    let mut add = |name: &str, word: &str| {
        let there = members.entry(name.to_owned());
        there.or_insert_with(|| Json::from_display(word));
    };
    match spec.operators.first() {
        Some(operator) => {
            add("leftOperand", spec.operand);
            add("operator", operator);
        }
        None => add("action", spec.operand),
    }
    Json::Object(members)
}

/// The right operand alone.
pub(super) fn right_operand(value: Json) -> Json {
    Json::object([("rightOperand", value)])
}

/// A duty within so many days.
pub(super) fn write_deadline(days: u32, script: &mut OdrlWriter<'_>) -> Json {
    let within = Json::object([
        ("leftOperand", Json::from_display("delayPeriod")),
        ("operator", Json::from_display("lteq")),
        ("rightOperand", duration_literal(format!("P{days}D"))),
        ("uid", Json::from_display(script.take_clause_number())),
    ]);
    Json::object([
        ("h:when", Json::from_display("h:within")),
        ("constraint", Json::List(vec![within])),
    ])
}

/// The JSON with further members.
pub(super) fn with_members<const N: usize>(json: Json, more: [(&str, Json); N]) -> Json {
    match json {
        Json::Object(mut members) => {
            for (name, value) in more {
                members.insert(name.to_owned(), value);
            }
            Json::Object(members)
        }
        other => other,
    }
}

/// JSON object with its clause number.
pub(super) fn with_clause_id(json: Json, id: ClauseId) -> Json {
    with_members(json, [("uid", Json::from_display(id))])
}

pub(super) fn iri_json(value: &str) -> Json {
    Json::object([("@id", Json::from_display(value))])
}

pub(super) fn iri_list<'a>(values: impl IntoIterator<Item = &'a str>) -> Json {
    Json::List(values.into_iter().map(iri_json).collect())
}

pub(super) fn text_list<T: Display>(values: &[T]) -> Json {
    Json::List(values.iter().map(Json::from_display).collect())
}

pub(super) fn typed_literal(datatype: &str, value: impl Display) -> Json {
    Json::object([
        ("@value", Json::from_display(value)),
        ("@type", Json::from_display(datatype)),
    ])
}

pub(super) fn integer_literal(value: impl Into<u64>) -> Json {
    typed_literal("xsd:integer", value.into())
}

pub(super) fn duration_literal(value: impl Display) -> Json {
    typed_literal("xsd:duration", value)
}

pub(super) fn decimal_literal(value: impl Display) -> Json {
    typed_literal("xsd:decimal", value)
}

/// Sorted list without duplicates, for the normal form.
pub(super) fn sorted_list<T: ToString>(list: &[T]) -> Json {
    let sorted: std::collections::BTreeSet<String> = list.iter().map(ToString::to_string).collect();
    Json::List(sorted.into_iter().map(Json::Text).collect())
}

impl OdrlReader<'_> {
    /// Refusal of something unknown.
    pub(super) fn unknown_refusal(&self, sentence: impl Into<String>) -> Refusal {
        self.members.codes().unknown_refusal(sentence)
    }

    /// Refusal of something known with a wrong type.
    pub(super) fn malformed_refusal(&self, sentence: impl Into<String>) -> Refusal {
        self.members.codes().malformed_refusal(sentence)
    }

    /// Reads a literal of one datatype.
    pub(super) fn read_typed_literal(
        &mut self,
        name: &str,
        datatype: &str,
    ) -> Result<String, Refusal> {
        typed_in(self.members, name, datatype)
    }

    /// Reads a literal of any datatype: its text and the datatype.
    pub(super) fn read_literal(&mut self, name: &str) -> Result<(String, String), Refusal> {
        literal_in(self.members, name)
    }

    /// Reads a number.
    pub(super) fn read_number<T>(&mut self, name: &str) -> Result<T, Refusal>
    where
        T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        let value = self.read_typed_literal(name, "xsd:integer")?;
        value.parse().map_err(|cause| {
            self.malformed_refusal(format!("`{value}` is no number that fits here"))
                .caused_by(cause)
        })
    }

    /// Reads a decimal number as text.
    pub(super) fn read_decimal(&mut self, name: &str) -> Result<String, Refusal> {
        let value = self.read_typed_literal(name, "xsd:decimal")?;
        if is_decimal(&value) {
            Ok(value)
        } else {
            Err(self.malformed_refusal(format!("`{value}` is no decimal number")))
        }
    }

    /// Reads a text.
    pub(super) fn read_text(&mut self, name: &str) -> Result<String, Refusal> {
        self.members.take_text(name)
    }

    /// Reads an instant.
    pub(super) fn read_instant(
        &mut self,
        name: &str,
    ) -> Result<hansa_audit_log::time::UtcTimestamp, Refusal> {
        let value = self.read_typed_literal(name, "xsd:dateTime")?;
        value
            .parse()
            .map_err(|fault| self.malformed_refusal(format!("`{value}`: {fault}")))
    }

    /// Reads a time zone of days by its exact name.
    pub(super) fn read_zone(&mut self, name: &str) -> Result<DayZone, Refusal> {
        let zone = self.read_text(name)?;
        zone.parse()
            .map_err(|_| self.malformed_refusal(format!("there is no time zone `{zone}`")))
    }

    /// Reads the name of a column.
    pub(super) fn read_column(&mut self, name: &str) -> Result<SqlIdentifier, Refusal> {
        self.members.parse_text(name)
    }

    /// Reads an IRI.
    pub(super) fn read_iri(&mut self, name: &str) -> Result<String, Refusal> {
        let mut node = self.members.take_object(name)?;
        let iri = node.take_text("@id")?;
        node.finish()?;
        Ok(iri)
    }

    /// Reads a list of IRIs: at least one, without duplicates.
    pub(super) fn read_iris(&mut self, name: &str) -> Result<Vec<String>, Refusal> {
        let mut found = Vec::new();
        for (at, item) in self.members.take_items(name)? {
            let mut node = StrictObjectReader::from_json(item, at, self.members.codes())?;
            found.push(node.take_text("@id")?);
            node.finish()?;
        }
        self.check_distinct(found)
    }

    /// Reads a list of texts to be parsed: at least one, without duplicates.
    pub(super) fn read_texts<T: FromStr<Err: Display> + PartialEq>(
        &mut self,
        name: &str,
    ) -> Result<Vec<T>, Refusal> {
        let mut found = Vec::new();
        for (at, item) in self.members.take_items(name)? {
            let Json::Text(text) = &item else {
                return Err(self.malformed_refusal(format!(
                    "`{at}` is {} instead of a text",
                    to_short_text(&item)
                )));
            };
            let parsed = text
                .parse()
                .map_err(|fault: T::Err| self.malformed_refusal(format!("`{text}`: {fault}")))?;
            found.push(parsed);
        }
        self.check_distinct(found)
    }

    /// Reads one of the known words.
    pub(super) fn one_of<T: Clone>(
        &self,
        list: &[(&str, T)],
        met: &str,
        what: &str,
    ) -> Result<T, Refusal> {
        list.iter()
            .find(|(word, _)| *word == met)
            .map(|(_, value)| value.clone())
            .ok_or_else(|| self.unknown_refusal(format!("the {what} `{met}` is not known")))
    }

    /// Reads an IRI that is one of the known words.
    pub(super) fn read_word<T: Clone>(
        &mut self,
        name: &str,
        list: &[(&str, T)],
        what: &str,
    ) -> Result<T, Refusal> {
        let met = self.read_iri(name)?;
        self.one_of(list, &met, what)
    }

    /// Checks the moment of a duty.
    pub(super) fn check_duty_moment(&mut self, when: &str) -> Result<(), Refusal> {
        self.members.exactly_text("h:when", when)
    }

    /// The days within which a duty is done: its one constraint.
    pub(super) fn read_deadline(&mut self) -> Result<u32, Refusal> {
        self.check_duty_moment("h:within")?;
        let mut limits = self.members.take_items("constraint")?.into_iter();
        let (Some((at, within)), None) = (limits.next(), limits.next()) else {
            return Err(
                self.malformed_refusal("the duty has exactly one constraint, its delayPeriod")
            );
        };
        let mut within = StrictObjectReader::from_json(within, at, self.members.codes())?;
        let _: ClauseId = within.parse_text("uid")?;
        within.exactly_text("leftOperand", "delayPeriod")?;
        within.exactly_text("operator", "lteq")?;
        let period = typed_in(&mut within, "rightOperand", "xsd:duration")?;
        within.finish()?;
        read_days(&period).ok_or_else(|| {
            self.malformed_refusal(format!("`{period}` is no number of days such as P30D"))
        })
    }

    fn check_distinct<T: PartialEq>(&self, found: Vec<T>) -> Result<Vec<T>, Refusal> {
        let twice = found.iter().enumerate().any(|(index, item)| {
            found
                .iter()
                .skip(index.saturating_add(1))
                .any(|other| other == item)
        });
        if found.is_empty() || twice {
            return Err(self
                .malformed_refusal("a list of a clause holds at least one entry, and none twice"));
        }
        Ok(found)
    }
}

/// Word of a value in a list that contains all values.
#[must_use]
pub fn find_word<T: PartialEq>(list: &'static [(&'static str, T)], value: &T) -> &'static str {
    list.iter()
        .find(|(_, known)| known == value)
        .map_or("", |(word, _)| word)
}

/// True for a decimal number: digits, with optional sign and fraction.
#[must_use]
pub fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    text.len() <= 40
        && match unsigned.split_once('.') {
            Some((whole, fraction)) => digits(whole) && digits(fraction),
            None => digits(unsigned),
        }
}

/// `P30D`
pub(super) fn read_days(period: &str) -> Option<u32> {
    let digits = period.strip_prefix('P')?.strip_suffix('D')?;
    digits.parse().ok()
}

fn typed_in(
    members: &mut StrictObjectReader,
    name: &str,
    datatype: &str,
) -> Result<String, Refusal> {
    let (value, met) = literal_in(members, name)?;
    if met != datatype {
        return Err(members.codes().malformed_refusal(format!(
            "`{}` is of type `{met}` instead of `{datatype}`",
            members.member_path(name)
        )));
    }
    Ok(value)
}

fn literal_in(members: &mut StrictObjectReader, name: &str) -> Result<(String, String), Refusal> {
    let mut literal = members.take_object(name)?;
    let parts = (literal.take_text("@value")?, literal.take_text("@type")?);
    literal.finish()?;
    Ok(parts)
}
