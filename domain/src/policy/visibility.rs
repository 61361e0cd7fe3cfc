//! Which records a list may show.

use super::{
    Action, Denial, Mask, Permit, Principal, Protected, Relations, Sealed, Shown, Subject, Target,
    decide,
};
use crate::core::id::{EmployeeId, OrgUnitId};
use chrono::NaiveDate;
use uuid::Uuid;

/// Which people of the tenant a list may show, and with which fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visibility {
    everyone: Option<Mask>,
    myself: Option<EmployeeId>,
    subtree_of: Option<EmployeeId>,
    responsible: Option<EmployeeId>,
    units: Vec<OrgUnitId>,
    hidden: Vec<EmployeeId>,
    as_of: NaiveDate,
    rule: &'static str,
}

impl Visibility {
    /// The fields shown of everybody, or `None` if the list shows only the groups named below.
    pub fn everyone(&self) -> Option<Mask> {
        self.everyone
    }

    /// The subject as an employee, if the list shows the subject's own record in full.
    pub fn myself(&self) -> Option<EmployeeId> {
        self.myself
    }

    /// The manager whose direct and indirect reports the list shows in full.
    pub fn subtree_of(&self) -> Option<EmployeeId> {
        self.subtree_of
    }

    /// The manager for whose participants the list shows records in full, where records have a
    /// responsible manager.
    pub fn responsible(&self) -> Option<EmployeeId> {
        self.responsible
    }

    /// The units whose people, including those of units below, the list shows in full.
    pub fn units(&self) -> &[OrgUnitId] {
        &self.units
    }

    /// People whom the list leaves out because of a conflict of interest.
    pub fn hidden(&self) -> &[EmployeeId] {
        &self.hidden
    }

    /// The date as of which reporting lines and units are read.
    pub fn as_of(&self) -> NaiveDate {
        self.as_of
    }

    /// The part of what this shows for which a manager answers; none without a manager. Lines and
    /// units are left out of it.
    pub fn narrowed_to(&self, manager: Option<EmployeeId>) -> Option<Self> {
        let responsible = Some(manager?);
        Some(Self {
            responsible,
            myself: None,
            subtree_of: None,
            units: Vec::new(),
            hidden: self.hidden.clone(),
            ..*self
        })
    }

    /// A row of the list that this narrows. Whoever is shown by a line or a unit is shown in full;
    /// where everybody is shown, as much as `target`, without relationships, lets through.
    pub fn show<T: Protected>(
        &self,
        subject: &Subject,
        action: Action,
        row: Sealed<T>,
        target: &Target,
    ) -> Shown<T> {
        row.show_as(self.everyone.map_or(Mask::Full, |everyone| {
            let permit = decide(subject, action, target).permit;
            permit.map_or(everyone, |permit| permit.mask)
        }))
    }

    /// The rule that shows most of the people.
    pub fn rule(&self) -> &'static str {
        self.rule
    }
}

/// Which people `subject` may list for `action`, as of a date.
///
/// # Errors
/// [`Denial::Forbidden`] with the rule that refuses the list.
pub fn visibility(
    subject: &Subject,
    action: Action,
    as_of: NaiveDate,
) -> Result<Visibility, Denial> {
    let anyone = Target { id: Uuid::max(), about: Some(Uuid::max().into()), ..Target::default() };
    let with = |relations| decide(subject, action, &Target { relations, ..anyone }).permit;
    let everyone = with(Relations::default());
    // A group counts only where it is shown more fields than everybody is.
    let wider = |permit: Option<Permit>| {
        let mask = everyone.as_ref().map(Permit::mask);
        permit.filter(|permit| mask.is_none_or(|mask| permit.mask > mask))
    };
    let inside = wider(with(Relations { in_units: true, ..Relations::default() }));
    let below = subject
        .employee_id
        .and_then(|_| wider(with(Relations { chain_manager: true, ..Relations::default() })));
    let answering = subject.employee_id.and_then(|me| {
        let target = Target { responsible: Some(me), ..anyone };
        wider(decide(subject, action, &target).permit)
    });
    let about = |person: EmployeeId, in_units| {
        let relations = Relations { in_units, ..Relations::default() };
        let target =
            Target { id: person.uuid(), about: Some(person), relations, ..Target::default() };
        decide(subject, action, &target).permit
    };
    let own = subject.employee_id.map(|me| (me, about(me, false)));
    let person = matches!(subject.principal, Principal::Person(_));
    let widest = everyone
        .as_ref()
        .or(inside.as_ref())
        .or(below.as_ref())
        .or(answering.as_ref())
        .or(own.as_ref().and_then(|(_, permit)| permit.as_ref()));
    let Some(widest) = widest else {
        return Err(Denial::Forbidden { rule: decide(subject, action, &anyone).rule });
    };
    Ok(Visibility {
        everyone: everyone.as_ref().map(Permit::mask),
        myself: own.as_ref().filter(|(_, permit)| person && permit.is_some()).map(|(me, _)| *me),
        subtree_of: below.as_ref().and(subject.employee_id),
        responsible: answering.as_ref().and(subject.employee_id),
        units: inside.as_ref().map(|_| subject.units_of_interest()).unwrap_or_default(),
        hidden: subject.persons().filter(|person| about(*person, true).is_none()).collect(),
        as_of,
        rule: widest.rule,
    })
}
