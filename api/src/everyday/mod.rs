//! Everyday work: the caller, cards, to-dos, dashboards and handover.

pub mod cards;
pub mod dashboards;
pub mod handover;
pub mod me;
pub mod to_dos;
pub mod words;

use crate::platform::areas::Noun;

/// The nouns of the area, in the order in which documents show them.
pub const NOUNS: &[Noun] = &[to_dos::NOUN, dashboards::NOUN];
