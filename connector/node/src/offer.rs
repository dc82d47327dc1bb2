//! Offers and public views, from the configuration to the catalog and to data portals.

pub mod offer_renewal;
pub mod offers;
pub mod open_views;
pub mod portal_entries;
pub mod portal_notice;
pub mod template_file;
