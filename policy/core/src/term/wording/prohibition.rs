//! Sentences of prohibitions that are executed, and hours of the week in words.

use super::Wording;
use crate::message::message;
use crate::term::hours::HoursTerm;
use crate::term::prohibition::{
    ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm,
};

impl Wording<'_> {
    pub(super) fn prohibition(&self, one: &ProhibitionTerm) -> String {
        let what = match &one.part {
            None => match one.action {
                ProhibitedAction::Use => message!(self.language, "prohibition-all"),
                ProhibitedAction::Query => message!(self.language, "prohibition-rows-query"),
                ProhibitedAction::Aggregate => message!(self.language, "prohibition-groups-query"),
            },
            Some(ProhibitedPart::Rows(filter)) => {
                message!(self.language, "prohibition-rows", filter)
            }
            Some(ProhibitedPart::Columns(columns)) => {
                let list = self.language.all_of(columns);
                message!(self.language, "prohibition-columns", list)
            }
        };
        let conditions = self.conditions(&one.condition);
        if conditions.is_empty() {
            return message!(self.language, "clause-prohibition", what);
        }
        let several = conditions.len() > 1;
        let conditions = conditions.join("; ");
        match several {
            false => message!(self.language, "clause-prohibition-if", what, conditions),
            true => message!(self.language, "clause-prohibition-if-all", what, conditions),
        }
    }

    fn conditions(&self, when: &ProhibitionCondition) -> Vec<String> {
        let ProhibitionCondition {
            purpose,
            from,
            until,
            hours,
            networks,
        } = when;
        let mut conditions = Vec::new();
        if let Some(list) = purpose {
            let list = self.purposes(list);
            conditions.push(message!(self.language, "prohibition-purpose", list));
        }
        if let Some(from) = from {
            let from = self.period_start(*from);
            conditions.push(message!(self.language, "prohibition-from", from));
        }
        if let Some(until) = until {
            let until = self.period_end(*until);
            conditions.push(message!(self.language, "prohibition-until", until));
        }
        if let Some(hours) = hours {
            let hours = self.hours(hours);
            conditions.push(message!(self.language, "prohibition-hours", hours));
        }
        if let Some(networks) = networks {
            let list = self.language.one_of(networks);
            conditions.push(message!(self.language, "prohibition-networks", list));
        }
        conditions
    }

    /// Hours of the week: `Monday to Friday and Sunday, 06:00 to 20:00, Berlin time`.
    pub(super) fn hours(&self, hours: &HoursTerm) -> String {
        let days = hours.days();
        let names = [
            message!(self.language, "monday"),
            message!(self.language, "tuesday"),
            message!(self.language, "wednesday"),
            message!(self.language, "thursday"),
            message!(self.language, "friday"),
            message!(self.language, "saturday"),
            message!(self.language, "sunday"),
        ];
        let to = message!(self.language, "days-to");
        let mut parts: Vec<String> = Vec::new();
        let mut first: Option<&str> = None;
        for (at, name) in names.iter().enumerate() {
            if days.get(at) != Some(&true) {
                continue;
            }
            let begin = *first.get_or_insert(name);
            // A run of days ends where the next day is not included.
            if days.get(at.saturating_add(1)) != Some(&true) {
                parts.push(match begin == *name {
                    true => begin.to_owned(),
                    false => format!("{begin} {to} {name}"),
                });
                first = None;
            }
        }
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let (from, until) = hours.minutes();
        let (from, until) = (clock(from), clock(until));
        let (list, zone) = (self.language.all_of(&parts), self.zone_name(hours.zone()));
        message!(self.language, "hours-of-days", list, from, until, zone)
    }
}
