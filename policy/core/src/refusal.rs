//! Refusals and failures, as people and peers see them.
//!
//! All interfaces share one registry of codes: gRPC, local socket, command line and log. A code is never reused for another
//! meaning.
//! Texts contain parts of the request, the contract and the configuration, never of data.

use crate::id::{ClauseId, ContractId, ParticipantId};
use crate::safe_text::to_printable;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Refusal or failure with its code, sentence, place, clause and help.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code.
    pub code: ErrorCode,
    /// One sentence: lower case, no full stop, user input in backticks.
    pub sentence: String,
    /// Contract that demands the refusal.
    pub contract: Option<ContractId>,
    /// Clause of that contract.
    pub clause: Option<ClauseId>,
    /// Content of the clause in plain language.
    pub allowed: Option<String>,
    /// Participant that refuses or fails; absent: this one.
    pub participant: Option<ParticipantId>,
    /// File, line and key.
    pub location: Option<SourceLocation>,
    /// Suggestions, one line each, the most useful first.
    pub help: Vec<String>,
    /// Cause, for the trace of this machine alone. Only [`Refusal::causes`] gives access to its content.
    pub cause: ErrorCause,
}

/// Cause of a refusal. Ignored in comparisons: refusals with equal content are equal.
///
/// The inner box keeps the size of a refusal small: one word.
#[derive(Clone, Default)]
pub struct ErrorCause(Option<Arc<Box<dyn Error + Send + Sync>>>);

impl PartialEq for ErrorCause {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for ErrorCause {}

impl fmt::Debug for ErrorCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ErrorCause(…)")
    }
}

/// Place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLocation {
    /// Name of the file as given by the user.
    pub file: String,
    /// Line number from 1, where known.
    pub line: Option<u64>,
    /// Key or column, where known.
    pub key: Option<String>,
}

impl Refusal {
    /// Refusal with a code and a sentence. The `with_…` methods add the rest.
    #[must_use]
    pub fn new(code: ErrorCode, sentence: impl Into<String>) -> Self {
        Self {
            code,
            sentence: to_printable(&sentence.into()),
            contract: None,
            clause: None,
            allowed: None,
            participant: None,
            location: None,
            help: Vec::new(),
            cause: ErrorCause::default(),
        }
    }

    /// Adds the cause. [`Error::source`] returns it; it never appears in a text, message or record.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = ErrorCause(Some(Arc::new(cause.into())));
        self
    }

    /// Chain of causes, the nearest first.
    pub fn causes(&self) -> impl Iterator<Item = &(dyn Error + 'static)> {
        std::iter::successors(self.source(), |&cause| cause.source())
    }

    /// Chain of causes in one line, for the trace of this machine; none without a cause.
    ///
    /// These texts come from libraries and may contain values, paths and addresses. They must not leave the machine.
    #[must_use]
    pub fn cause_chain(&self) -> Option<String> {
        let texts: Vec<String> = self.causes().map(ToString::to_string).collect();
        (!texts.is_empty()).then(|| texts.join(": "))
    }

    /// True for an `INTERNAL` without a number. Its cause is not in the trace yet.
    #[must_use]
    pub fn lacks_number(&self) -> bool {
        self.code == ErrorCode::Internal && !self.help.iter().any(|line| line.starts_with(NUMBER))
    }

    /// Adds the number under which the trace holds the cause. The number must disclose nothing else: neither the frequency of
    /// failures nor any data.
    #[must_use]
    pub fn with_number(mut self, number: &str) -> Self {
        let line =
            format!("{NUMBER}{number}`: the trace of the connector that failed holds the cause");
        self.help.insert(0, to_printable(&line));
        self
    }

    /// Adds the contract.
    #[must_use]
    pub fn with_contract(mut self, contract: ContractId) -> Self {
        self.contract = Some(contract);
        self
    }

    /// Adds the clause and its content.
    #[must_use]
    pub fn with_clause(mut self, clause: ClauseId, allowed: impl Into<String>) -> Self {
        self.clause = Some(clause);
        self.allowed = Some(to_printable(&allowed.into()));
        self
    }

    /// Adds the participant that refuses.
    #[must_use]
    pub fn with_participant(mut self, participant: ParticipantId) -> Self {
        self.participant = Some(participant);
        self
    }

    /// Adds file, line and key.
    #[must_use]
    pub fn with_place(
        mut self,
        file: impl Into<String>,
        line: Option<u64>,
        key: Option<String>,
    ) -> Self {
        self.location = Some(SourceLocation {
            file: file.into(),
            line,
            key,
        });
        self
    }

    /// Adds a line of help.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help.push(to_printable(&help.into()));
        self
    }
}

impl fmt::Display for Refusal {
    /// Writes one line: `CODE: sentence (contract …, clause #c3 allows …)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.sentence)?;
        if let Some(clause) = self.clause {
            write!(f, " (clause {clause})")?;
        }
        Ok(())
    }
}

impl Error for Refusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.0.as_ref().map(|cause| {
            let cause: &(dyn Error + 'static) = cause.as_ref().as_ref();
            cause
        })
    }
}

impl fmt::Debug for Refusal {
    /// Writes all fields except the cause, since `{:?}` output may be sent anywhere.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            code,
            sentence,
            contract,
            clause,
            allowed,
            participant,
            location,
            help,
            cause: _,
        } = self;
        f.debug_struct("Refusal")
            .field("code", code)
            .field("sentence", sentence)
            .field("contract", contract)
            .field("clause", clause)
            .field("allowed", allowed)
            .field("participant", participant)
            .field("location", location)
            .field("help", help)
            .finish()
    }
}

/// Start of the help line with the number of an `INTERNAL`.
const NUMBER: &str = "number `";

/// Class of a code. It decides the exit code of the command line and the status of gRPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// Exit 1, INTERNAL: an internal error.
    Failed,
    /// Exit 2, INVALID_ARGUMENT: wrong use.
    Usage,
    /// Exit 3, PERMISSION_DENIED: refused by a policy or a contract.
    Policy,
    /// Exit 3, NOT_FOUND: no such thing for the asking participant.
    Unknown,
    /// Exit 3, FAILED_PRECONDITION: the contract's period, schema or duties.
    State,
    /// Exit 3, RESOURCE_EXHAUSTED: a quota or limit.
    Exhausted,
    /// Exit 4, UNAUTHENTICATED: the caller is not identified.
    Identity,
    /// Exit 5, UNAVAILABLE: a participant or source is out of reach, or the answer would be incomplete.
    OutOfReach,
    /// Exit 6, INVALID_ARGUMENT: invalid data or configuration.
    Invalid,
    /// Exit 7, DATA_LOSS: evidence does not verify.
    Evidence,
    /// Exit 130, CANCELLED.
    Interrupted,
}

impl ErrorClass {
    /// The exit code of the command line.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Policy | Self::Unknown | Self::State | Self::Exhausted => 3,
            Self::Identity => 4,
            Self::OutOfReach => 5,
            Self::Invalid => 6,
            Self::Evidence => 7,
            Self::Interrupted => 130,
        }
    }
}

macro_rules! codes {
    ($($variant:ident $text:literal $kind:ident $cause:literal $remedy:literal;)*) => {
        /// Stable error code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorCode {
            $(#[doc = $cause] $variant,)*
        }

        impl ErrorCode {
            /// All codes, in the order of the registry.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Text of the code.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Class of the code.
            #[must_use]
            pub const fn kind(self) -> ErrorClass {
                match self { $(Self::$variant => ErrorClass::$kind,)* }
            }

            /// Meaning of the code, for `hansa error`.
            #[must_use]
            pub const fn cause(self) -> &'static str {
                match self { $(Self::$variant => $cause,)* }
            }

            /// Suggested remedy, for `hansa error`.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)* }
            }
        }
    };
}

codes! {
    // identity and trust
    PeerNotTrusted "PEER_NOT_TRUSTED" Identity "The participant is not, or no longer, in the current trust bundle, or its certificate has expired." "Ask the league to admit the participant, or renew the certificate with `hansa join`.";
    CertificateExpired "CERTIFICATE_EXPIRED" Identity "The TLS certificate has expired." "Ask the league for a new one (`hansa league admit`) and install it with `hansa join`.";
    WrongLeague "WRONG_LEAGUE" Identity "The file or the participant belongs to another league." "Use the file that your own league issued.";
    BundleInvalid "BUNDLE_INVALID" Identity "The trust bundle is malformed, expired, rolled back, or not signed by the league." "Fetch the current bundle: `hansa league export`.";
    IdentityHeaderPresent "IDENTITY_HEADER_PRESENT" Identity "The request carries an identity header; identity comes from the certificate alone." "Remove the header, or the proxy that adds it.";
    CredentialInvalid "CREDENTIAL_INVALID" Identity "A credential was issued to somebody else, has expired, or is by an issuer that the trust bundle does not name for it." "Ask an issuer that the league names for a new one.";
    TokenRequired "TOKEN_REQUIRED" Identity "The call presents no access token, and this connector answers only calls with one." "Present one that `hansa token create` made: as `Authorization: Bearer TOKEN`, or its id as the user and its secret as the password.";
    TokenInvalid "TOKEN_INVALID" Identity "The access token is not from this connector, has ended, or was revoked." "Ask the operator of the connector for a new one: `hansa token create`.";
    ConsoleOff "CONSOLE_OFF" Usage "This connector serves no console." "Set `[console] listen`, and start the connector again; `hansa config reference` shows the section.";
    ConsoleCodeInvalid "CONSOLE_CODE_INVALID" Identity "The code is not one that this connector has given out, was used, or has ended." "`hansa console` gives another one; it lasts two minutes.";
    ConsoleBusy "CONSOLE_BUSY" Exhausted "Too many codes were tried, or too many sign-ins begun, in the last minute." "Wait a minute, then sign in again.";
    PersonUnknown "PERSON_UNKNOWN" Identity "No person of the configuration has this Unix user, or this account at the issuer." "Add the person: `[person.NAME]` with `name`, `roles`, and `unix` or `oidc`; then `hansa reload`.";
    FormStale "FORM_STALE" State "The form of the console is over, was used, or belongs to another page or session." "Open the page again, and fill in the form there.";
    ActUnconfirmed "ACT_UNCONFIRMED" Policy "The act waits for the number that its person types at the machine of the connector." "`hansa console confirm NUMBER`, within two minutes; then go on in the browser.";
    PasskeyInvalid "PASSKEY_INVALID" Identity "The answer of the passkey does not prove that its person was present for this act." "Open the page again and use the passkey there, or type the number at the machine of the connector.";
    PasskeyUnknown "PASSKEY_UNKNOWN" Identity "The passkey is not one that this person has added, or it was removed." "`/me/passkeys` of the console lists the passkeys of the person.";
    PasskeyLimit "PASSKEY_LIMIT" Exhausted "The person has as many passkeys as one person may have." "Remove one first, on `/me/passkeys` of the console.";
    ConfigChanged "CONFIG_CHANGED" State "The file of the configuration is not the one that the change was made from." "Read it again, with its new digest, and give the change anew: `hansa config show --json`, `hansa policy show --json`.";
    TermsChanged "TERMS_CHANGED" State "The proposal is not the one that was shown any more." "Read the new page, and sign that: `hansa contract show --diff` says what changed.";
    UploadIncomplete "UPLOAD_INCOMPLETE" Usage "A file that was sent did not come whole, came too slowly, or came with another form than that of the page." "Send it again; the Unix user of the connector can name the file on its machine: `hansa dataset stage FILE`.";
    UploadTooLarge "UPLOAD_TOO_LARGE" Usage "A file is larger than `[console] upload` permits." "Send a smaller one, such as one for each month, or Parquet in place of CSV; or raise `[console] upload`.";
    UploadLimit "UPLOAD_LIMIT" Exhausted "As many files of the person wait already as may wait at once." "Add a dataset of one of them, or remove it: `hansa dataset staged` lists them, `hansa dataset unstage ID` removes one.";
    UploadUnknown "UPLOAD_UNKNOWN" Unknown "No file of this identity waits for the person; a file waits for a day at most." "`hansa dataset staged` lists the files that wait.";
    RoleMissing "ROLE_MISSING" Policy "The roles of the person do not permit this page." "The roles stand in `[person.NAME]`; another person with the role can open it.";
    IssuerUnreachable "ISSUER_UNREACHABLE" OutOfReach "The OpenID Connect issuer, at which people sign in to the console, does not answer." "Check `issuer` under [console.oidc] and the way to it; where `sign_in` names \"link\", `hansa console` signs in without it.";
    IssuerAnswerInvalid "ISSUER_ANSWER_INVALID" OutOfReach "The OpenID Connect issuer answered with something that can't be used for a sign-in." "Check the client at the issuer, and `issuer`, `client` and the secret under [console.oidc].";
    SignInRefused "SIGN_IN_REFUSED" Identity "The issuer's answer to a sign-in or a fresh login does not prove who the person is." "Begin the sign-in again; if it is refused again, compare the clocks, and the settings of the client at the issuer.";
    LogoutTokenInvalid "LOGOUT_TOKEN_INVALID" Identity "A message about a logout is not by the issuer, is not for this console, or came before." "Nothing ended; check the address and the client that the issuer has for this console.";
    // contracts
    ContractUnknown "CONTRACT_UNKNOWN" Unknown "There is no contract in force with that name between the two participants." "`hansa contract list` shows the contracts; request one with `hansa contract request`.";
    ContractAmbiguous "CONTRACT_AMBIGUOUS" Usage "Several contracts in force fit the question." "Name one with --contract.";
    ContractUnused "CONTRACT_UNUSED" Usage "A contract was named, but the question does not use it." "Leave it out, or ask for the dataset that it gives: `hansa contract list` says which.";
    ContractMalformed "CONTRACT_MALFORMED" Invalid "The contract's bytes are not in the one accepted form." "Ask the other party for the file that it signed.";
    ContractIdReused "CONTRACT_ID_REUSED" Invalid "The same contract id and version stand for other content." "The party that drafted it must draw a new id.";
    SignatureInvalid "SIGNATURE_INVALID" Invalid "A signature does not match the payload and the registered key." "Do not use the file; ask for the original.";
    SignatureAlg "SIGNATURE_ALG" Invalid "The signature's algorithm is not the one registered for the key." "Sign with Ed25519 or P-256, as registered.";
    SignatureHeader "SIGNATURE_HEADER" Invalid "The signature's protected header does not hold exactly the accepted members." "Sign with `hansa contract sign`.";
    SignatureMissing "SIGNATURE_MISSING" Invalid "One of the two signatures is missing." "Let the other party sign.";
    SignatureCount "SIGNATURE_COUNT" Invalid "A contract carries exactly two signatures." "Ask for the file as it was finalised.";
    SignerNotParty "SIGNER_NOT_PARTY" Invalid "A signature is not by the party for which it is given." "The party named in the contract must sign with its own key.";
    KeyNotValidAtSigning "KEY_NOT_VALID_AT_SIGNING" Invalid "The key was not valid when the contract was signed." "Sign again with the current key.";
    Superseded "SUPERSEDED" State "A newer version of the contract is in force." "Use the newer version: `hansa contract list`.";
    Withdrawn "WITHDRAWN" State "One party has withdrawn the contract." "Ask for a new contract: `hansa contract request`.";
    Expired "EXPIRED" State "The contract has ended." "Renew it: `hansa contract request`.";
    NotYetValid "NOT_YET_VALID" State "The contract is not in force yet." "Wait until its first day.";
    SchemaChanged "SCHEMA_CHANGED" State "The dataset's schema is no longer the one that the contract was signed for." "The provider offers an amendment, or publishes the old schema again.";
    NegotiationUnknown "NEGOTIATION_UNKNOWN" Unknown "There is no such negotiation with this participant." "`hansa contract list` shows them.";
    NegotiationLimit "NEGOTIATION_LIMIT" Exhausted "As many proposals of the participant wait for an answer as may wait at once." "Wait until some are answered, or decline own proposals that are no longer wanted: `hansa contract list --state requested` shows them, `hansa contract decline` ends one.";
    NegotiationState "NEGOTIATION_STATE" State "The negotiation is not in a state that allows this step." "`hansa contract show` tells whose turn it is.";
    OfferEnded "OFFER_ENDED" State "The offer of the dataset to this participant has ended." "Ask its owner for another offer; contracts that were signed under it stay in force until their own end.";
    OfferUnknown "OFFER_UNKNOWN" Unknown "There is no offer of that dataset to this participant." "`hansa catalog list` shows what is offered to you.";
    StatementMalformed "STATEMENT_MALFORMED" Invalid "A signed statement, a withdrawal or a receipt, is not in the one accepted form." "Ask the other party for the statement as it was signed.";
    RenderingDiffers "RENDERING_DIFFERS" Invalid "The page that the contract names as shown to its signers is not the one that its terms make." "Do not sign or use it: propose it again with a connector whose pages are the same.";
    NoticeUndeliverable "NOTICE_UNDELIVERABLE" OutOfReach "A notice that a contract ends could not be delivered." "Check [notice]: the folder, the address of the webhook, or the command that sends mail.";
    PartnerUnreachable "PARTNER_UNREACHABLE" OutOfReach "A partner of the Dataspace Protocol does not answer." "Check `address` and `token_file` under [partner.NAME].";
    PartnerUnknown "PARTNER_UNKNOWN" Unknown "The configuration names no such partner." "`hansa partner list` shows them.";
    PartnerAnswerInvalid "PARTNER_ANSWER_INVALID" OutOfReach "A partner sent something else than the Dataspace Protocol has." "Tell its operator; the log holds the record.";
    SecondOfficerNeeded "SECOND_OFFICER_NEEDED" State "A step that lets out more data, or ends a contract, needs two persons here, each with a separate Unix user." "Have another of the users under [officers] run the same command.";
    KeyRevoked "KEY_REVOKED" Invalid "The key was revoked, or others may have had it, before the signature entered a log." "Sign again with a valid key.";
    SealNotTrusted "SEAL_NOT_TRUSTED" Invalid "The certificates of a seal do not lead to an authority that may seal for the participant." "Have the league name the authority: `hansa league seal PARTICIPANT --anchor FILE --organization ID`.";
    MandateMissing "MANDATE_MISSING" Invalid "The participant signs contracts with mandates only, and a signature has none." "Sign with it: `hansa contract sign --offline FILE --key FILE --mandate FILE`.";
    MandateExceeded "MANDATE_EXCEEDED" Invalid "A signature goes beyond the mandate on which it rests." "Have somebody sign whose mandate goes so far, or the participant state another: `hansa key mandate`.";
    MandateExpired "MANDATE_EXPIRED" Invalid "The mandate on which a signature rests was not valid when it signed." "Have the participant state a new one: `hansa key mandate`.";
    MandateRevoked "MANDATE_REVOKED" Invalid "The mandate on which a signature rests was revoked." "Have somebody sign whose mandate is valid, or the participant state another: `hansa key mandate`.";
    // terms at signing and checking
    TermUnknown "TERM_UNKNOWN" Invalid "The policy holds something that this version does not execute." "Remove it, or use one of the terms that `hansa policy check` lists.";
    TermIllTyped "TERM_ILL_TYPED" Invalid "A term has a value of the wrong type." "Write the value as the reference shows.";
    TermColumnUnknown "TERM_COLUMN_UNKNOWN" Invalid "A term names a column that the dataset does not have." "Use a column of the dataset: `hansa dataset show`.";
    PolicyContradiction "POLICY_CONTRADICTION" Invalid "The policy permits nothing, or two of its clauses exclude each other." "Remove one of the clauses.";
    ColumnsUnnamed "COLUMNS_UNNAMED" Invalid "The policy of an offer does not name the columns that leave." "Add columns = [\"NAME\", …], or columns = \"all\" where each may leave.";
    GridConflict "GRID_CONFLICT" Invalid "The aggregate's grid is neither the dataset's registered grid nor a coarser one nested in it." "Use the registered grid's dimensions and buckets.";
    GroupWithoutUnit "GROUP_WITHOUT_UNIT" Invalid "A minimum group needs a unit column, or says that rows are counted." "Set unit_column on the dataset, or write min_rows.";
    RowQuotaWithoutBytes "ROW_QUOTA_WITHOUT_BYTES" Invalid "A quota on rows needs one on bytes beside it, since many rows fit into one." "Add bytes_per_day.";
    HvdRestrictiveTerm "HVD_RESTRICTIVE_TERM" Invalid "A high-value dataset may not be offered under a restrictive term." "Remove the clause, or the high_value flag with a recorded reason.";
    LicenceAlreadyOpen "LICENCE_ALREADY_OPEN" Invalid "The dataset's licence already lets anybody do what the clause forbids." "Remove the clause, or check the licence.";
    PurposeUnknown "PURPOSE_UNKNOWN" Usage "The purpose is not in the vocabulary." "Use a purpose of the contract, or declare it under [purpose.NAME].";
    GroupTooSmall "GROUP_TOO_SMALL" Invalid "The minimum group is so small that persons can be singled out." "Raise it: at least 3 where rows are about persons, better 10.";
    NoMinGroup "NO_MIN_GROUP" Invalid "Aggregates without a minimum group publish every single row that is alone in its cell." "Add min_rows or min_contributors.";
    UnitVisible "UNIT_VISIBLE" Invalid "The column that tells persons or firms apart can be seen." "Leave it out of columns, or mask it.";
    PersonalVisible "PERSONAL_VISIBLE" Invalid "A column about persons can be seen." "Leave it out, mask it, or permit aggregates only.";
    FilterOnTreatedColumn "FILTER_ON_TREATED_COLUMN" Invalid "The row filter looks at a column that is hidden, masked or coarsened, so it tells that column's range for every visible row." "Filter on a visible column, or accept it.";
    NoExpiry "NO_EXPIRY" Invalid "The policy has no end, or one more than five years ahead." "Set valid.until.";
    PurposeTooBroad "PURPOSE_TOO_BROAD" Invalid "The purpose stands at the root of the vocabulary and covers nearly everything." "Name a narrower purpose.";
    QuotaUnfit "QUOTA_UNFIT" Invalid "A quota is so small, or so large, that it has no useful effect." "Fit it to the size of the dataset.";
    ExclusivityClash "EXCLUSIVITY_CLASH" Invalid "The dataset is promised to one participant alone for a time that overlaps." "Choose another time, or end the exclusive contract first.";
    LegalBasisMissing "LEGAL_BASIS_MISSING" Invalid "Columns about persons are shared without a legal basis." "Name it: legal_basis = \"eu-gdpr:A6-1-e\".";
    TemplateInvalid "TEMPLATE_INVALID" Invalid "A template of a policy is not in the form that is read." "Declare each hole under [hole.NAME] with type and text, and use each.";
    TemplateUnknown "TEMPLATE_UNKNOWN" Unknown "The participant publishes no template of that name." "`hansa policy clone PARTICIPANT` lists them.";
    HoleUnfilled "HOLE_UNFILLED" Usage "A hole of the template is not filled, or with something of another type." "Give each hole a value: --set NAME=VALUE.";
    CellTooSmall "CELL_TOO_SMALL" Invalid "Cells smaller than a kilometre square show places that are about persons." "Show larger cells: to = \"grid:1000\" or \"h3:7\".";
    PlaceBeside "PLACE_BESIDE" Invalid "A clause limits or coarsens the place of a row, and another column that is shown tells a place too." "Leave the column out, or mask it: a shape in text, an address, a postcode and a cell tell where a row lies.";
    RulebookInvalid "RULEBOOK_INVALID" Invalid "The rulebook is malformed, edited, not signed by the league, or not the one that the version stands for here." "Ask the operator of your league for the file again: `hansa league rulebook` lists the versions.";
    RulebookViolated "RULEBOOK_VIOLATED" Invalid "An offer does not keep to a rule of the rulebook that this participant accepted." "Change the policy; `hansa rulebook show` lists the rules.";
    TermNotExecutableHere "TERM_NOT_EXECUTABLE_HERE" State "A clause needs a published list, or the list of a group, that this connector does not hold." "Put the file, unchanged, into the folder of lists ([lists] dir) and reload; make the group: `hansa group add`.";
    GridNotNested "GRID_NOT_NESTED" Invalid "The cells of the contract cut through those of another contract on the dataset." "Use cells that are made of the other's, or of which the other's are made.";
    CombinedDisclosure "COMBINED_DISCLOSURE" Policy "Two contracts on one dataset would show together what neither of them shows alone." "Agree on one contract in place of both, or ask under the other one alone.";
    EpsilonTooLarge "EPSILON_TOO_LARGE" Invalid "The budget of privacy of a period is so large that it protects little." "Lower it to 3 or less, 1 is usual.";
    // a question under a contract
    PartyNotAssignee "PARTY_NOT_ASSIGNEE" Policy "The contract is not with this participant." "Ask under your own contract.";
    PurposeMissing "PURPOSE_MISSING" Policy "The contract demands a purpose and none was declared." "Ask with --purpose, or set [ask] purpose.";
    PurposeNotCovered "PURPOSE_NOT_COVERED" Policy "The declared purpose is not covered by the contract." "Declare a covered purpose, or request an amendment.";
    TenantUnbound "TENANT_UNBOUND" Policy "The provider has not mapped this participant to a tenant." "Ask the provider to map your identity.";
    DatasetUnknown "DATASET_UNKNOWN" Unknown "No such dataset for this asker." "`hansa catalog list` shows what can be asked.";
    QueryUnknown "QUERY_UNKNOWN" Unknown "No saved query of that name for this asker." "`GET /v1/queries` lists those that can be asked.";
    AnswerUnknown "ANSWER_UNKNOWN" Unknown "No such answer is kept for this person." "Ask the question again; it counts again.";
    ColumnUnknown "COLUMN_UNKNOWN" Usage "No such column in the datasets of the question." "`hansa catalog show` lists the columns.";
    FunctionUnknown "FUNCTION_UNKNOWN" Usage "No such function here." "`hansa error FUNCTION_UNKNOWN` lists the functions.";
    AggregateOnly "AGGREGATE_ONLY" Policy "The contract permits aggregates only; rows never leave." "Ask with GROUP BY over the contract's dimensions.";
    FunctionNotAllowed "FUNCTION_NOT_ALLOWED" Policy "The contract does not permit this aggregate." "Use one of the aggregates of the clause.";
    DimensionNotAllowed "DIMENSION_NOT_ALLOWED" Policy "The contract does not permit grouping or filtering by this." "Use the dimensions of the clause.";
    FilterNotOnGrid "FILTER_NOT_ON_GRID" Policy "The filter is finer than a cell of the contract's grid." "Move the edge to the nearest edge of the grid.";
    QueryShape "QUERY_SHAPE" Policy "An aggregate-only dataset can't be used in this construct." "Aggregate first, then use the result; or use the cube by its own name.";
    QuotaQueries "QUOTA_QUERIES" Exhausted "The questions of this period are used up." "Wait for the next period.";
    QuotaRows "QUOTA_ROWS" Exhausted "The rows of this period are used up." "Ask for fewer rows, or wait for the next period.";
    QuotaBytes "QUOTA_BYTES" Exhausted "The bytes of this period are used up." "Ask for less, or wait for the next period.";
    ResultTooLarge "RESULT_TOO_LARGE" Exhausted "The answer has more rows than the contract permits in one answer." "Add a filter or a LIMIT.";
    Prohibited "PROHIBITED" Policy "A prohibition of the contract holds for the question." "Ask for another purpose, at another time or from another place, as the clause says.";
    DatasetRestricted "DATASET_RESTRICTED" Policy "The provider refuses it by a restriction of its own, which stands before all contracts on the dataset." "Ask as the refusal says, or ask the provider when the restriction will be lifted.";
    OnwardNotPermitted "ONWARD_NOT_PERMITTED" Policy "A participant passes nothing on for another." "The third party needs its own contract.";
    OutsideHours "OUTSIDE_HOURS" State "The contract answers questions in some hours of the week only." "Ask again when they begin: the refusal names the next ones.";
    PlaceNotAllowed "PLACE_NOT_ALLOWED" Policy "The question comes from a network that the contract does not name." "Connect from one of the networks of the clause.";
    FormatNotAllowed "FORMAT_NOT_ALLOWED" Policy "The contract does not permit the form in which the answer would be sent." "Take it in one of the forms of the clause.";
    JoinKeyNotAllowed "JOIN_KEY_NOT_ALLOWED" Policy "The contract does not permit joining the dataset this way." "Join over the columns of the clause, with ON and equal columns.";
    JoinPartnerNotAllowed "JOIN_PARTNER_NOT_ALLOWED" Policy "The contract does not permit the dataset in one question with the other." "Ask for the two datasets in separate questions.";
    KeyMustStay "KEY_MUST_STAY" Policy "The columns that the dataset is joined over are shown to nobody." "Compare them in ON alone, and let the participant execute the join.";
    ReceiptOverdue "RECEIPT_OVERDUE" State "Too many receipts wait for the asker's signature." "To countersign them, connect to the provider once: `hansa peer show`.";
    ConnectorRequired "CONNECTOR_REQUIRED" Policy "The contract gives answers only to the consumer's connector, which countersigns receipts, and not to a program without a connector." "Ask through your own connector, or request an amendment with `one_sided_receipts = true`.";
    SectorNotAttested "SECTOR_NOT_ATTESTED" Policy "The contract is for some sectors only, and no credential that counts shows one of them." "Ask an issuer of the league for a credential and install it: `hansa credential add`.";
    PartyNotInGroup "PARTY_NOT_IN_GROUP" Policy "The contract is for the members of a group, and the asker is not a member." "Ask the provider, who keeps the list, to add you.";
    AttributeStale "ATTRIBUTE_STALE" State "The list of the group is older than a day, or not there." "Ask the provider to renew it: its connector does so while it runs, and `hansa group show` says what stands in its way.";
    AttestationOverdue "ATTESTATION_OVERDUE" State "The consumer has not stated in time that what it received is deleted." "Delete it, and file the statement for the answers that the refusal names: `hansa contract attest`.";
    PrepaidSpent "PREPAID_SPENT" Exhausted "The prepaid amount of the contract is spent." "Pay more; the provider then records the payment: `hansa contract top-up`.";
    PrivacyBudgetSpent "PRIVACY_BUDGET_SPENT" Exhausted "The privacy budget of a period, which limits what all releases together show of one person or firm, is spent, so some cells of the question were not released." "Leave out the period that the refusal names; cells come again with the next period of the budget.";
    // SQL
    SqlSyntax "SQL_SYNTAX" Usage "The text is not SQL that is understood here." "Correct the text at the place shown.";
    SqlInvalid "SQL_INVALID" Usage "The statement can be read but not planned: types or names do not fit." "Correct the statement.";
    SqlTooLarge "SQL_TOO_LARGE" Exhausted "The statement is larger than the limits." "Split the question.";
    SqlTooDeep "SQL_TOO_DEEP" Exhausted "The statement is nested deeper than the limits." "Flatten the statement.";
    OneStatementOnly "ONE_STATEMENT_ONLY" Usage "Exactly one statement is accepted." "Send the statements one by one.";
    StatementNotAllowed "STATEMENT_NOT_ALLOWED" Usage "Only queries are accepted." "Write a SELECT.";
    ConstructNotAllowed "CONSTRUCT_NOT_ALLOWED" Usage "This construct of SQL is not supported here." "Write the query without it.";
    EvaluationFailed "EVALUATION_FAILED" Usage "Evaluating the query failed on a value of the permitted view." "Guard the expression, for example with CASE or NULLIF.";
    SumOverflow "SUM_OVERFLOW" Usage "A sum is beyond the range of its type, so no correct number can be shown." "Sum fewer rows at once, or sum(CAST(… AS DECIMAL(28, 0))).";
    ArithmeticOverflow "ARITHMETIC_OVERFLOW" Usage "A result of arithmetic is beyond the range of its type, so no correct number can be shown." "Compute in a wider type, for example CAST(… AS DECIMAL(38, 0)), or guard the expression with CASE.";
    ResourceLimit "RESOURCE_LIMIT" Exhausted "The question needs more memory, disk or time than its limit." "Ask for less, or raise [limits].";
    TooManyStreams "TOO_MANY_STREAMS" Exhausted "Too many questions run, or too many messages come, at once." "Wait until one has ended, or for a while.";
    MessageTooLarge "MESSAGE_TOO_LARGE" Exhausted "A message is larger than the limits." "Send less in one message.";
    RequestIdReused "REQUEST_ID_REUSED" Usage "A request of that id was already answered." "Draw a new id for each question.";
    // federation
    PeerUnreachable "PEER_UNREACHABLE" OutOfReach "A participant does not answer." "`hansa doctor PARTICIPANT` says where it fails; --partial lets a question over a model go without it.";
    PeerDataInvalid "PEER_DATA_INVALID" OutOfReach "A participant answered with something else than it was asked for." "Tell its operator; the log holds the record.";
    PeerUnknown "PEER_UNKNOWN" Unknown "No such participant here." "`hansa peer list` shows them; `hansa peer add` adds one.";
    AnswerIncomplete "ANSWER_INCOMPLETE" OutOfReach "The answer lacks a participant." "Ask again, or accept it with --partial.";
    AnswerCancelled "ANSWER_CANCELLED" State "The operator of the connector that gives the answer has ended it." "Ask the other participant why; a question can be asked again.";
    StreamCut "STREAM_CUT" OutOfReach "The answer ended before its last row." "Ask again.";
    Moved "MOVED" OutOfReach "The connector that answers is being stopped or replaced." "Ask again; the next one answers at the same address.";
    TooManyConnections "TOO_MANY_CONNECTIONS" OutOfReach "The asker has the most connections that it may have." "Close unused connections, and ask over one that stays open; check which other programs use the same key, or run commands as the same user.";
    ConnectorLost "CONNECTOR_LOST" OutOfReach "The running connector ended during a command." "`hansa status` tells whether it runs; check whether the command took effect, and repeat it if not.";
    WorkerFailed "WORKER_FAILED" OutOfReach "A worker of this connector did not give its part of an answer." "Ask again; if it fails again, check that the worker runs at its address, and that each of the two has the certificate of the other.";
    WorkerDiffers "WORKER_DIFFERS" OutOfReach "A worker has another version, clock, snapshot, policy or plan than its connector." "Run the same version on all machines, let the workers read the state folder of the connector, and compare their clocks.";
    VersionUnsupported "VERSION_UNSUPPORTED" OutOfReach "The two connectors speak no common version." "Upgrade the older one.";
    AliasClash "ALIAS_CLASH" Usage "Another participant already has this alias, or it is a reserved word." "Choose another with --alias.";
    ConversionUnknown "CONVERSION_UNKNOWN" Invalid "There is no declared factor between the two units." "Declare a factor with its source on the column.";
    MessageMalformed "MESSAGE_MALFORMED" Invalid "A message from the other side does not hold what it must, or holds more." "Upgrade the older of the two connectors; if both are current, report it.";
    // evidence
    EvidenceUnavailable "EVIDENCE_UNAVAILABLE" Failed "The log can't be written, so no question is answered." "Free disk space, or repair the disk and start the connector again.";
    DiskFull "DISK_FULL" Failed "The disk of the state folder is full." "Free space. The connector then continues by itself; if its log is closed, start it again.";
    EvidenceBroken "EVIDENCE_BROKEN" Evidence "A record of the log was edited, deleted, moved or cut off." "Keep the copy as it is and compare it with the heads that partners hold.";
    EvidenceIncomplete "EVIDENCE_INCOMPLETE" Evidence "The bundle lacks something that the check needs." "Export it again.";
    LogFork "LOG_FORK" Evidence "A participant has shown two histories of its log." "Keep both signed heads; its participant replaces its key and states the incident: docs/incidents.md.";
    LedgerRollback "LEDGER_ROLLBACK" Evidence "The state is newer than the log: an older log was put in its place." "Put the newest log back, or restore both from one backup.";
    ReceiptMismatch "RECEIPT_MISMATCH" Evidence "The two sides' receipts of one answer differ." "Both versions are kept; compare them with `hansa audit reconcile`.";
    ClockUntrusted "CLOCK_UNTRUSTED" State "The clock of the machine went back by more than a minute, or jumped ahead by more than five." "Set the clock, then acknowledge with `hansa reload`.";
    EvidenceUnknown "EVIDENCE_UNKNOWN" Evidence "The evidence is of a version, or under an algorithm, that is not known here." "Check it with a newer program.";
    TimeStampInvalid "TIME_STAMP_INVALID" Evidence "A time stamp does not hold: it was made for other bytes, was changed, or is not signed by the authority that it names." "Ask for the file as it was exported; the log itself is judged without its time stamps.";
    TimeStampNotTrusted "TIME_STAMP_NOT_TRUSTED" Evidence "No certificate that was given vouches for the authority of a time stamp, or none did when it was issued." "Give the certificate above that authority: [audit] time_stamp, or `hansa-verify check --tsa-trust FILE`.";
    TimeStampUnavailable "TIME_STAMP_UNAVAILABLE" OutOfReach "The time-stamp authority can't be reached, or grants no token." "Check [audit] time_stamp and the way to the authority; it is asked again, and questions are answered meanwhile.";
    EvidenceExpired "EVIDENCE_EXPIRED" Evidence "The record was erased at the end of its retention; its leaf hash is kept." "`hansa audit list --outcome expire` says when and what.";
    // configuration, files, sources
    ConfigUnknownKey "CONFIG_UNKNOWN_KEY" Invalid "The configuration holds a key that does not exist." "Use the key that is suggested, or `hansa config reference`.";
    ConfigInvalid "CONFIG_INVALID" Invalid "The configuration has a missing or wrong value." "Write the value as the reference shows.";
    ConfigMissing "CONFIG_MISSING" Invalid "No configuration was found." "Go to the participant's folder, name the file with --config, or create one with `hansa init`.";
    KeyFilePermissions "KEY_FILE_PERMISSIONS" Invalid "A private key can be read by others." "chmod 600 the file.";
    KeyInvalid "KEY_INVALID" Invalid "A key or certificate can't be read, or does not fit its counterpart." "Restore the file, or create the participant anew.";
    FeedChanged "FEED_CHANGED" Invalid "A feed only grows, but its earlier source has changed." "Put new rows into new files, or begin the feed again: `hansa dataset publish NAME --anew`.";
    NothingNew "NOTHING_NEW" State "No new rows came since the earlier answer." "Ask again later with the same token.";
    NotContinued "NOT_CONTINUED" State "The rows that came since an earlier answer can't be separated from the older ones." "Ask without --since: the whole answer comes, and a new token with it.";
    AsOfUnavailable "AS_OF_UNAVAILABLE" State "A dataset can't be shown as it was at that instant." "Ask for a later instant, or for what there is now.";
    FileMissing "FILE_MISSING" Invalid "A file is missing or can't be read." "Check the path and its permissions.";
    FileExists "FILE_EXISTS" Invalid "The file or folder is already there." "Choose another place, or remove it.";
    SourceUnreadable "SOURCE_UNREADABLE" Invalid "The source of a dataset can't be read." "Check path, format and encoding: `hansa dataset sample`.";
    SourceKindUnknown "SOURCE_KIND_UNKNOWN" Invalid "A file is of a kind that is not read, or of another kind than its source says." "Save it as CSV, Parquet or GeoJSON; one of them alone may be packed with gzip or zip.";
    PlacesTurned "PLACES_TURNED" Usage "Places lie in Europe only once longitude and latitude are exchanged." "Exchange them at the source, or say where they lie: `hansa dataset add --extent WEST,SOUTH,EAST,NORTH`.";
    SourceOutside "SOURCE_OUTSIDE" Invalid "A source lies in a folder that the configuration does not name, or in one where the connector keeps its state or its keys." "Move the file into the folder of the configuration, or name its folder: `[sources] roots`.";
    SourceUnavailable "SOURCE_UNAVAILABLE" OutOfReach "The store or the database in which the rows of a dataset stay can't be read at this time." "Ask again later; the log of its owner's connector holds the reason.";
    SourceChanged "SOURCE_CHANGED" State "A file that stays in place is not as it was published." "Publish the dataset again: `hansa dataset publish`.";
    SnapshotDamaged "SNAPSHOT_DAMAGED" State "The stored rows or cells of a dataset are not as they were published, so they are not read." "Its owner publishes it anew: `hansa dataset publish`.";
    RowsUnreadable "ROWS_UNREADABLE" Invalid "More values of a source can't be read than its max_bad_rows allows; nothing was published." "Correct the rows shown, declare their words as nulls, or raise max_bad_rows.";
    SchemaMismatch "SCHEMA_MISMATCH" Invalid "The columns of the source are not those of the configuration." "Adjust the columns: `hansa dataset sample` shows the source.";
    ModelMismatch "MODEL_MISMATCH" Invalid "The dataset does not conform to the model that it declares." "Rename or convert the columns as the model demands.";
    KindMismatch "KIND_MISMATCH" Invalid "A dataset of the model is of another kind than the question takes: measured, forecast, modelled or estimated." "Ask for it with --kind, or leave the dataset out by name.";
    PrepareFailed "PREPARE_FAILED" Invalid "The prepare statement can't be run." "Correct the statement: it is one SELECT over `source`.";
    DatasetNotPublished "DATASET_NOT_PUBLISHED" Invalid "The dataset is configured but has no published snapshot, or only one from before its entry was changed." "`hansa dataset publish`.";
    // local use
    UsageWrong "USAGE" Usage "The command was used in a way that it does not understand." "See --help.";
    ConfirmationNeeded "CONFIRMATION_NEEDED" Usage "The command asks for confirmation and no terminal is there." "Add --yes.";
    StateLocked "STATE_LOCKED" Failed "Another process holds the state folder." "Wait until it ends, or run `hansa serve`: commands then share one connector.";
    StateBroken "STATE_BROKEN" Failed "The state folder can't be read or written." "Check the disk and the permissions of the folder.";
    StateExposed "STATE_EXPOSED" Invalid "The state folder can be read or written by everybody on this machine." "chmod 700 the folder.";
    AddressInUse "ADDRESS_IN_USE" Failed "The listening address is taken." "Stop the other program, or change `listen` of the section: [listen], [clients], [web] or [monitoring].";
    TimedOut "TIMED_OUT" OutOfReach "The time limit of the command has passed." "Give it more with --timeout.";
    Interrupted "INTERRUPTED" Interrupted "The command was interrupted." "Run it again.";
    Internal "INTERNAL" Failed "Something went wrong inside; the trace holds the detail under the number shown." "Report it with the number.";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for ErrorCode {
    type Err = UnknownCodeError;

    fn from_str(text: &str) -> Result<Self, UnknownCodeError> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.as_str() == text)
            .ok_or(UnknownCodeError)
    }
}

/// Error of a text that is not a code of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such code")]
pub struct UnknownCodeError;

/// Refusal of a policy that permits nothing, or whose clauses exclude each other.
pub(crate) fn contradiction_refusal(sentence: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::PolicyContradiction, sentence)
}

#[cfg(test)]
mod tests;
