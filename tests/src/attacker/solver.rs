//! What follows for certain from counts and values that were seen.
//!
//! The solver works in four steps, and each is exact:
//!
//! 1. Unknowns that have the same value become one slot, and every fact narrows the values that
//!    its slots may have.
//! 2. Slots that no fact tells apart become one cell, of which only the number of members per
//!    value matters. Members of a cell that holds two values can be exchanged: they are open.
//! 3. A linear program walks from the truth to assignments that differ as much as possible. What
//!    differs in one of them is open. What cannot differ even in fractions is certain.
//! 4. What can differ in fractions only is decided by branching on whole numbers.
//!
//! All numbers are whole: a row of the linear program is kept multiplied by its denominator.

use std::collections::{BTreeMap, BTreeSet};

/// How many tableau steps the searches of one round may take, round by round.
const ROUNDS: [usize; 3] = [100, 1_000, 10_000];
/// How many tableau steps all searches in one component may take.
const STEPS: usize = 30_000;
/// How many steps in a row may be wasted before the rule that never goes round in circles applies.
const PATIENCE: usize = 100;
/// The search gives up when a number in the tableau gets larger.
const LARGEST: i64 = 1 << 30;

/// Something whose value is not known.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Unknown(usize);

/// Everything that was seen about some unknowns.
#[derive(Clone, Debug)]
pub struct Knowledge {
    values: usize,
    truth: Vec<usize>,
    allowed: Vec<u64>,
    /// For every unknown an earlier one that has the same value, or itself.
    same_as: Vec<usize>,
    facts: Vec<Fact>,
}

/// What follows from the knowledge. Unknowns that are in neither of the two are open: at least
/// two of their values fit everything that was seen.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verdict {
    /// The unknowns that have the same value in every assignment that fits, and that value.
    pub certain: BTreeMap<Unknown, usize>,
    /// Unknowns for which the search gave up: neither proven certain nor proven open.
    pub undecided: BTreeSet<Unknown>,
}

/// Numbers with a factor each, in ascending order: members of a group, or variables of a sum.
type Terms = Vec<(usize, i64)>;

/// Between `least` and `most` of the group have one of `values`. A member counts with its factor.
#[derive(Clone, Debug)]
struct Fact {
    group: Terms,
    values: u64,
    least: i64,
    most: i64,
}

impl Knowledge {
    /// Nothing is known yet. `values` is how many values every unknown may have: `0..values`.
    pub fn new(values: usize) -> Self {
        assert!((1..=64).contains(&values), "there must be 1 to 64 values, not {values}");
        Self { values, truth: vec![], allowed: vec![], same_as: vec![], facts: vec![] }
    }

    /// A new unknown; `truth` is its real value. The truth is only used as the first solution,
    /// which the search varies; it tells the attacker nothing.
    pub fn unknown(&mut self, truth: usize) -> Unknown {
        self.mask(&[truth]);
        self.same_as.push(self.truth.len());
        self.truth.push(truth);
        self.allowed.push(u64::MAX >> (64 - self.values));
        Unknown(self.truth.len() - 1)
    }

    /// The value was seen.
    pub fn is(&mut self, unknown: Unknown, value: usize) {
        self.among(unknown, &[value]);
    }

    /// The value is one of these.
    pub fn among(&mut self, unknown: Unknown, values: &[usize]) {
        let (mask, truth) = (self.mask(values), self.truth[unknown.0]);
        let fact = format_args!("{unknown:?} is among {values:?}");
        assert!(has(mask, truth), "the fact \"{fact}\" contradicts the truth: it is {truth}");
        self.allowed[unknown.0] &= mask;
    }

    /// Both have the same value, as when nothing changed between two looks.
    pub fn same(&mut self, one: Unknown, other: Unknown) {
        let (a, b) = (self.truth[one.0], self.truth[other.0]);
        let fact = format_args!("{one:?} is the same as {other:?}");
        assert!(a == b, "the fact \"{fact}\" contradicts the truth: they are {a} and {b}");
        link(&mut self.same_as, one.0, other.0);
    }

    /// Exactly `count` of the group have one of `values`. A group is a set: an unknown that is
    /// listed twice counts once.
    pub fn count(&mut self, group: &[Unknown], values: &[usize], count: usize) {
        self.see("exactly", group, values, count, count..=count);
    }

    /// At least `count` of the group have one of `values`.
    pub fn at_least(&mut self, group: &[Unknown], values: &[usize], count: usize) {
        self.see("at least", group, values, count, count..=group.len());
    }

    /// At most `count` of the group have one of `values`.
    pub fn at_most(&mut self, group: &[Unknown], values: &[usize], count: usize) {
        self.see("at most", group, values, count, 0..=count);
    }

    /// What follows for certain: unknowns that were not seen directly as well as those that were.
    pub fn certain(&self) -> Verdict {
        let mut slots = Slots::of(self);
        slots.narrow();
        let findings = slots.findings();
        let mut verdict = Verdict::default();
        for (number, &slot) in slots.of_unknown.iter().enumerate() {
            match findings[slot] {
                Finding::Certain => {
                    verdict.certain.insert(Unknown(number), self.truth[number]);
                }
                Finding::Undecided => {
                    verdict.undecided.insert(Unknown(number));
                }
                Finding::Open => {}
            }
        }
        verdict
    }

    fn see(
        &mut self,
        how: &str,
        group: &[Unknown],
        values: &[usize],
        count: usize,
        limits: std::ops::RangeInclusive<usize>,
    ) {
        let mask = self.mask(values);
        let members: BTreeSet<usize> = group.iter().map(|unknown| unknown.0).collect();
        let real = members.iter().filter(|&&member| has(mask, self.truth[member])).count();
        let fact = format_args!("{how} {count} of {group:?} are among {values:?}");
        assert!(limits.contains(&real), "the fact \"{fact}\" contradicts the truth: {real} are");
        self.facts.push(Fact {
            least: whole(*limits.start()),
            most: whole(*limits.end().min(&members.len())),
            group: members.into_iter().map(|member| (member, 1)).collect(),
            values: mask,
        });
    }

    fn mask(&self, values: &[usize]) -> u64 {
        values.iter().fold(0, |mask, &value| {
            assert!(value < self.values, "no value {value}: the values are 0..{}", self.values);
            mask | 1 << value
        })
    }
}

/// Whether the set of values has the value.
fn has(mask: u64, value: usize) -> bool {
    mask >> value & 1 == 1
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).expect("groups are small")
}

/// Follows the links from an item to the one that stands for its whole set.
fn root(links: &[usize], mut item: usize) -> usize {
    while links[item] != item {
        item = links[item];
    }
    item
}

/// Makes one set of the sets of two items. Its earliest item stands for it.
fn link(links: &mut [usize], one: usize, other: usize) {
    let (one, other) = (root(links, one), root(links, other));
    links[one.max(other)] = one.min(other);
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Finding {
    Certain,
    Open,
    Undecided,
}

/// A slot stands for all unknowns that have the same value. Facts are about slots here.
#[derive(Default)]
struct Slots {
    of_unknown: Vec<usize>,
    truth: Vec<usize>,
    allowed: Vec<u64>,
    facts: Vec<Fact>,
}

impl Slots {
    fn of(knowledge: &Knowledge) -> Self {
        let mut slots = Self::default();
        for (number, &allowed) in knowledge.allowed.iter().enumerate() {
            let first = root(&knowledge.same_as, number);
            if first == number {
                slots.of_unknown.push(slots.truth.len());
                slots.truth.push(knowledge.truth[number]);
                slots.allowed.push(allowed);
            } else {
                let slot = slots.of_unknown[first];
                slots.of_unknown.push(slot);
                slots.allowed[slot] &= allowed;
            }
        }
        slots.facts = knowledge.facts.iter().map(|fact| slots.about_slots(fact)).collect();
        slots
    }

    fn about_slots(&self, fact: &Fact) -> Fact {
        let mut group = BTreeMap::new();
        for &(unknown, factor) in &fact.group {
            *group.entry(self.of_unknown[unknown]).or_default() += factor;
        }
        Fact { group: group.into_iter().collect(), ..*fact }
    }

    /// Removes values that a single fact rules out, until nothing changes any more.
    fn narrow(&mut self) {
        let ties = ties(&self.facts, self.truth.len());
        let mut waiting: BTreeSet<usize> = (0..self.facts.len()).collect();
        while let Some(number) = waiting.pop_first() {
            for slot in self.facts[number].narrow(&mut self.allowed) {
                waiting.extend(ties[slot].iter().map(|tie| tie.0));
            }
        }
    }

    /// What is left of the facts for the slots that still may have several values. Facts that say
    /// nothing are left out, and facts about the same group and values become one.
    fn loose_facts(&self) -> Vec<Fact> {
        let mut limits = BTreeMap::new();
        for fact in &self.facts {
            let (loose, fixed) = fact.split(&self.allowed);
            let all: i64 = loose.iter().map(|member| member.1).sum();
            let (least, most) = ((fact.least - fixed).max(0), (fact.most - fixed).min(all));
            if least > 0 || most < all {
                let both = limits.entry((loose, fact.values)).or_insert((least, most));
                *both = (both.0.max(least), both.1.min(most));
            }
        }
        let fact = |((group, values), (least, most))| Fact { group, values, least, most };
        limits.into_iter().map(fact).collect()
    }

    /// Puts all slots that no fact tells apart into one cell. Slots with one value are in none.
    fn cells(&self, facts: &[Fact]) -> Vec<Cell> {
        let mut alike: BTreeMap<(u64, Terms), Vec<usize>> = BTreeMap::new();
        for (slot, ties) in ties(facts, self.truth.len()).into_iter().enumerate() {
            if self.allowed[slot].count_ones() > 1 {
                alike.entry((self.allowed[slot], ties)).or_default().push(slot);
            }
        }
        let cell =
            |((allowed, ties), members)| Cell::new(allowed, ties, members, facts, &self.truth);
        alike.into_iter().map(cell).collect()
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings = vec![Finding::Certain; self.truth.len()];
        let facts = self.loose_facts();
        let room: Vec<(i64, i64)> = facts.iter().map(|fact| fact.room(&self.truth)).collect();
        for cells in components(self.cells(&facts), facts.len()) {
            let mut component = Component { cells, facts: &facts, room: &room };
            component.decide();
            for cell in &component.cells {
                cell.members.iter().for_each(|&slot| findings[slot] = cell.finding);
            }
        }
        findings
    }
}

/// For every slot the facts that it is in, with its factor.
fn ties(facts: &[Fact], slots: usize) -> Vec<Terms> {
    let mut ties = vec![vec![]; slots];
    for (number, fact) in facts.iter().enumerate() {
        fact.group.iter().for_each(|&(slot, factor)| ties[slot].push((number, factor)));
    }
    ties
}

impl Fact {
    /// Narrows the allowed values of the group and returns the slots for which it did.
    fn narrow(&self, allowed: &mut [u64]) -> Vec<usize> {
        let (mut loose, fixed) = self.split(allowed);
        let all = fixed + loose.iter().map(|member| member.1).sum::<i64>();
        loose.retain(|&(slot, factor)| {
            let needed = all - factor < self.least;
            let ruled_out = fixed + factor > self.most;
            if needed || ruled_out {
                allowed[slot] &= if needed { self.values } else { !self.values };
            }
            needed || ruled_out
        });
        loose.into_iter().map(|member| member.0).collect()
    }

    /// The members that may or may not have one of the values, and how much those count that must.
    fn split(&self, allowed: &[u64]) -> (Terms, i64) {
        let (mut loose, mut fixed) = (vec![], 0);
        for &(slot, factor) in &self.group {
            match (allowed[slot] & self.values != 0, allowed[slot] & !self.values != 0) {
                (true, true) => loose.push((slot, factor)),
                (true, false) => fixed += factor,
                (false, _) => {}
            }
        }
        (loose, fixed)
    }

    /// By how much the count may differ from what it is in truth: at least and at most.
    fn room(&self, truth: &[usize]) -> (i64, i64) {
        let counted = self.group.iter().filter(|member| has(self.values, truth[member.0]));
        let real: i64 = counted.map(|member| member.1).sum();
        (self.least - real, self.most - real)
    }
}

/// Slots that no fact tells apart. Values that no fact tells apart are one option.
struct Cell {
    members: Vec<usize>,
    /// One value of every option. The first option is one that members really have.
    options: Vec<usize>,
    /// How many members really have each option.
    held: Vec<i64>,
    /// The facts about the cell, with the factor of each member.
    ties: Terms,
    finding: Finding,
}

impl Cell {
    fn new(
        allowed: u64,
        ties: Terms,
        members: Vec<usize>,
        facts: &[Fact],
        truth: &[usize],
    ) -> Self {
        let mut alike: BTreeMap<Vec<bool>, u64> = BTreeMap::new();
        for value in (0..64).filter(|&value| has(allowed, value)) {
            let counted = ties.iter().map(|tie| has(facts[tie.0].values, value)).collect();
            *alike.entry(counted).or_default() |= 1 << value;
        }
        let first = truth[members[0]];
        let mut options: Vec<u64> = alike.into_values().collect();
        options.sort_by_key(|&option| !has(option, first));
        let holders =
            |&option: &u64| members.iter().filter(|&&slot| has(option, truth[slot])).count();
        let one_value = members.iter().all(|&slot| truth[slot] == first);
        let open = !one_value || options[0].count_ones() > 1;
        Self {
            held: options.iter().map(|option| whole(holders(option))).collect(),
            options: options.iter().map(|option| option.trailing_zeros() as usize).collect(),
            finding: if open { Finding::Open } else { Finding::Undecided },
            members,
            ties,
        }
    }

    /// How much more each fact counts when a member has another option than the first.
    fn effect(&self, facts: &[Fact], option: usize) -> Terms {
        let counts = |fact: usize, option: usize| has(facts[fact].values, self.options[option]);
        let more = |&(fact, factor): &(usize, i64)| match (counts(fact, 0), counts(fact, option)) {
            (false, true) => Some((fact, factor)),
            (true, false) => Some((fact, -factor)),
            _ => None,
        };
        self.ties.iter().filter_map(more).collect()
    }
}

/// Splits the cells into components: cells that are linked by facts. What holds in one component
/// is independent of all others.
fn components(cells: Vec<Cell>, facts: usize) -> Vec<Vec<Cell>> {
    let mut links: Vec<usize> = (0..facts + cells.len()).collect();
    for (number, cell) in cells.iter().enumerate() {
        cell.ties.iter().for_each(|tie| link(&mut links, tie.0, facts + number));
    }
    let mut components: BTreeMap<usize, Vec<Cell>> = BTreeMap::new();
    for (number, cell) in cells.into_iter().enumerate() {
        components.entry(root(&links, facts + number)).or_default().push(cell);
    }
    components.into_values().collect()
}

/// Cells that are linked by facts.
struct Component<'a> {
    cells: Vec<Cell>,
    facts: &'a [Fact],
    /// By how much each fact may count less and more than in truth.
    room: &'a [(i64, i64)],
}

impl Component<'_> {
    /// Decides the cells that are undecided, as far as the steps suffice.
    fn decide(&mut self) {
        if self.undecided().is_empty() {
            return;
        }
        let (mut tableau, owners) = self.tableau();
        if let Some(possible) = self.climb(&mut tableau, &owners) {
            let all = self.undecided().into_iter();
            self.close(&all.filter(|cell| !possible.contains(cell)).collect::<Vec<_>>());
            self.branch(&mut tableau, &owners);
        }
    }

    fn undecided(&self) -> Vec<usize> {
        let cells = 0..self.cells.len();
        cells.filter(|&cell| self.cells[cell].finding == Finding::Undecided).collect()
    }

    fn close(&mut self, cells: &[usize]) {
        cells.iter().for_each(|&cell| self.cells[cell].finding = Finding::Certain);
    }

    /// Opens the undecided cells that differ from the truth in the tableau; says if there are any.
    fn open(&mut self, tableau: &Tableau, owners: &[usize]) -> bool {
        let before = self.undecided().len();
        for cell in tableau.different(owners) {
            if self.cells[cell].finding == Finding::Undecided {
                self.cells[cell].finding = Finding::Open;
            }
        }
        self.undecided().len() < before
    }

    /// Walks along assignments in fractions that differ from the truth as much as possible. Opens
    /// the cells that differ in one in whole numbers. Returns the cells that differ in fractions
    /// only, and all others that are still undecided are certain; or nothing if it gave up.
    fn climb(&mut self, tableau: &mut Tableau, owners: &[usize]) -> Option<BTreeSet<usize>> {
        let mut possible = BTreeSet::new();
        tableau.eliminate()?;
        loop {
            let mut left = self.undecided();
            left.retain(|cell| !possible.contains(cell));
            tableau.goal = tableau.express(usize::MAX, sum_of(owners, &left))?;
            let mut opened = false;
            while !opened && tableau.climb()? {
                opened = tableau.is_whole() && self.open(tableau, owners);
            }
            if !opened {
                let mut different = tableau.different(owners);
                different.retain(|cell| left.contains(cell));
                if different.is_empty() {
                    return Some(possible);
                }
                possible.extend(different);
            }
        }
    }

    /// Decides the cells that are left in whole numbers: with few steps all together, then each
    /// alone, then again with more steps.
    fn branch(&mut self, tableau: &mut Tableau, owners: &[usize]) {
        for steps in ROUNDS {
            let mut left = self.undecided();
            while !left.is_empty() && self.ask(tableau, owners, &left, steps) {
                left = self.undecided();
            }
            for cell in left {
                if self.cells[cell].finding == Finding::Undecided {
                    self.ask(tableau, owners, &[cell], steps);
                }
            }
        }
    }

    /// Searches for an assignment that differs from the truth in one of the undecided cells, and
    /// says whether the search came to an end.
    fn ask(
        &mut self,
        tableau: &mut Tableau,
        owners: &[usize],
        cells: &[usize],
        steps: usize,
    ) -> bool {
        for (variable, &cell) in owners.iter().enumerate() {
            if self.cells[cell].finding == Finding::Certain {
                tableau.bound(variable, 0, 0);
            }
        }
        let mut searched = tableau.clone();
        searched.steps = steps.min(tableau.steps);
        tableau.steps -= searched.steps;
        let found = searched.search_positive(sum_of(owners, cells));
        tableau.steps += searched.steps;
        match found {
            Some(true) => _ = self.open(&searched, owners),
            Some(false) => self.close(cells),
            None => {}
        }
        found.is_some()
    }

    /// The tableau of all assignments that fit, and the cell that owns each variable. The variables
    /// are how many members more than in truth have each option but the first.
    fn tableau(&self) -> (Tableau, Vec<usize>) {
        let mut tableau = Tableau { steps: STEPS, ..Tableau::default() };
        let mut owners = vec![];
        let mut counts: BTreeMap<usize, Terms> = BTreeMap::new();
        for (number, cell) in self.cells.iter().enumerate() {
            for option in 1..cell.options.len() {
                let others = whole(cell.members.len()) - cell.held[option];
                let variable = tableau.variable(-cell.held[option], others);
                owners.push(number);
                for (fact, more) in cell.effect(self.facts, option) {
                    counts.entry(fact).or_default().push((variable, more));
                }
            }
        }
        for (number, cell) in self.cells.iter().enumerate().filter(|(_, cell)| cell.held.len() > 2)
        {
            let others = whole(cell.members.len()) - cell.held[0];
            tableau.row(sum_of(&owners, &[number]), -others, cell.held[0]);
        }
        for (fact, terms) in counts {
            tableau.row(terms, self.room[fact].0, self.room[fact].1);
        }
        (tableau, owners)
    }
}

/// The sum of all variables of the cells.
fn sum_of(owners: &[usize], cells: &[usize]) -> Terms {
    let of = |(_, owner): &(usize, &usize)| cells.contains(owner);
    owners.iter().enumerate().filter(of).map(|(variable, _)| (variable, 1)).collect()
}

/// `scale * basic` is the sum of the terms; `total` is that sum for the present values.
#[derive(Clone, Default)]
struct Row {
    basic: usize,
    scale: i64,
    total: i64,
    terms: Terms,
}

/// Variables between bounds that are tied by sums, for the simplex method. Every row gives one
/// variable, called basic, by others that are not. Those are whole numbers within their bounds all
/// the time, and a step exchanges one of them for a basic one. Zero everywhere is a solution.
#[derive(Clone, Default)]
struct Tableau {
    least: Vec<i64>,
    most: Vec<i64>,
    /// The present values of the variables that are not basic.
    value: Vec<i64>,
    /// Variables that are zero in every solution. They are left out of rows when not basic.
    zero: Vec<bool>,
    rows: Vec<Row>,
    /// What to make as large as possible.
    goal: Row,
    /// How many steps may still be taken.
    steps: usize,
    /// How many steps were taken since the last one that got further.
    wasted: usize,
}

impl Tableau {
    fn variable(&mut self, least: i64, most: i64) -> usize {
        self.least.push(least);
        self.most.push(most);
        self.value.push(0);
        self.zero.push(least == 0 && most == 0);
        self.value.len() - 1
    }

    /// Ties variables that are not basic: their sum is between the bounds.
    fn row(&mut self, terms: Terms, least: i64, most: i64) {
        let basic = self.variable(least, most);
        self.rows.push(Row { basic, scale: 1, total: 0, terms });
    }

    /// A row for the sum of any variables.
    fn express(&self, basic: usize, terms: Terms) -> Option<Row> {
        let mut sum = Row { basic, scale: 1, total: 0, terms };
        for row in &self.rows {
            sum.put_in(row)?;
        }
        sum.total = self.total(&sum.terms)?;
        Some(sum)
    }

    fn total(&self, terms: &Terms) -> Option<i64> {
        terms.iter().try_fold(0i64, |total, &(variable, factor)| {
            total.checked_add(factor.checked_mul(self.value[variable])?)
        })
    }

    fn is_whole(&self) -> bool {
        self.rows.iter().all(|row| row.total % row.scale == 0)
    }

    /// The owners of variables that are not zero at present.
    fn different(&self, owners: &[usize]) -> BTreeSet<usize> {
        let mut present = self.value.clone();
        self.rows.iter().for_each(|row| present[row.basic] = row.total);
        let different = owners.iter().zip(present).filter(|&(_, value)| value != 0);
        different.map(|(&owner, _)| owner).collect()
    }

    /// Uses up all rows whose sum must be zero: each gives one variable by the others.
    fn eliminate(&mut self) -> Option<()> {
        loop {
            let zero = self.rows.iter().enumerate().filter(|(_, row)| self.zero[row.basic]);
            let Some((number, row)) = zero.min_by_key(|(_, row)| row.terms.len()) else {
                return Some(());
            };
            let uses = self.uses();
            match row.terms.iter().min_by_key(|term| (term.1.abs(), uses[term.0])) {
                Some(&(entering, _)) => self.exchange(number, entering, 0)?,
                None => _ = self.rows.swap_remove(number),
            }
        }
    }

    /// In how many rows each variable is.
    fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.value.len()];
        for row in &self.rows {
            row.terms.iter().for_each(|term| uses[term.0] += 1);
        }
        uses
    }

    /// Takes a step that makes the goal larger, or wastes it. Says whether the goal can get larger.
    fn climb(&mut self) -> Option<bool> {
        let Some((entering, factor)) = self.pick(&self.goal.terms, true) else {
            return Some(false);
        };
        self.count_step()?;
        let up = factor.signum();
        let end = if up > 0 { self.most[entering] } else { self.least[entering] };
        if let Some(number) = self.first_blocked(entering, up, end) {
            let row = &self.rows[number];
            let bound = self.bound_towards(row, row.factor(entering) * up);
            if row.total != bound * row.scale {
                self.wasted = 0;
            }
            self.exchange(number, entering, bound)?;
        } else {
            self.set(entering, end);
            self.wasted = 0;
        }
        Some(true)
    }

    fn count_step(&mut self) -> Option<()> {
        self.steps = self.steps.checked_sub(1)?;
        self.wasted += 1;
        Some(())
    }

    /// The term that can make the sum larger or smaller and is in the fewest rows. After too many
    /// wasted steps it is the first such term, which makes sure that it ends (the rule of Bland).
    fn pick(&self, terms: &Terms, larger: bool) -> Option<(usize, i64)> {
        let free = terms.iter().copied().filter(|&(variable, factor)| {
            if (factor > 0) == larger {
                self.value[variable] < self.most[variable]
            } else {
                self.value[variable] > self.least[variable]
            }
        });
        let uses = if self.wasted < PATIENCE { self.uses() } else { vec![0; self.value.len()] };
        free.min_by_key(|term| (uses[term.0], term.0))
    }

    /// The row whose basic variable meets a bound first when a variable moves, if one does before
    /// that variable is at the end of its own way.
    fn first_blocked(&self, entering: usize, up: i64, end: i64) -> Option<usize> {
        let mut first: Option<usize> = None;
        let mut way = (i128::from((end - self.value[entering]).abs()), 1);
        for (number, row) in self.rows.iter().enumerate() {
            let speed = row.factor(entering) * up;
            if speed == 0 {
                continue;
            }
            let distance = (self.bound_towards(row, speed) * row.scale - row.total).abs();
            let (distance, speed) = (i128::from(distance), i128::from(speed.abs()));
            let (this, other) = (distance * way.1, way.0 * speed);
            let preferred = |best: usize| self.rank(row) < self.rank(&self.rows[best]);
            if this < other || this == other && first.is_some_and(preferred) {
                (first, way) = (Some(number), (distance, speed));
            }
        }
        first
    }

    fn bound_towards(&self, row: &Row, direction: i64) -> i64 {
        if direction > 0 { self.most[row.basic] } else { self.least[row.basic] }
    }

    /// Among rows that do equally well, the shortest first, and in the end the first variable.
    fn rank(&self, row: &Row) -> (usize, usize) {
        (if self.wasted < PATIENCE { row.terms.len() } else { 0 }, row.basic)
    }

    /// Searches for a solution in whole numbers in which the sum of the terms is positive.
    fn search_positive(&mut self, terms: Terms) -> Option<bool> {
        self.goal = Row::default();
        let most = terms.iter().map(|term| self.most[term.0]).sum();
        let basic = self.variable(1, most);
        self.rows.push(self.express(basic, terms)?);
        self.search()
    }

    /// Searches for a solution in whole numbers and leaves it as the present values. Says whether
    /// there is one, or nothing if it gave up.
    fn search(&mut self) -> Option<bool> {
        if !self.repair()? {
            return Some(false);
        }
        let broken = self.rows.iter().filter(|row| row.total % row.scale != 0);
        let Some(row) = broken.min_by_key(|row| (row.terms.len(), row.basic)) else {
            return Some(true);
        };
        let (variable, below) = (row.basic, row.total.div_euclid(row.scale));
        let (least, most) = (self.least[variable], self.most[variable]);
        for (from, to) in [(least, below), (below + 1, most)] {
            self.bound(variable, from, to);
            if self.search()? {
                return Some(true);
            }
        }
        self.bound(variable, least, most);
        Some(false)
    }

    /// Takes steps until all variables are within their bounds. Says whether that is possible.
    fn repair(&mut self) -> Option<bool> {
        self.wasted = 0;
        loop {
            let outside = self.rows.iter().enumerate().filter(|(_, row)| self.misses(row) != 0);
            let Some((number, row)) = outside.min_by_key(|(_, row)| row.basic) else {
                return Some(true);
            };
            let misses = self.misses(row);
            let bound = self.bound_towards(row, -misses);
            let Some((entering, _)) = self.pick(&row.terms, misses > 0) else {
                return Some(false);
            };
            self.count_step()?;
            self.exchange(number, entering, bound)?;
        }
    }

    /// 1 if the basic variable of the row is too small, -1 if it is too large, 0 if it is neither.
    fn misses(&self, row: &Row) -> i64 {
        let (least, most) = (self.least[row.basic], self.most[row.basic]);
        i64::from(row.total < least * row.scale) - i64::from(row.total > most * row.scale)
    }

    /// Sets the bounds of a variable and moves it there if it is not basic.
    fn bound(&mut self, variable: usize, least: i64, most: i64) {
        (self.least[variable], self.most[variable]) = (least, most);
        if self.rows.iter().all(|row| row.basic != variable) {
            self.set(variable, self.value[variable].clamp(least, most));
        }
    }

    /// Changes the value of a variable that is not basic.
    fn set(&mut self, variable: usize, value: i64) {
        let more = value - self.value[variable];
        self.value[variable] = value;
        if more != 0 {
            for row in &mut self.rows {
                row.total += row.factor(variable) * more;
            }
        }
    }

    /// Makes another variable of a row basic and gives the former one a value.
    fn exchange(&mut self, number: usize, entering: usize, value: i64) -> Option<()> {
        let mut row = self.rows.swap_remove(number);
        self.value[row.basic] = value;
        row.solve_for(entering, self.zero[row.basic])?;
        row.total = self.total(&row.terms)?;
        for other in 0..self.rows.len() {
            if self.rows[other].put_in(&row)? {
                self.rows[other].total = self.total(&self.rows[other].terms)?;
            }
        }
        self.goal.put_in(&row)?;
        self.rows.push(row);
        Some(())
    }
}

impl Row {
    fn factor(&self, variable: usize) -> i64 {
        let found = self.terms.binary_search_by_key(&variable, |term| term.0);
        found.map_or(0, |place| self.terms[place].1)
    }

    /// Makes another variable the basic one. The former one is left out if it is always zero.
    fn solve_for(&mut self, entering: usize, leave_out: bool) -> Option<()> {
        let factor = self.factor(entering);
        let sign = factor.signum();
        let former = if leave_out { vec![] } else { vec![(self.basic, self.scale * sign)] };
        self.terms.retain(|term| term.0 != entering);
        self.terms = add(&self.terms, -sign, &former, 1)?;
        (self.basic, self.scale) = (entering, factor.abs());
        Some(())
    }

    /// Replaces the basic variable of another row by its terms. Says whether it was in this row.
    fn put_in(&mut self, other: &Self) -> Option<bool> {
        let factor = self.factor(other.basic);
        if factor == 0 {
            return Some(false);
        }
        let shared = gcd(factor, other.scale);
        let by = other.scale / shared;
        self.terms.retain(|term| term.0 != other.basic);
        self.terms = add(&self.terms, by, &other.terms, factor / shared)?;
        self.scale = self.scale.checked_mul(by).filter(|&scale| scale <= LARGEST)?;
        self.shorten();
        Some(true)
    }

    /// Divides everything by the largest common divisor.
    fn shorten(&mut self) {
        let mut shared = self.scale;
        let mut terms = self.terms.iter();
        while let (true, Some(term)) = (shared > 1, terms.next()) {
            shared = gcd(shared, term.1);
        }
        if shared > 1 {
            self.scale /= shared;
            self.terms.iter_mut().for_each(|term| term.1 /= shared);
        }
    }
}

/// A multiple of one sum plus a multiple of another, or nothing if a factor gets too large.
fn add(one: &Terms, by_one: i64, other: &Terms, by_other: i64) -> Option<Terms> {
    let mut sum = Vec::with_capacity(one.len() + other.len());
    let (mut i, mut j) = (0, 0);
    while i < one.len() || j < other.len() {
        let a = one.get(i).map_or(usize::MAX, |term| term.0);
        let b = other.get(j).map_or(usize::MAX, |term| term.0);
        let mut factor = 0i64;
        if a <= b {
            factor = one[i].1.checked_mul(by_one)?;
            i += 1;
        }
        if b <= a {
            factor = factor.checked_add(other[j].1.checked_mul(by_other)?)?;
            j += 1;
        }
        if factor.abs() > LARGEST {
            return None;
        }
        if factor != 0 {
            sum.push((a.min(b), factor));
        }
    }
    Some(sum)
}

fn gcd(one: i64, other: i64) -> i64 {
    if other == 0 { one.abs() } else { gcd(other, one % other) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pseudo-random numbers that are the same in every run.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, end: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            ((self.0 >> 33) % end as u64) as usize
        }

        fn some(&mut self, end: usize) -> Vec<usize> {
            let bits = self.below(1 << end);
            (0..end).filter(|item| bits >> item & 1 == 1).collect()
        }
    }

    fn unknowns(knowledge: &mut Knowledge, truth: &[usize]) -> Vec<Unknown> {
        truth.iter().map(|&value| knowledge.unknown(value)).collect()
    }

    fn certain(knowledge: &Knowledge) -> Vec<(usize, usize)> {
        let verdict = knowledge.certain();
        assert!(verdict.undecided.is_empty());
        verdict.certain.into_iter().map(|(unknown, value)| (unknown.0, value)).collect()
    }

    /// What is certain, found by trying every assignment.
    fn by_trying(knowledge: &Knowledge) -> Vec<(usize, usize)> {
        let size = knowledge.truth.len();
        let mut certain = vec![true; size];
        let mut tried = vec![0; size];
        loop {
            if fits(knowledge, &tried) {
                (0..size).for_each(|item| certain[item] &= tried[item] == knowledge.truth[item]);
            }
            let Some(next) = (0..size).find(|&item| tried[item] + 1 < knowledge.values) else {
                let certain = (0..size).filter(|&item| certain[item]);
                return certain.map(|item| (item, knowledge.truth[item])).collect();
            };
            tried[next] += 1;
            tried[..next].fill(0);
        }
    }

    fn fits(knowledge: &Knowledge, tried: &[usize]) -> bool {
        let has = |item: usize, mask: u64| mask >> tried[item] & 1 == 1;
        (0..tried.len()).all(|item| {
            has(item, knowledge.allowed[item]) && tried[item] == tried[knowledge.same_as[item]]
        }) && knowledge.facts.iter().all(|fact| {
            let count = fact.group.iter().filter(|&&(item, _)| has(item, fact.values)).count();
            (fact.least..=fact.most).contains(&whole(count))
        })
    }

    /// Adds one fact of a random kind that is true.
    fn add_fact(numbers: &mut Numbers, knowledge: &mut Knowledge, all: &[Unknown]) {
        let group: Vec<Unknown> = numbers.some(all.len()).iter().map(|&item| all[item]).collect();
        let values = numbers.some(knowledge.values);
        let truth = &knowledge.truth;
        let real = group.iter().filter(|unknown| values.contains(&truth[unknown.0])).count();
        let (one, other) = (numbers.below(all.len()), numbers.below(all.len()));
        match numbers.below(16) {
            0 if values.contains(&truth[one]) => knowledge.among(all[one], &values),
            1 | 2 if truth[one] == truth[other] => knowledge.same(all[one], all[other]),
            3..=5 => knowledge.at_least(&group, &values, real.saturating_sub(numbers.below(2))),
            6..=8 => knowledge.at_most(&group, &values, real + numbers.below(2)),
            _ => knowledge.count(&group, &values, real),
        }
    }

    #[test]
    fn agrees_with_trying_every_assignment() {
        let mut numbers = Numbers(7);
        for _ in 0..6_000 {
            let (values, size) = [(2, 9), (3, 6), (4, 5), (5, 4), (2, 7), (3, 5)][numbers.below(6)];
            let mut knowledge = Knowledge::new(values);
            let truth: Vec<usize> = (0..size).map(|_| numbers.below(values)).collect();
            let all = unknowns(&mut knowledge, &truth);
            for _ in 0..2 + numbers.below(9) {
                add_fact(&mut numbers, &mut knowledge, &all);
            }
            assert_eq!(certain(&knowledge), by_trying(&knowledge), "{knowledge:?}");
        }
    }
}
