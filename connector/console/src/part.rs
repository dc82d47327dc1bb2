//! Parts that several pages share.

pub(crate) mod act_note;
pub(crate) mod address;
pub(crate) mod chart;
pub(crate) mod clause_table;
pub(crate) mod contract_words;
pub(crate) mod dataset_entry;
pub(crate) mod dataset_words;
pub(crate) mod error_code;
pub(crate) mod error_summary;
pub(crate) mod folder_layout;
pub(crate) mod guide_text;
pub(crate) mod help_address;
pub(crate) mod layout;
pub(crate) mod log_verification;
pub(crate) mod look_form;
pub(crate) mod magnitude;
pub(crate) mod map;
pub(crate) mod passkey_element;
pub(crate) mod quotation;
pub(crate) mod section_links;
pub(crate) mod session_end;
pub(crate) mod signed_page;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod word_difference;
