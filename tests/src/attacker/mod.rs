//! Somebody who uses everything the company answers to find out a grade that is not released.
//!
//! What is seen becomes facts of a [`solver`]; a grade is found out when every assignment that fits
//! all that was seen agrees on it. [`records`] attacks the functions that project records into
//! counts, on random companies; [`answers`] attacks a running server.

pub mod answers;
pub mod records;
pub mod solver;

use solver::{Knowledge, Unknown};

/// The grades, best first, by which unknowns are numbered.
pub const GRADES: [&str; 5] = ["S", "A", "B", "C", "D"];

/// The number of a grade.
///
/// # Panics
/// When there is no such grade.
pub fn number(grade: &str) -> usize {
    GRADES.iter().position(|known| *known == grade).expect("a grade")
}

/// Notes that so many of a group have each grade.
pub fn counted(knowledge: &mut Knowledge, group: &[Unknown], counts: [usize; 5]) {
    for (grade, count) in counts.into_iter().enumerate() {
        knowledge.count(group, &[grade], count);
    }
}
