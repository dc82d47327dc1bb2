//! Sentence of each term on signed pages.
//!
//! Signed contracts contain these sentences, so they never change: another wording is another form of the page.

use super::Wording;
use crate::id::ParticipantId;
use crate::message::message;
use crate::term::Term;
use crate::term::duty::ForbiddenUse;
use crate::term::inform::{InformEvent, NotificationTerm, Recipient};
use crate::term::key_transfer::{KeyRecipients, KeyTransferTerm};
use crate::term::legal_basis::LegalBasis;
use crate::term::price::{PriceTerm, PriceUnit};
use crate::term::relative_window::{RelativeWindowTerm, WindowStart};
use crate::term::schema_version::SchemaCompatibility;
use crate::term::service_level::ServiceLevelTerm;
use crate::value::time::{PeriodQuota, QuotaDays, QuotaPeriod};

/// Unit that a quota counts.
#[derive(Clone, Copy)]
enum QuotaUnit {
    Queries,
    Rows,
    Bytes,
}

impl Wording<'_> {
    /// Term in one line: lower case unless the language demands otherwise, no full stop.
    #[must_use]
    pub fn sentence(&self, term: &Term) -> String {
        match term {
            Term::Group(group) => message!(self.language, "clause-group", group),
            Term::Sector(list) => {
                let list = self.language.one_of(list);
                message!(self.language, "clause-sector", list)
            }
            Term::Purpose(list) => {
                let list = self.purposes(list);
                message!(self.language, "clause-purpose", list)
            }
            Term::PurposeNot(list) => {
                let list = self.purposes(list);
                message!(self.language, "clause-purpose-not", list)
            }
            Term::NotBefore(time) => self.in_force(&self.period_start(*time)),
            Term::NotAfter(time) => self.in_force(&self.period_end(*time)),
            Term::Lasts(lasts) => self.relative_window(lasts),
            Term::Hours(hours) => {
                let hours = self.hours(hours);
                message!(self.language, "clause-hours", hours)
            }
            Term::Rows(filter) => self.row_filter(filter),
            Term::Columns(columns) => self.only_columns(columns),
            Term::Pseudonym(one) => self.pseudonym(one),
            Term::Mask { column, mask } => self.mask(column, mask),
            Term::Prefix(one) => self.prefix(one),
            Term::Band(one) => self.band(one),
            Term::Lookup(one) => self.lookup(one),
            Term::TimeBucket {
                column,
                bucket,
                zone,
            } => self.time_bucket(column, *bucket, zone.as_deref()),
            Term::Area { lon, lat, bounds } => self.area(lon, lat, bounds),
            Term::PublishedArea(one) => self.published_area(one),
            Term::PlaceCells(one) => self.place_cells(one),
            Term::Functions(functions) => self.functions(functions),
            Term::Dimensions(columns) => self.dimensions(columns),
            Term::Measures(columns) => self.measures(columns),
            Term::Grid(grid) => self.grid(grid),
            Term::Release(release) => self.release(release),
            Term::MinGroup { at_least, unit } => self.least_size(*at_least, unit),
            Term::Dominance(one) => self.dominance(one),
            Term::TotalsFromPublished => self.totals(),
            Term::SuppressComplement => self.complement(),
            Term::CellKey(base) => self.rounded_counts(*base),
            Term::Budget(budget) => self.privacy_budget(budget),
            Term::JoinKeys(columns) => {
                let list = self.language.all_of(columns);
                message!(self.language, "clause-join-keys", list)
            }
            Term::JoinWith(datasets) if datasets.is_empty() => {
                message!(self.language, "clause-join-with-none")
            }
            Term::JoinWith(datasets) => {
                let list = self.language.one_of(datasets);
                message!(self.language, "clause-join-with", list)
            }
            Term::KeysStay => message!(self.language, "clause-keys-stay"),
            Term::KeysTravel(travel) => self.key_transfer(travel),
            Term::Queries(quota) => self.quota(QuotaUnit::Queries, quota),
            Term::RowQuota(quota) => self.quota(QuotaUnit::Rows, quota),
            Term::ByteQuota(quota) => self.quota(QuotaUnit::Bytes, quota),
            Term::RowsPerSecond(most) => {
                let rows = self.rows(*most);
                message!(self.language, "clause-rows-per-second", rows)
            }
            Term::Concurrent(most) => {
                let answers = self.number_with_noun(
                    u64::from(*most),
                    message!(self.language, "answer"),
                    message!(self.language, "answers"),
                );
                message!(self.language, "clause-concurrent", answers)
            }
            Term::ResultRows(most) => {
                let rows = self.rows(*most);
                message!(self.language, "clause-result-rows", rows)
            }
            Term::Embargo(one) => self.embargo(one),
            Term::Networks(networks) => {
                let list = self.language.one_of(networks);
                message!(self.language, "clause-networks", list)
            }
            Term::Region(region) => message!(self.language, "clause-region", region),
            Term::Formats(formats) => {
                let names: Vec<&str> = formats.iter().map(|format| format.as_str()).collect();
                let list = self.language.one_of(&names);
                message!(self.language, "clause-formats", list)
            }
            Term::DeleteAfter { days } => {
                let (days, dative) = (self.days(*days), self.days_dative(*days));
                message!(self.language, "clause-delete-after", days, dative)
            }
            Term::Attest { days } => {
                let (days, dative) = (self.days(*days), self.days_dative(*days));
                message!(self.language, "clause-attest", days, dative)
            }
            Term::Attribution(text) => {
                let text = self.quote(text);
                message!(self.language, "clause-attribution", text)
            }
            Term::Prohibit(act) => match act {
                ForbiddenUse::Distribute => message!(self.language, "clause-prohibit-distribute"),
                ForbiddenUse::Sell => message!(self.language, "clause-prohibit-sell"),
                ForbiddenUse::Derive => message!(self.language, "clause-prohibit-derive"),
            },
            Term::Prohibition(one) => self.prohibition(one),
            Term::Exclusive => message!(self.language, "clause-exclusive"),
            Term::Service(service) => self.service(service),
            Term::Price(price) => self.price(price),
            Term::Inform(events) => {
                let list = self.language.all_of(&self.events(events));
                message!(self.language, "clause-inform", list)
            }
            Term::Notify(notify) => self.notification(notify),
            Term::LegalBasis(basis) => self.legal_basis(*basis),
            Term::ObtainConsent => message!(self.language, "clause-obtain-consent"),
            Term::Receipts(most) => {
                let number = self.language.format_number(u64::from(*most));
                message!(self.language, "clause-receipts", number)
            }
            Term::OpenData => message!(self.language, "clause-open-data"),
            Term::OneSidedReceipts => message!(self.language, "clause-one-sided-receipts"),
            Term::Version(SchemaCompatibility::Exact) => {
                message!(self.language, "clause-version-exact")
            }
            Term::Version(SchemaCompatibility::Compatible) => {
                message!(self.language, "clause-version-compatible")
            }
        }
    }

    fn in_force(&self, time: &str) -> String {
        message!(self.language, "clause-in-force", time)
    }

    fn relative_window(&self, lasts: &RelativeWindowTerm) -> String {
        let (days, dative) = (self.days(lasts.days), self.days_dative(lasts.days));
        match lasts.since {
            WindowStart::Activation => {
                message!(self.language, "clause-lasts-activation", days, dative)
            }
            WindowStart::FirstUse => {
                message!(self.language, "clause-lasts-first-use", days, dative)
            }
        }
    }

    fn quota(&self, counted: QuotaUnit, quota: &PeriodQuota) -> String {
        let max = quota.max;
        let most = match counted {
            QuotaUnit::Queries => self.number_with_noun(
                max,
                message!(self.language, "query"),
                message!(self.language, "queries"),
            ),
            QuotaUnit::Rows => self.rows(max),
            QuotaUnit::Bytes => self.bytes(max),
        };
        let QuotaPeriod::Days { count, zone } = &quota.per else {
            let period = message!(self.language, "quota-hour");
            return message!(self.language, "clause-quota", most, period);
        };
        let zone = self.zone_name(zone.as_str());
        let period = match count {
            QuotaDays::One => return message!(self.language, "clause-quota-day", most, zone),
            QuotaDays::Seven => message!(self.language, "quota-week"),
            QuotaDays::Thirty => message!(self.language, "quota-30-days"),
        };
        message!(self.language, "clause-quota-days", most, period, zone)
    }

    fn bytes(&self, bytes: u64) -> String {
        let unit = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")]
            .into_iter()
            .find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit));
        match unit {
            Some((unit, name)) => format!("{} {name}", self.language.format_number(bytes / unit)),
            None => self.number_with_noun(
                bytes,
                message!(self.language, "byte"),
                message!(self.language, "bytes"),
            ),
        }
    }

    fn key_transfer(&self, travel: &KeyTransferTerm) -> String {
        let columns = self.language.all_of(&travel.columns);
        let to = match &travel.to {
            KeyRecipients::Anybody => message!(self.language, "clause-keys-travel-to-anybody"),
            KeyRecipients::These(list) => {
                let domains: Vec<&str> = list.iter().map(ParticipantId::domain).collect();
                self.language.all_of(&domains)
            }
        };
        message!(self.language, "clause-keys-travel", columns, to)
    }

    fn service(&self, service: &ServiceLevelTerm) -> String {
        let share = self.decimal(&service.availability);
        let within = self.language.format_number(u64::from(service.p95_ms));
        message!(self.language, "clause-service", share, within)
    }

    fn price(&self, price: &PriceTerm) -> String {
        let PriceTerm {
            amount,
            currency,
            per,
            prepaid,
        } = price;
        let each = match per {
            PriceUnit::Query => message!(self.language, "price-query"),
            PriceUnit::Row => message!(self.language, "price-row"),
            PriceUnit::Megabyte => "MB".to_owned(),
            PriceUnit::Month => message!(self.language, "price-month"),
        };
        let amount = self.decimal(amount);
        let whole = message!(self.language, "clause-price", amount, currency, each);
        let Some(paid) = prepaid else {
            return whole;
        };
        let paid = self.decimal(paid);
        message!(self.language, "clause-price-prepaid", whole, paid, currency)
    }

    fn events(&self, events: &[InformEvent]) -> Vec<String> {
        let each = events.iter().map(|event| match event {
            InformEvent::FirstUse => message!(self.language, "event-first-use"),
            InformEvent::Refusal => message!(self.language, "event-refusal"),
            InformEvent::SchemaChange => message!(self.language, "event-schema-change"),
        });
        each.collect()
    }

    fn notification(&self, notify: &NotificationTerm) -> String {
        let events = self.language.all_of(&self.events(&notify.events));
        let whom: Vec<String> = notify
            .recipients
            .iter()
            .map(|side| match side {
                Recipient::Provider => message!(self.language, "recipient-provider"),
                Recipient::Consumer => message!(self.language, "recipient-consumer"),
            })
            .collect();
        let whom = self.language.all_of(&whom);
        message!(self.language, "clause-notify", whom, events)
    }

    fn legal_basis(&self, basis: LegalBasis) -> String {
        let (letter, what) = match basis {
            LegalBasis::Consent => ("a", message!(self.language, "basis-consent")),
            LegalBasis::Contract => ("b", message!(self.language, "basis-contract")),
            LegalBasis::Obligation => ("c", message!(self.language, "basis-obligation")),
            LegalBasis::Vital => ("d", message!(self.language, "basis-vital")),
            LegalBasis::PublicTask => ("e", message!(self.language, "basis-public-task")),
            LegalBasis::Interests => ("f", message!(self.language, "basis-interests")),
        };
        message!(self.language, "clause-legal-basis", what, letter)
    }
}
