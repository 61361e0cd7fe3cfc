//! Cards, to-dos and dashboards.

mod cards;
mod dashboards;
