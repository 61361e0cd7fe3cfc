//! The access policy as a table for human review.

use super::{Action, Who, rules_of};
use crate::core::text::TextEnum;
use core::fmt::Write;

/// The access matrix as a Markdown table, with one row per action and one column per relationship.
pub fn render_matrix() -> String {
    let mut out = String::from("| action |");
    for who in Who::ALL {
        let _ = write!(out, " {who} |");
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(Who::ALL.len()));
    out.push('\n');
    for &action in Action::ALL {
        let _ = write!(out, "| {action} |");
        for &who in Who::ALL {
            let cell = rules_of(action)
                .iter()
                .filter(|rule| rule.who == who)
                .map(|rule| {
                    let scope = rule.scope.map(|scope| format!(" ({scope})")).unwrap_or_default();
                    let stages: Vec<_> = rule.stages.iter().map(|stage| stage.as_str()).collect();
                    let within = if stages.is_empty() { "" } else { ": " };
                    format!("{}{scope}{within}{}", rule.mask.as_str(), stages.join(" "))
                })
                .collect::<Vec<_>>()
                .join(", ");
            let _ = write!(out, " {} |", if cell.is_empty() { "-" } else { &cell });
        }
        out.push('\n');
    }
    out
}
