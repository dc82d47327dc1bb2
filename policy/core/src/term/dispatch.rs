//! Dispatch from a term to the rule of its variant.

use super::language::Language;
use super::rule::{TermRule, TermSpec};
use super::wording::Wording;
use super::{
    Term, aggregate, area, attestation, columns, consent, delivery, duty, exclusivity, group,
    inform, joins, legal_basis, mask, min_group, one_sided_receipts, open_data, purpose, quota,
    receipts, region, row_filter_term, schema_version, sector, throughput, time_bucket, window,
};
use crate::attribute::AttributeKind;
use crate::id::{PurposeId, SqlIdentifier};
use crate::safe_text::signed_line;
use crate::value::time::PeriodQuota;

impl Term {
    /// Sentence of the term in English: one line, lower case, no full stop, safe to display.
    #[must_use]
    pub fn to_english(&self) -> String {
        self.render(Language::En)
    }

    /// Sentence of the term in a language.
    #[must_use]
    pub fn render(&self, language: Language) -> String {
        signed_line(&Wording::for_single_term(language).sentence(self))
    }

    /// Entry in the vocabulary.
    #[must_use]
    pub fn spec(&self) -> &'static TermSpec {
        self.with_rule(|rule| rule.spec())
    }

    /// True if the term is recorded and shown, but not technically enforced.
    #[must_use]
    pub fn is_recorded_only(&self) -> bool {
        self.spec().is_recorded_only()
    }

    /// True if the term limits the policy to aggregates.
    #[must_use]
    pub const fn limits_to_aggregates(&self) -> bool {
        matches!(
            self,
            Self::Functions(_)
                | Self::Dimensions(_)
                | Self::Measures(_)
                | Self::Grid(_)
                | Self::Release(_)
                | Self::MinGroup { .. }
                | Self::Dominance(_)
                | Self::TotalsFromPublished
                | Self::SuppressComplement
                | Self::CellKey(_)
                | Self::Budget(_)
        )
    }

    /// Kind of the asking participant's attribute that the term checks, as stated by issuers.
    #[must_use]
    pub const fn looks_at(&self) -> Option<AttributeKind> {
        match self {
            Self::Sector(_) => Some(AttributeKind::Sector),
            Self::Region(_) => Some(AttributeKind::Region),
            _ => None,
        }
    }

    /// True if admission relies on a signed statement about the asking participant.
    #[must_use]
    pub const fn rests_on_a_statement(&self) -> bool {
        self.looks_at().is_some() || matches!(self, Self::Group(_))
    }

    /// Purposes that the term names.
    #[must_use]
    pub fn purposes(&self) -> &[PurposeId] {
        match self {
            Self::Purpose(list) | Self::PurposeNot(list) => list,
            Self::Prohibition(one) => one.condition.purpose.as_deref().unwrap_or_default(),
            _ => &[],
        }
    }

    /// Columns that the term names.
    #[must_use]
    pub fn columns(&self) -> Vec<SqlIdentifier> {
        self.with_rule(|rule| rule.columns())
    }

    /// Column whose values the term replaces, under the same name.
    #[must_use]
    pub fn treated_column(&self) -> Option<SqlIdentifier> {
        self.with_rule(|rule| rule.treated_column().cloned())
    }

    /// Columns of the dataset whose own values are not shown.
    #[must_use]
    pub fn replaced_columns(&self) -> Vec<SqlIdentifier> {
        self.with_rule(|rule| rule.replaced_columns().into_iter().cloned().collect())
    }

    /// Column that the term adds to the dataset.
    #[must_use]
    pub fn output_column(&self) -> Option<SqlIdentifier> {
        self.with_rule(|rule| rule.output_column().cloned())
    }

    /// Calls `ask` with the rule of the term's variant. This is the only list of the variants' rules.
    pub(crate) fn with_rule<T>(&self, ask: impl FnOnce(&dyn TermRule) -> T) -> T {
        match self {
            Self::Group(name) => ask(&group::GroupTerm(name)),
            Self::Sector(list) => ask(&sector::SectorTerm(list)),
            Self::Purpose(list) => ask(&purpose::purpose_terms::PurposeTerm(list)),
            Self::PurposeNot(list) => ask(&purpose::purpose_terms::PurposeNotTerm(list)),
            Self::NotBefore(from) => ask(&window::NotBeforeTerm(*from)),
            Self::NotAfter(until) => ask(&window::NotAfterTerm(*until)),
            Self::Lasts(term) => ask(term),
            Self::Hours(term) => ask(term),
            Self::Rows(filter) => ask(&row_filter_term::RowFilterTerm(filter)),
            Self::Columns(list) => ask(&columns::ColumnsTerm(list)),
            Self::Pseudonym(term) => ask(term),
            Self::Mask { column, mask } => ask(&mask::MaskTerm { column, mask }),
            Self::Prefix(term) => ask(term),
            Self::Band(term) => ask(term),
            Self::Lookup(term) => ask(term),
            Self::TimeBucket {
                column,
                bucket,
                zone,
            } => ask(&time_bucket::TimeBucketTerm {
                column,
                bucket: *bucket,
                zone: zone.as_deref(),
            }),
            Self::Area { lon, lat, bounds } => ask(&area::AreaTerm { lon, lat, bounds }),
            Self::PublishedArea(term) => ask(term),
            Self::PlaceCells(term) => ask(term),
            Self::Functions(list) => ask(&aggregate::aggregate_terms::FunctionsTerm(list)),
            Self::Dimensions(list) => ask(&aggregate::aggregate_terms::DimensionsTerm(list)),
            Self::Measures(list) => ask(&aggregate::aggregate_terms::MeasuresTerm(list)),
            Self::Grid(id) => ask(&aggregate::aggregate_terms::GridTerm(id)),
            Self::Release(term) => ask(term),
            Self::MinGroup { at_least, unit } => ask(&min_group::MinGroupTerm {
                at_least: *at_least,
                unit,
            }),
            Self::Dominance(term) => ask(term),
            Self::TotalsFromPublished => {
                ask(&aggregate::secondary_suppression::PublishedTotalsTerm)
            }
            Self::SuppressComplement => {
                ask(&aggregate::secondary_suppression::ComplementSuppressionTerm)
            }
            Self::CellKey(base) => ask(&aggregate::secondary_suppression::CellKeyTerm(*base)),
            Self::Budget(term) => ask(term),
            Self::JoinKeys(list) => ask(&joins::JoinKeysTerm(list)),
            Self::JoinWith(list) => ask(&joins::JoinWithTerm(list)),
            Self::KeysStay => ask(&joins::KeysStayTerm),
            Self::KeysTravel(term) => ask(term),
            Self::Queries(quota) => ask(&quota_term(&quota::QUERIES, quota)),
            Self::RowQuota(quota) => ask(&quota_term(&quota::ROWS, quota)),
            Self::ByteQuota(quota) => ask(&quota_term(&quota::BYTES, quota)),
            Self::RowsPerSecond(rows) => ask(&throughput::RowRateTerm(*rows)),
            Self::Concurrent(most) => ask(&throughput::ConcurrencyTerm(*most)),
            Self::ResultRows(rows) => ask(&quota::ResultRowsTerm(*rows)),
            Self::Embargo(term) => ask(term),
            Self::Networks(list) => ask(&delivery::NetworksTerm(list)),
            Self::Region(region) => ask(&region::RegionTerm(region)),
            Self::Formats(list) => ask(&delivery::FormatsTerm(list)),
            Self::DeleteAfter { days } => ask(&duty::DeletionTerm(*days)),
            Self::Attest { days } => ask(&attestation::AttestTerm(*days)),
            Self::Attribution(text) => ask(&duty::AttributionTerm(text)),
            Self::Prohibit(what) => ask(&duty::RecordedProhibitionTerm(*what)),
            Self::Prohibition(term) => ask(term.as_ref()),
            Self::Exclusive => ask(&exclusivity::ExclusivityTerm),
            Self::Service(term) => ask(term),
            Self::Price(term) => ask(term),
            Self::Inform(list) => ask(&inform::InformTerm(list)),
            Self::Notify(term) => ask(term),
            Self::LegalBasis(basis) => ask(&legal_basis::LegalBasisTerm(*basis)),
            Self::ObtainConsent => ask(&consent::ConsentTerm),
            Self::Receipts(most) => ask(&receipts::OpenReceiptsTerm(*most)),
            Self::OneSidedReceipts => ask(&one_sided_receipts::OneSidedReceiptsTerm),
            Self::OpenData => ask(&open_data::OpenDataTerm),
            Self::Version(schemas) => ask(&schema_version::SchemaTerm(*schemas)),
        }
    }
}

const fn quota_term<'a>(spec: &'static TermSpec, quota: &'a PeriodQuota) -> quota::QuotaTerm<'a> {
    quota::QuotaTerm { spec, quota }
}
