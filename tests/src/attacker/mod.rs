//! An attacker who uses every answer about a company to find out a grade that is not released.
//!
//! What is seen becomes facts for a [`solver`]. A grade is found out when every assignment that
//! fits all facts gives it the same value. [`records`] attacks the functions that make counts from
//! records, on random companies; [`answers`] attacks a running server.

pub mod answers;
pub mod records;
pub mod solver;

use solver::{Knowledge, Unknown};

/// The grades, best first; an unknown's value is an index into this list.
pub const GRADES: [&str; 5] = ["S", "A", "B", "C", "D"];

/// The index of a grade.
///
/// # Panics
/// If there is no such grade.
pub fn number(grade: &str) -> usize {
    GRADES.iter().position(|known| *known == grade).expect("a grade")
}

/// Adds the fact that so many members of a group have each grade.
pub fn counted(knowledge: &mut Knowledge, group: &[Unknown], counts: [usize; 5]) {
    for (grade, count) in counts.into_iter().enumerate() {
        knowledge.count(group, &[grade], count);
    }
}
