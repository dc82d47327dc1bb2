//! The body of a record: a struct for each kind, with one spelling.

use super::answers::{
    ActionCountRecord, CloseRecord, ModelSeenRecord, NoNewDataRecord, NotReceivedRecord,
    OneSidedReceiptRecord, OpenBlockRecord, PermitRecord, ProgressRecord,
    ReceiptAcknowledgementRecord, ReceivedRecord, RefusalCountRecord, RefusalRecord,
    RemoteQueryRecord,
};
use super::configuration::{
    AccessTokenRecord, ConfigurationRecord, PeerRecord, RulebookRecord, TrustRecord,
};
use super::contracts::{
    ActivationRecord, ApprovalRecord, CredentialRecord, DeletionRecord, GroupRecord, NoticeRecord,
    ReceivedNoticeRecord, RestrictionRecord, TemplateRecord, TopUpRecord, UsageRecord,
    WithdrawalRecord,
};
use super::incidents::{
    GossipedHeadRecord, IncidentRecord, LogForkRecord, ObservedHeadRecord, WitnessedHeadRecord,
};
use super::messages::{
    FetchedMessagesRecord, MessageRecord, PartnerDataRecord, PartnerMessageRecord,
    PortalNoticeRecord, ReplacedMessageRecord,
};
use super::publications::{
    PublicationRecord, ReleaseRecord, SnapshotCheckRecord, UnpublicationRecord,
};
use super::upkeep::{
    ArchivalRecord, ClockRecord, ErasureRecord, ExpiryRecord, PauseRecord, RepairRecord,
    ResumeRecord, SegmentRecord, StopRecord,
};
use crate::json::serialized::{describe_fault, to_json};
use crate::json::{Json, canonical};
use serde::{Deserialize, Deserializer};

#[cfg(test)]
mod tests;

/// The kinds of records by family: the word in the log, the variant, the struct.
macro_rules! record_kinds {
    ($(
        $(#[$doc:meta])*
        $family:ident $family_body:ident {
            $($word:literal $kind:ident $body:ident,)*
        }
    )*) => {
        /// The body of a record, by its family and kind.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum RecordBody {
            $(
                $(#[$doc])*
                $family($family_body),
            )*
        }

        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq)]
            pub enum $family_body {
                $(
                    #[doc = concat!("`", $word, "`")]
                    $kind(Box<$body>),
                )*
            }

            $(
                impl From<$body> for RecordBody {
                    fn from(body: $body) -> Self {
                        Self::$family($family_body::$kind(Box::new(body)))
                    }
                }
            )*
        )*

        impl RecordBody {
            /// The kinds, as the log writes them.
            pub const KINDS: &[&str] = &[$($($word),*),*];

            /// The kind, as the log writes it.
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self {
                    $($(Self::$family($family_body::$kind(_)) => $word,)*)*
                }
            }

            /// The members, for the one spelling of the record.
            #[must_use]
            pub fn to_json(&self) -> Json {
                match self {
                    $($(Self::$family($family_body::$kind(body)) => to_json(&**body),)*)*
                }
            }

            /// Reads the body of a record of that kind.
            ///
            /// # Errors
            /// The kind is unknown, or a member is unknown, missing or no value of its type.
            pub fn read(kind: &str, body: &Json) -> Result<Self, RecordBodyError> {
                let bytes = canonical(body);
                let mut members = serde_json::Deserializer::from_slice(&bytes);
                let read = Self::deserialize_as(kind, &mut members)
                    .ok_or_else(|| RecordBodyError::Kind(kind.to_owned()))?
                    .map_err(|fault| RecordBodyError::Member {
                        kind: kind.to_owned(),
                        fault: describe_fault(&fault),
                    })?;
                // A member that is null where it could be absent is another spelling.
                if read.to_json() != *body {
                    return Err(RecordBodyError::Spelling(kind.to_owned()));
                }
                Ok(read)
            }

            /// The body of that kind; nothing where the kind is unknown.
            fn deserialize_as<'de, D: Deserializer<'de>>(
                kind: &str,
                members: D,
            ) -> Option<Result<Self, D::Error>> {
                Some(match kind {
                    $($($word => <$body>::deserialize(members).map(Self::from),)*)*
                    _ => return None,
                })
            }
        }
    };
}

record_kinds! {
    /// Questions and their answers.
    Answer AnswerBody {
        "permit" Permit PermitRecord,
        "refuse" Refusal RefusalRecord,
        "refusal_count" RefusalCount RefusalCountRecord,
        "no_new_data" NoNewData NoNewDataRecord,
        "progress" Progress ProgressRecord,
        "close" Close CloseRecord,
        "receipt_ack" ReceiptAcknowledgement ReceiptAcknowledgementRecord,
        "one_sided_receipt" OneSidedReceipt OneSidedReceiptRecord,
        "open_block" OpenBlock OpenBlockRecord,
        "remote_query" RemoteQuery RemoteQueryRecord,
        "received" Received ReceivedRecord,
        "not_received" NotReceived NotReceivedRecord,
        "model_seen" ModelSeen ModelSeenRecord,
        "action_count" ActionCount ActionCountRecord,
    }
    /// Contracts, and the people who decided.
    Contract ContractBody {
        "contract" Activation ActivationRecord,
        "withdraw" Withdrawal WithdrawalRecord,
        "restriction" Restriction RestrictionRecord,
        "group" Group GroupRecord,
        "approval" Approval ApprovalRecord,
        "usage" Usage UsageRecord,
        "top_up" TopUp TopUpRecord,
        "deletion" Deletion DeletionRecord,
        "notice" Notice NoticeRecord,
        "notice_received" ReceivedNotice ReceivedNoticeRecord,
        "credential" Credential CredentialRecord,
        "template" Template TemplateRecord,
    }
    /// Messages.
    Message MessageBody {
        "message" Message MessageRecord,
        "messages_fetched" FetchedMessages FetchedMessagesRecord,
        "message_replaced" ReplacedMessage ReplacedMessageRecord,
        "partner_message" PartnerMessage PartnerMessageRecord,
        "partner_data" PartnerData PartnerDataRecord,
        "portal_notice" PortalNotice PortalNoticeRecord,
    }
    /// Datasets.
    Publication PublicationBody {
        "publish" Publication PublicationRecord,
        "unpublish" Unpublication UnpublicationRecord,
        "release" Release ReleaseRecord,
        "snapshot_check" SnapshotCheck SnapshotCheckRecord,
    }
    /// The configuration, the league, peers and access tokens.
    Configuration ConfigurationBody {
        "trust" Trust TrustRecord,
        "config" Configuration ConfigurationRecord,
        "peer" Peer PeerRecord,
        "rulebook" Rulebook RulebookRecord,
        "access_token" AccessToken AccessTokenRecord,
    }
    /// The logs of others.
    Incident IncidentBody {
        "checkpoint_seen" ObservedHead ObservedHeadRecord,
        "checkpoint_gossiped" GossipedHead GossipedHeadRecord,
        "witnessed" WitnessedHead WitnessedHeadRecord,
        "log_fork" LogFork LogForkRecord,
        "incident" Incident IncidentRecord,
    }
    /// The log itself.
    Upkeep UpkeepBody {
        "segment" Segment SegmentRecord,
        "archive" Archival ArchivalRecord,
        "expire" Expiry ExpiryRecord,
        "pause" Pause PauseRecord,
        "resume" Resume ResumeRecord,
        "stop" Stop StopRecord,
        "repair" Repair RepairRecord,
        "clock" Clock ClockRecord,
        "erase" Erasure ErasureRecord,
    }
}

/// Why a body is none of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordBodyError {
    /// No kind of record.
    #[error("records of the kind `{0}` are not known here")]
    Kind(String),
    /// A member is unknown, missing or no value of its type.
    #[error("the body of a `{kind}`: {fault}")]
    Member {
        /// The kind.
        kind: String,
        /// The fault, which names the member.
        fault: String,
    },
    /// The same content in another spelling.
    #[error("the body of a `{0}` is not in its one spelling")]
    Spelling(String),
}
