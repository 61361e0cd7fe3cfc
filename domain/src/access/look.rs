//! Looks at other people's sensitive records: what the read log keeps, and what the people concerned
//! are told once the records are released.

use crate::core::id::{EmployeeId, ReviewId};
use crate::policy::Subject;
use std::collections::BTreeMap;

/// One request by which somebody was shown sensitive records of other people. Everything sensitive
/// there is of a person and a cycle hangs on the review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// What was asked for, by its name in the contract, such as `getReview`.
    pub operation: &'static str,
    /// The employee who looked; for a program who answers for it.
    pub reader: Option<EmployeeId>,
    /// The reviews whose content was shown, and whose they are.
    pub subjects: BTreeMap<ReviewId, EmployeeId>,
}

impl Look {
    /// A look in which nothing has been seen yet.
    pub fn new(operation: &'static str, subject: &Subject) -> Self {
        Self { operation, reader: subject.employee_id, subjects: BTreeMap::new() }
    }

    /// What has been seen so far; from here on it is empty again.
    pub fn take(&mut self) -> Self {
        Self { subjects: std::mem::take(&mut self.subjects), ..*self }
    }

    /// Adds a review that is shown, unless it is the reader's own.
    pub fn add(&mut self, review: ReviewId, person: EmployeeId) {
        if self.reader != Some(person) {
            self.subjects.insert(review, person);
        }
    }
}
