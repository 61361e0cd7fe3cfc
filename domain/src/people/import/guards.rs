//! What a file changes in so many people at once that it is more likely broken than meant.

use crate::core::import::{Plan, Planned};
use crate::people::org::{Assignment, Employee};

/// Up to this number of people anything may happen at once.
const FEW: usize = 10;

/// Number of people from which on a company is no longer being brought in for the first time.
const FOUNDED: usize = 20;

/// Whether so many terminations at once suggest a broken file: more than 10 people and more than 5
/// % of the active ones.
pub fn is_mass_deactivation(terminated: usize, active: usize) -> bool {
    terminated > FEW && terminated * 20 > active
}

/// Whether so many new people at once suggest that known ones were not recognised, for example because
/// a spreadsheet program has cut the zeros off their numbers: more than 10 people and more than 20 % of
/// the active ones, in a company of at least 20.
pub fn is_mass_creation(created: usize, active: usize) -> bool {
    active >= FOUNDED && created > FEW && created * 5 > active
}

/// Whether so many cleared values suggest that a column came empty: more than 10 and more than 5 % of
/// those that the people of the file had.
pub fn is_mass_clearing(cleared: usize, held: usize) -> bool {
    cleared > FEW && cleared * 20 > held
}

/// How many people of a file lose the value of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clearing {
    /// The property of the row.
    pub property: &'static str,
    /// How many people lose their value.
    pub cleared: usize,
    /// How many people of the file had one.
    pub held: usize,
}

impl Plan<Employee> {
    /// How many people are new.
    pub fn creations(&self) -> usize {
        self.rows.iter().filter(|row| row.before.is_none()).count()
    }

    /// The properties that so many people would lose that the column is more likely to have come empty.
    pub fn mass_clearings(&self) -> Vec<Clearing> {
        let all = PROPERTIES.iter().map(|(property, holds)| {
            let known = self.rows.iter().filter_map(|row| Some((row.before.as_deref()?, row)));
            let held = known.filter(|(before, _)| holds(before));
            let (mut count, mut cleared) = (0, 0);
            for (_, Planned { after, .. }) in held {
                count += 1;
                cleared += usize::from(!holds(after));
            }
            Clearing { property, cleared, held: count }
        });
        all.filter(|it| is_mass_clearing(it.cleared, it.held)).collect()
    }
}

/// Whether a person has a property.
type Holds = fn(&Employee) -> bool;

/// The properties of a row that can be cleared.
const PROPERTIES: [(&str, Holds); 7] = [
    ("email", |it| it.email.is_some()),
    ("org_unit_code", |it| place(it).is_some_and(|place| place.org_unit_id.is_some())),
    ("position_code", |it| place(it).is_some_and(|place| place.position_id.is_some())),
    ("job_title", |it| place(it).is_some_and(|place| place.job_title.is_some())),
    ("manager_employee_number", |it| place(it).is_some_and(|place| place.manager_id.is_some())),
    ("termination_date", |it| it.employments.latest().last_day().is_some()),
    ("external_ids", |it| !it.external_ids.is_empty()),
];

fn place(person: &Employee) -> Option<&Assignment> {
    person.assignment.as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_people_never_stop_a_file() {
        assert!(!is_mass_deactivation(10, 10));
        assert!(!is_mass_deactivation(11, 220));
        assert!(is_mass_deactivation(11, 219));
        assert!(!is_mass_creation(10, 20));
        assert!(!is_mass_creation(11, 55));
        assert!(is_mass_creation(11, 54));
        assert!(!is_mass_creation(50_000, 19), "a company that is brought in for the first time");
        assert!(!is_mass_clearing(10, 10));
        assert!(!is_mass_clearing(11, 220));
        assert!(is_mass_clearing(11, 219));
    }
}
