//! Body of a record: a struct for each kind, with one canonical form.

use super::answers::{
    ActionCountRecord, AnswerCancellationRecord, CloseRecord, ModelSeenRecord, NoNewDataRecord,
    NotReceivedRecord, OneSidedReceiptRecord, OpenBlockRecord, PermitRecord, ProgressRecord,
    ReceiptAcknowledgementRecord, ReceivedRecord, RefusalCountRecord, RefusalRecord,
    RemoteQueryRecord,
};
use super::configuration::{
    AccessTokenRecord, ConfigurationChangeRecord, ConfigurationRecord, PeerRecord, RulebookRecord,
    TrustRecord,
};
use super::console::{
    ConsoleActRecord, ConsolePasskeyRecord, ConsoleRefusalRecord, ConsoleSignInRecord,
    ConsoleViewRecord,
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
use crate::json::{Json, to_canonical_bytes};
use serde::{Deserialize, Deserializer};

#[cfg(test)]
mod tests;

/// Kinds of records by family: word in the log, variant, struct.
macro_rules! record_kinds {
    ($(
        $(#[$doc:meta])*
        $family:ident $family_body:ident {
            $($word:literal $kind:ident $body:ident,)*
        }
    )*) => {
        /// Body of a record, by its family and kind.
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
                impl $body {
                    /// Kind of the record, as written in the log.
                    pub const KIND: &'static str = $word;
                }

                impl From<$body> for RecordBody {
                    fn from(body: $body) -> Self {
                        Self::$family($family_body::$kind(Box::new(body)))
                    }
                }
            )*
        )*

        impl RecordBody {
            /// All kinds, as written in the log.
            pub const KINDS: &[&str] = &[$($($word),*),*];

            /// Kind, as written in the log.
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self {
                    $($(Self::$family($family_body::$kind(_)) => $word,)*)*
                }
            }

            /// Members of the body, for the canonical form of the record.
            #[must_use]
            pub fn to_json(&self) -> Json {
                match self {
                    $($(Self::$family($family_body::$kind(body)) => to_json(&**body),)*)*
                }
            }

            /// Parses the body of a record of this kind.
            ///
            /// # Errors
            /// The kind is unknown, or a member is unknown, missing or of a wrong type.
            pub fn read(kind: &str, body: &Json) -> Result<Self, RecordBodyError> {
                let bytes = to_canonical_bytes(body);
                let mut members = serde_json::Deserializer::from_slice(&bytes);
                let read = Self::deserialize_as(kind, &mut members)
                    .ok_or_else(|| RecordBodyError::Kind(kind.to_owned()))?
                    .map_err(|fault| RecordBodyError::Member {
                        kind: kind.to_owned(),
                        fault: describe_fault(&fault),
                    })?;
                // A member that is null instead of absent is not canonical.
                if read.to_json() != *body {
                    return Err(RecordBodyError::Spelling(kind.to_owned()));
                }
                Ok(read)
            }

            /// Body of this kind; none for an unknown kind.
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
        "answer_cancelled" Cancellation AnswerCancellationRecord,
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
    /// The configuration, the league, peers, access tokens and the console.
    Configuration ConfigurationBody {
        "trust" Trust TrustRecord,
        "config" Configuration ConfigurationRecord,
        "config_changed" Change ConfigurationChangeRecord,
        "peer" Peer PeerRecord,
        "rulebook" Rulebook RulebookRecord,
        "access_token" AccessToken AccessTokenRecord,
        "console_sign_in" ConsoleSignIn ConsoleSignInRecord,
        "console_refused" ConsoleRefusal ConsoleRefusalRecord,
        "console_act" ConsoleAct ConsoleActRecord,
        "console_passkey" ConsolePasskey ConsolePasskeyRecord,
        "console_view" ConsoleView ConsoleViewRecord,
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

/// Reason why a body does not fit its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordBodyError {
    /// The kind is unknown.
    #[error("records of the kind `{0}` are not known here")]
    Kind(String),
    /// A member is unknown, missing or of a wrong type.
    #[error("the body of a `{kind}`: {fault}")]
    Member {
        /// Kind of the record.
        kind: String,
        /// Error with the name of the member.
        fault: String,
    },
    /// The body is not in canonical form.
    #[error("the body of a `{0}` is not in its canonical form")]
    Spelling(String),
}
