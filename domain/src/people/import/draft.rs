//! A plan while it is built: resolves references between rows and drops the rows that have faults.

use super::{Given, Line, Node, Terms};
use crate::core::import::{Fault, Plan, Planned};
use crate::core::text::fold;
use crate::core::tree::{MAX_DEPTH, TreeFault, check_tree};
use chrono::NaiveDate;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// Resolves the references of one row to other records.
pub(super) struct Look<'f> {
    pub row: usize,
    pub faults: &'f mut Vec<Fault>,
}

impl Look<'_> {
    pub fn up<T: Copy>(
        &mut self,
        code: &Given<String>,
        field: &str,
        known: &HashMap<String, T>,
        found: &mut Option<T>,
    ) {
        match code {
            None => {}
            Some(None) => *found = None,
            Some(Some(code)) => match known.get(code) {
                Some(&target) => *found = Some(target),
                None => self
                    .faults
                    .push(Fault::new(self.row, field, "unknown_reference").with("value", code)),
            },
        }
    }
}

/// A plan while it is built: a row stays in it until a fault removes it.
pub(super) struct Draft<T> {
    pub rows: Vec<Option<Planned<T>>>,
    pub places: Vec<usize>,
    keys: Vec<String>,
    pub by_id: HashMap<Uuid, usize>,
    created: HashSet<Uuid>,
    /// Whether each row is about a new record.
    new: Vec<bool>,
    parents: Vec<Option<Uuid>>,
    faults: Vec<Fault>,
    pub warnings: Vec<Fault>,
}

impl<T: Node> Draft<T> {
    pub fn new(capacity: usize) -> Self {
        Self {
            rows: Vec::with_capacity(capacity),
            places: Vec::with_capacity(capacity),
            keys: Vec::with_capacity(capacity),
            by_id: HashMap::with_capacity(capacity),
            created: HashSet::new(),
            new: Vec::with_capacity(capacity),
            parents: Vec::with_capacity(capacity),
            faults: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Adds a row. One that could not be read completely, or has faults, does not stand.
    pub fn add(&mut self, planned: Planned<T>, is_whole: bool, faults: Vec<Fault>) {
        let (index, after) = (self.rows.len(), &planned.after);
        self.places.push(planned.row);
        self.keys.push(after.key().to_owned());
        self.parents.push(after.parent());
        self.new.push(planned.before.is_none());
        let first = *self.by_id.entry(after.id()).or_insert(index) == index;
        if first && planned.before.is_none() {
            self.created.insert(after.id());
        }
        self.rows.push((is_whole && faults.is_empty()).then_some(planned));
        self.faults.extend(faults);
    }

    /// Adds the faults of a row without a key, of which nothing can be planned.
    pub fn add_keyless(&mut self, faults: Vec<Fault>) {
        self.faults.extend(faults);
    }

    pub fn standing(&self) -> impl Iterator<Item = (usize, &Planned<T>)> {
        self.rows.iter().enumerate().filter_map(|(index, row)| Some((index, row.as_ref()?)))
    }

    fn fail(&mut self, faults: Vec<(usize, Fault)>) -> bool {
        let found = !faults.is_empty();
        for (index, fault) in faults {
            self.rows[index] = None;
            self.faults.push(fault);
        }
        found
    }

    /// Refuses every row whose key occurs more than once, since such rows contradict each other. A key
    /// that differs only in case is no other one, unless both were known before.
    pub fn refuse_doubles(&mut self) {
        let mut alike = HashMap::<Cow<'_, str>, Vec<usize>>::with_capacity(self.keys.len());
        for (index, key) in self.keys.iter().enumerate() {
            alike.entry(fold(key)).or_default().push(index);
        }
        let mut faults = Vec::new();
        for indices in alike.into_values().filter(|indices| indices.len() > 1) {
            for &index in &indices {
                let is_double = |&&other: &&usize| {
                    other != index && (self.new[index] || self.keys[other] == self.keys[index])
                };
                if let Some(&other) = indices.iter().find(is_double) {
                    let fault = Fault::new(self.places[index], T::KEY, "duplicate_in_request");
                    faults.push((index, fault.with("value", &self.keys[other])));
                }
            }
        }
        self.fail(faults);
    }

    /// Removes the rows with faults: once in an atomic import, else until the remaining rows fit
    /// together.
    pub fn settle<'n>(
        &mut self,
        lines: &[Line],
        terms: &Terms,
        names: &dyn Fn() -> HashMap<Uuid, &'n str>,
        further: &dyn Fn(&Self) -> Vec<(usize, Fault)>,
    ) {
        loop {
            if !terms.atomic {
                self.cascade();
            }
            let faults = further(self);
            let mut failed = self.fail(faults);
            let faults = self.tree_faults(lines, terms.from, names);
            failed |= self.fail(faults);
            if terms.atomic || !failed {
                return;
            }
        }
    }

    /// Removes every row that refers to a new record whose own row has been removed.
    fn cascade(&mut self) {
        let lost = |draft: &Self, id: &Uuid| {
            draft.created.contains(id) && draft.rows[draft.by_id[id]].is_none()
        };
        let mut lost_ids: Vec<Uuid> =
            self.created.iter().filter(|id| lost(self, id)).copied().collect();
        let mut dependents = HashMap::<Uuid, Vec<usize>>::new();
        for (index, parent) in self.parents.iter().enumerate() {
            if let Some(parent) = parent.filter(|parent| self.created.contains(parent)) {
                dependents.entry(parent).or_default().push(index);
            }
        }
        while let Some(id) = lost_ids.pop() {
            let key = self.keys[self.by_id[&id]].clone();
            for index in dependents.remove(&id).unwrap_or_default() {
                let Some(planned) = self.rows[index].take() else { continue };
                if planned.before.is_none() {
                    lost_ids.push(planned.after.id());
                }
                let fault = Fault::new(planned.row, T::PARENT, "row_failed");
                self.faults.push(fault.with("value", &key));
            }
        }
    }

    fn tree_faults<'n>(
        &self,
        lines: &[Line],
        from: NaiveDate,
        names: &dyn Fn() -> HashMap<Uuid, &'n str>,
    ) -> Vec<(usize, Fault)> {
        let moved: HashMap<Uuid, (usize, &T)> = self
            .standing()
            .filter(|(_, row)| row.before.as_ref().is_none_or(|b| b.parent() != row.after.parent()))
            .map(|(index, row)| (row.after.id(), (index, &*row.after)))
            .collect();
        if moved.is_empty() {
            return Vec::new();
        }
        let created = moved.values().filter(|(_, node)| self.created.contains(&node.id()));
        let created = created.map(|(_, node)| Line {
            child: node.id(),
            from: node.since(),
            until: None,
            parent: None,
        });
        let lines: Vec<Line> = lines.iter().copied().chain(created).collect();
        let days: BTreeSet<NaiveDate> =
            lines.iter().map(|line| line.from.max(from)).chain([from]).collect();
        for day in days {
            let parent_of = tree_on(day, &lines, &moved);
            let found = check_tree(&parent_of);
            if !found.is_empty() {
                let names = names();
                return found
                    .iter()
                    .flat_map(|fault| self.blame(fault, &parent_of, &moved, &names))
                    .collect();
            }
        }
        Vec::new()
    }

    /// The rows that cause a fault of the tree.
    fn blame(
        &self,
        fault: &TreeFault<Uuid>,
        parent_of: &HashMap<Uuid, Uuid>,
        moved: &HashMap<Uuid, (usize, &T)>,
        names: &HashMap<Uuid, &str>,
    ) -> Vec<(usize, Fault)> {
        let at = |index: usize, code| Fault::new(self.places[index], T::PARENT, code);
        match fault {
            TreeFault::Loop(members) => {
                let ring = members.iter().chain(members.first());
                let ring: Vec<&str> =
                    ring.map(|id| names.get(id).copied().unwrap_or("?")).collect();
                let ring = ring.join(" → ");
                let rows = members.iter().filter_map(|id| moved.get(id));
                rows.map(|&(index, _)| (index, at(index, "reporting_loop").with("loop", &ring)))
                    .collect()
            }
            TreeFault::TooDeep(deepest) => {
                let mut upward = std::iter::successors(Some(deepest), |id| parent_of.get(id));
                let nearest = upward.find_map(|id| moved.get(id));
                nearest
                    .map(|&(index, _)| (index, at(index, "depth_exceeded").with("max", MAX_DEPTH)))
                    .into_iter()
                    .collect()
            }
        }
    }

    pub fn finish(mut self) -> Plan<T> {
        self.faults.sort_by_key(|fault| fault.row);
        let rows: Vec<Planned<T>> = self.rows.into_iter().flatten().collect();
        let mut warnings = self.warnings;
        if !warnings.is_empty() {
            let standing: HashSet<usize> = rows.iter().map(|planned| planned.row).collect();
            warnings.retain(|warning| standing.contains(&warning.row));
        }
        Plan { rows, faults: self.faults, warnings }
    }
}

/// Parent of each node on a day, once all rows have been applied.
fn tree_on<T: Node>(
    day: NaiveDate,
    lines: &[Line],
    moved: &HashMap<Uuid, (usize, &T)>,
) -> HashMap<Uuid, Uuid> {
    let parent = |line: &Line| match moved.get(&line.child) {
        Some((_, node)) if line.holds(node.since()) && node.since() <= day => node.parent(),
        _ => line.parent,
    };
    lines
        .iter()
        .filter(|line| line.holds(day))
        .filter_map(|line| Some((line.child, parent(line)?)))
        .collect()
}
