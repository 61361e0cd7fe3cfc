//! Looks: who was shown sensitive records of other people. The read log keeps them, and the people
//! concerned see them once the records are released.

use crate::core::id::{EmployeeId, ReviewId};
use crate::policy::Subject;
use std::collections::BTreeMap;

/// One request by which somebody was shown sensitive records of other people. All sensitive records
/// of a person in a cycle are counted under the person's review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The operation that was requested, by its name in the API contract, such as `getReview`.
    pub operation: &'static str,
    /// The employee who looked; for a program, the employee responsible for it.
    pub reader: Option<EmployeeId>,
    /// The reviews whose content was shown, each with the employee it is about.
    pub subjects: BTreeMap<ReviewId, EmployeeId>,
}

impl Look {
    /// A look that has shown nothing yet.
    pub fn new(operation: &'static str, subject: &Subject) -> Self {
        Self { operation, reader: subject.employee_id, subjects: BTreeMap::new() }
    }

    /// Returns what has been shown so far and starts again with nothing.
    pub fn take(&mut self) -> Self {
        Self { subjects: std::mem::take(&mut self.subjects), ..*self }
    }

    /// Adds a review that is shown, unless it is the reader's own review.
    pub fn add(&mut self, review: ReviewId, person: EmployeeId) {
        if self.reader != Some(person) {
            self.subjects.insert(review, person);
        }
    }
}
