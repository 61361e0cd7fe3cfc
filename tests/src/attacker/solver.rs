//! What follows for certain from counts and values that were seen.
//!
//! The solver works in four steps, each exact:
//!
//! 1. Unknowns that have the same value become one slot, and every fact narrows the values that
//!    its slots may have.
//! 2. Slots that no fact tells apart become one cell, of which only the number of members per
//!    value matters. Members of a cell that holds two values can be exchanged, so they are open.
//! 3. Two changes that cancel each other in every fact show that the slots they change are open.
//! 4. What is left is searched with an integer program: a simplex tableau of whole numbers and
//!    branching. It asks for one assignment that differs from the truth somewhere. There is one,
//!    and some slots are open, or there is none, and all that is left is certain.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Tableau steps that one search for a difference anywhere in a component may take.
const STEPS_TOGETHER: usize = 20_000;
/// Tableau steps for each slot on its own when the search for all of them together gave up.
const STEPS_ALONE: usize = 5_000;
/// How many changes are tried as the counterpart of one change.
const COUNTERPARTS: usize = 64;

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
/// two different values fit everything that was seen.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verdict {
    /// The unknowns that have the same value in every assignment that fits, and that value.
    pub certain: BTreeMap<Unknown, usize>,
    /// Unknowns for which the search gave up: neither proven certain nor proven open.
    pub undecided: BTreeSet<Unknown>,
}

/// Between `least` and `most` of the group have one of `values`. A member counts with its weight.
#[derive(Clone, Debug)]
struct Fact {
    group: Vec<(usize, i64)>,
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
        assert!(
            mask >> truth & 1 == 1,
            "the fact \"{unknown:?} is among {values:?}\" contradicts the truth: it is {truth}"
        );
        self.allowed[unknown.0] &= mask;
    }

    /// Both have the same value, as when nothing changed between two looks.
    pub fn same(&mut self, one: Unknown, other: Unknown) {
        let (a, b) = (self.truth[one.0], self.truth[other.0]);
        assert!(
            a == b,
            "the fact \"{one:?} is the same as {other:?}\" contradicts the truth: \
             they are {a} and {b}"
        );
        let (a, b) = (root(&self.same_as, one.0), root(&self.same_as, other.0));
        self.same_as[a.max(b)] = a.min(b);
    }

    /// Exactly `count` of the group have one of `values`. A group is a set: an unknown that is
    /// listed twice counts once.
    pub fn count(&mut self, group: &[Unknown], values: &[usize], count: usize) {
        self.see("exactly", group, values, count, (count, count));
    }

    /// At least `count` of the group have one of `values`.
    pub fn at_least(&mut self, group: &[Unknown], values: &[usize], count: usize) {
        self.see("at least", group, values, count, (count, group.len()));
    }

    /// At most `count` of the group have one of `values`.
    pub fn at_most(&mut self, group: &[Unknown], values: &[usize], count: usize) {
        self.see("at most", group, values, count, (0, count));
    }

    /// What follows for certain: unknowns that were not seen directly as well as those that were.
    pub fn certain(&self) -> Verdict {
        let mut slots = Slots::of(self);
        slots.narrow();
        let findings = slots.findings();
        let mut verdict = Verdict::default();
        for unknown in 0..self.truth.len() {
            match findings[slots.of_unknown[unknown]] {
                Finding::Certain => {
                    verdict.certain.insert(Unknown(unknown), self.truth[unknown]);
                }
                Finding::Undecided => {
                    verdict.undecided.insert(Unknown(unknown));
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
        (least, most): (usize, usize),
    ) {
        let mask = self.mask(values);
        let members: BTreeSet<usize> = group.iter().map(|unknown| unknown.0).collect();
        let real = members.iter().filter(|&&member| mask >> self.truth[member] & 1 == 1).count();
        assert!(
            (least..=most).contains(&real),
            "the fact \"{how} {count} of {group:?} are among {values:?}\" contradicts the truth: \
             {real} are"
        );
        self.facts.push(Fact {
            group: members.into_iter().map(|member| (member, 1)).collect(),
            values: mask,
            least: whole(least),
            most: whole(most),
        });
    }

    fn mask(&self, values: &[usize]) -> u64 {
        values.iter().fold(0, |mask, &value| {
            assert!(value < self.values, "no value {value}: the values are 0..{}", self.values);
            mask | 1 << value
        })
    }
}

/// Counts are far smaller than what fits; anything larger means no limit.
fn whole(count: usize) -> i64 {
    i64::try_from(count.min(1 << 32)).unwrap_or(1 << 32)
}

/// Follows the links from one item to the item that stands for its whole set.
fn root(links: &[usize], mut item: usize) -> usize {
    while links[item] != item {
        item = links[item];
    }
    item
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Finding {
    Certain,
    Open,
    Undecided,
}

/// A slot stands for all unknowns that have the same value. Facts are about slots here.
struct Slots {
    of_unknown: Vec<usize>,
    truth: Vec<usize>,
    allowed: Vec<u64>,
    facts: Vec<Fact>,
}

impl Slots {
    fn of(knowledge: &Knowledge) -> Self {
        let mut slots = Self { of_unknown: vec![], truth: vec![], allowed: vec![], facts: vec![] };
        for unknown in 0..knowledge.truth.len() {
            let first = root(&knowledge.same_as, unknown);
            if first == unknown {
                slots.of_unknown.push(slots.truth.len());
                slots.truth.push(knowledge.truth[unknown]);
                slots.allowed.push(knowledge.allowed[unknown]);
            } else {
                let slot = slots.of_unknown[first];
                slots.of_unknown.push(slot);
                slots.allowed[slot] &= knowledge.allowed[unknown];
            }
        }
        slots.facts = knowledge.facts.iter().map(|fact| slots.about_slots(fact)).collect();
        slots
    }

    fn about_slots(&self, fact: &Fact) -> Fact {
        let mut weights = BTreeMap::new();
        for &(unknown, weight) in &fact.group {
            *weights.entry(self.of_unknown[unknown]).or_default() += weight;
        }
        Fact { group: weights.into_iter().collect(), ..*fact }
    }

    /// Removes values that a single fact rules out, until nothing changes any more.
    fn narrow(&mut self) {
        let mut facts_of = vec![vec![]; self.truth.len()];
        for (number, fact) in self.facts.iter().enumerate() {
            fact.group.iter().for_each(|&(slot, _)| facts_of[slot].push(number));
        }
        let mut waiting: BTreeSet<usize> = (0..self.facts.len()).collect();
        while let Some(number) = waiting.pop_first() {
            for slot in self.facts[number].narrow(&mut self.allowed) {
                waiting.extend(&facts_of[slot]);
            }
        }
    }

    /// What is left of the facts for the slots that still may have several values. Facts that say
    /// nothing are left out, and facts about the same group and values become one.
    fn loose_facts(&self) -> Vec<Fact> {
        let mut limits = BTreeMap::new();
        for fact in &self.facts {
            let (loose, fixed) = fact.split(&self.allowed);
            let most_possible: i64 = loose.iter().map(|&(_, weight)| weight).sum();
            let (least, most) =
                ((fact.least - fixed).max(0), (fact.most - fixed).min(most_possible));
            if least > 0 || most < most_possible {
                let both = limits.entry((loose, fact.values)).or_insert((least, most));
                *both = (both.0.max(least), both.1.min(most));
            }
        }
        let fact = |((group, values), (least, most))| Fact { group, values, least, most };
        limits.into_iter().map(fact).collect()
    }

    /// Puts all slots that no fact tells apart into one cell. Slots with one value are in none.
    fn cells(&self, facts: &[Fact]) -> Vec<Cell> {
        let mut ties = vec![vec![]; self.truth.len()];
        for (number, fact) in facts.iter().enumerate() {
            fact.group.iter().for_each(|&(slot, weight)| ties[slot].push((number, weight)));
        }
        let mut alike: BTreeMap<(u64, Vec<(usize, i64)>), Vec<usize>> = BTreeMap::new();
        for (slot, ties) in ties.into_iter().enumerate() {
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
        for cells in linked(self.cells(&facts), facts.len()) {
            let mut component = Component { cells, facts: &facts, room: &room };
            component.open_by_exchange();
            component.settle();
            for cell in &component.cells {
                cell.members.iter().for_each(|&slot| findings[slot] = cell.finding);
            }
        }
        findings
    }
}

impl Fact {
    /// Narrows the allowed values of the group and returns the slots for which it did.
    fn narrow(&self, allowed: &mut [u64]) -> Vec<usize> {
        let (loose, fixed) = self.split(allowed);
        let most_possible = fixed + loose.iter().map(|&(_, weight)| weight).sum::<i64>();
        let mut narrowed = vec![];
        for (slot, weight) in loose {
            let needed = most_possible - weight < self.least;
            if needed || fixed + weight > self.most {
                allowed[slot] &= if needed { self.values } else { !self.values };
                narrowed.push(slot);
            }
        }
        narrowed
    }

    /// By how much the count may change from what it is in truth: at least and at most.
    fn room(&self, truth: &[usize]) -> (i64, i64) {
        let counted = self.group.iter().filter(|&&(slot, _)| self.values >> truth[slot] & 1 == 1);
        let real: i64 = counted.map(|&(_, weight)| weight).sum();
        (self.least - real, self.most - real)
    }

    /// The members that may or may not have one of the values, and the weight of those that must.
    fn split(&self, allowed: &[u64]) -> (Vec<(usize, i64)>, i64) {
        let (mut loose, mut fixed) = (vec![], 0);
        for &(slot, weight) in &self.group {
            match (allowed[slot] & self.values != 0, allowed[slot] & !self.values != 0) {
                (true, true) => loose.push((slot, weight)),
                (true, false) => fixed += weight,
                (false, _) => {}
            }
        }
        (loose, fixed)
    }
}

/// Slots that no fact tells apart. Values that no fact tells apart are one option.
struct Cell {
    members: Vec<usize>,
    /// One value of every option. The first option is one that members really have.
    options: Vec<usize>,
    /// How many members really have each option.
    held: Vec<i64>,
    /// The facts about the cell, with the weight of each member.
    ties: Vec<(usize, i64)>,
    finding: Finding,
}

impl Cell {
    fn new(
        allowed: u64,
        ties: Vec<(usize, i64)>,
        members: Vec<usize>,
        facts: &[Fact],
        truth: &[usize],
    ) -> Self {
        let mut alike: BTreeMap<Vec<u64>, u64> = BTreeMap::new();
        for value in (0..64).filter(|value| allowed >> value & 1 == 1) {
            let counted = ties.iter().map(|&(fact, _)| facts[fact].values >> value & 1).collect();
            *alike.entry(counted).or_default() |= 1 << value;
        }
        let first = 1 << truth[members[0]];
        let mut options: Vec<u64> = alike.into_values().collect();
        options.sort_by_key(|option| option & first == 0);
        let held = |option: &u64| {
            whole(members.iter().filter(|&&slot| option >> truth[slot] & 1 == 1).count())
        };
        let alone = options[0] == first && members.iter().all(|&slot| 1 << truth[slot] == first);
        Self {
            held: options.iter().map(held).collect(),
            options: options.iter().map(|option| option.trailing_zeros() as usize).collect(),
            finding: if alone { Finding::Undecided } else { Finding::Open },
            members,
            ties,
        }
    }

    fn size(&self) -> i64 {
        whole(self.members.len())
    }

    /// How much each fact counts more when a member goes from one option to another.
    fn effect(&self, facts: &[Fact], from: usize, to: usize) -> Vec<(usize, i64)> {
        let counts =
            |fact: usize, option: usize| facts[fact].values >> self.options[option] & 1 == 1;
        let step = |&(fact, weight): &(usize, i64)| match (counts(fact, from), counts(fact, to)) {
            (false, true) => Some((fact, weight)),
            (true, false) => Some((fact, -weight)),
            _ => None,
        };
        self.ties.iter().filter_map(step).collect()
    }
}

/// Splits the cells into components: cells that are linked by facts. What holds in one component
/// is independent of all others.
fn linked(cells: Vec<Cell>, facts: usize) -> Vec<Vec<Cell>> {
    let mut links: Vec<usize> = (0..facts + cells.len()).collect();
    for (number, cell) in cells.iter().enumerate() {
        for &(fact, _) in &cell.ties {
            let (a, b) = (root(&links, fact), root(&links, facts + number));
            links[a.max(b)] = a.min(b);
        }
    }
    let mut components: BTreeMap<usize, Vec<Cell>> = BTreeMap::new();
    for (number, cell) in cells.into_iter().enumerate() {
        components.entry(root(&links, facts + number)).or_default().push(cell);
    }
    components.into_values().collect()
}

/// One member of a cell gets another value.
struct Change {
    cell: usize,
    /// How much more each fact counts then.
    effect: Vec<(usize, i64)>,
}

/// Cells that are linked by facts.
struct Component<'a> {
    cells: Vec<Cell>,
    facts: &'a [Fact],
    /// By how much less and how much more than in truth each fact may count.
    room: &'a [(i64, i64)],
}

impl Component<'_> {
    /// Opens the cells that a single change shows open, or two changes that cancel each other.
    fn open_by_exchange(&mut self) {
        let changes = self.changes();
        let mut counterparts: HashMap<Vec<(usize, i64)>, Vec<&Change>> = HashMap::new();
        for change in &changes {
            if self.fits(&change.effect) {
                self.cells[change.cell].finding = Finding::Open;
            }
            counterparts.entry(self.exact(&change.effect, -1)).or_default().push(change);
        }
        for change in &changes {
            if self.cells[change.cell].finding == Finding::Open {
                continue;
            }
            let found = counterparts.get(&self.exact(&change.effect, 1));
            let mut others = found.into_iter().flatten().take(COUNTERPARTS);
            let cancels = |other: &&&Change| {
                other.cell != change.cell && self.fits(&sum(&change.effect, 1, &other.effect, 1))
            };
            if let Some(other) = others.find(cancels) {
                self.cells[change.cell].finding = Finding::Open;
                self.cells[other.cell].finding = Finding::Open;
            }
        }
    }

    fn changes(&self) -> Vec<Change> {
        let mut changes = vec![];
        for (number, cell) in self.cells.iter().enumerate() {
            for from in (0..cell.options.len()).filter(|&from| cell.held[from] > 0) {
                for to in (0..cell.options.len()).filter(|&to| to != from) {
                    let effect = cell.effect(self.facts, from, to);
                    changes.push(Change { cell: number, effect });
                }
            }
        }
        changes
    }

    fn fits(&self, effect: &[(usize, i64)]) -> bool {
        let fits =
            |&(fact, more): &(usize, i64)| (self.room[fact].0..=self.room[fact].1).contains(&more);
        effect.iter().all(fits)
    }

    /// The part of an effect that concerns exact counts.
    fn exact(&self, effect: &[(usize, i64)], sign: i64) -> Vec<(usize, i64)> {
        let exact = effect.iter().filter(|&&(fact, _)| self.room[fact] == (0, 0));
        exact.map(|&(fact, more)| (fact, more * sign)).collect()
    }

    /// Decides the cells that are undecided.
    fn settle(&mut self) {
        if self.undecided().is_empty() {
            return;
        }
        let (mut tableau, owners) = self.tableau();
        let Some(possible) = self.climb(&mut tableau, &owners) else {
            return;
        };
        for cell in self.undecided() {
            if !possible.contains(&cell) {
                self.cells[cell].finding = Finding::Certain;
            }
        }
        self.branch(&tableau, &owners);
    }

    /// Walks along assignments in fractions that differ from the truth as much as possible. Opens
    /// the cells that differ in one in whole numbers. Returns the cells that differ in fractions
    /// only, or nothing if that took too long: all other cells that are still undecided are
    /// certain.
    fn climb(&mut self, tableau: &mut Tableau, owners: &[usize]) -> Option<BTreeSet<usize>> {
        let mut possible = BTreeSet::new();
        let mut steps = STEPS_TOGETHER;
        let t0 = std::time::Instant::now();
        tableau.eliminate()?;
        if TRACE {
            eprintln!(
                "eliminated {:?} rows {} terms {}",
                t0.elapsed(),
                tableau.rows.len(),
                tableau.rows.iter().map(|r| r.terms.len()).sum::<usize>()
            );
        }
        loop {
            let mut left = self.undecided();
            left.retain(|cell| !possible.contains(cell));
            tableau.goal = tableau.express(terms_of(owners, &left), GOAL)?;
            if tableau.goal.terms.is_empty() {
                return Some(possible);
            }
            let mut opened = false;
            while !opened && tableau.climb(&mut steps)? {
                opened = tableau.is_whole() && self.open(&tableau.solution(), owners);
                if TRACE {
                    eprintln!(
                        "climb left {} steps {steps} stuck {} rows {} terms {} whole {} opened {opened} goal {}/{} {}",
                        left.len(),
                        tableau.stuck,
                        tableau.rows.len(),
                        tableau.rows.iter().map(|r| r.terms.len()).sum::<usize>(),
                        tableau.is_whole(),
                        tableau.goal.total,
                        tableau.goal.scale,
                        tableau.goal.terms.len()
                    );
                }
            }
            if !opened {
                let before = possible.len();
                for (number, &cell) in owners.iter().enumerate() {
                    if left.contains(&cell) && !tableau.is_zero(number) {
                        possible.insert(cell);
                    }
                }
                if possible.len() == before {
                    return Some(possible);
                }
            }
        }
    }

    /// Opens the undecided cells that differ from the truth in the solution; says if any does.
    fn open(&mut self, solution: &[i64], owners: &[usize]) -> bool {
        let mut opened = false;
        for (&cell, &more) in owners.iter().zip(solution) {
            if more != 0 && self.cells[cell].finding == Finding::Undecided {
                self.cells[cell].finding = Finding::Open;
                opened = true;
            }
        }
        opened
    }

    /// Decides the cells that are left: all together, then, if that is too much, each alone.
    fn branch(&mut self, tableau: &Tableau, owners: &[usize]) {
        loop {
            let undecided = self.undecided();
            if undecided.is_empty() {
                return;
            }
            if !self.ask(tableau, owners, &undecided, STEPS_TOGETHER) {
                break;
            }
        }
        for cell in self.undecided() {
            if self.cells[cell].finding == Finding::Undecided {
                self.ask(tableau, owners, &[cell], STEPS_ALONE);
            }
        }
    }

    fn undecided(&self) -> Vec<usize> {
        let cells = 0..self.cells.len();
        cells.filter(|&cell| self.cells[cell].finding == Finding::Undecided).collect()
    }

    /// Searches for an assignment that differs from the truth in one of the undecided cells, and
    /// says whether the search came to an end.
    fn ask(&mut self, tableau: &Tableau, owners: &[usize], cells: &[usize], steps: usize) -> bool {
        let mut steps = steps;
        let (nv, nr, t0) = (owners.len(), tableau.rows.len(), std::time::Instant::now());
        let mut tableau = tableau.clone();
        let out = tableau.search_different(terms_of(owners, cells), &mut steps);
        let o = match &out {
            Outcome::GaveUp => "gaveup",
            Outcome::Impossible => "impossible",
            _ => "found",
        };
        let terms: usize = tableau.rows.iter().map(|r| r.terms.len()).sum();
        let scale: i64 = tableau.rows.iter().map(|r| r.scale).max().unwrap();
        if TRACE {
            eprintln!(
                "ask {} cells of {}: vars {nv} rows {nr} -> {o}, steps left {steps}, terms {terms} maxscale {scale} {:?}",
                cells.len(),
                self.cells.len(),
                t0.elapsed()
            );
        }
        match out {
            Outcome::GaveUp => return false,
            Outcome::Impossible => {
                cells.iter().for_each(|&cell| self.cells[cell].finding = Finding::Certain);
            }
            Outcome::Found(solution) => {
                self.open(&solution, owners);
            }
        }
        true
    }

    /// The tableau of all assignments that fit, and the cell that owns each variable. The variables
    /// are how many members more than in truth have each option but the first.
    fn tableau(&self) -> (Tableau, Vec<usize>) {
        let mut tableau = Tableau::default();
        let mut owners = vec![];
        let mut counts: BTreeMap<usize, Vec<(usize, i64)>> = BTreeMap::new();
        for (number, cell) in self.cells.iter().enumerate() {
            for option in 1..cell.options.len() {
                let (held, size) = (cell.held[option], cell.size());
                let variable = tableau.variable(-held, size - held);
                owners.push(number);
                for (fact, more) in cell.effect(self.facts, 0, option) {
                    counts.entry(fact).or_default().push((variable, more));
                }
            }
        }
        for (number, cell) in self.cells.iter().enumerate().filter(|(_, cell)| cell.held.len() > 2)
        {
            let all = terms_of(&owners, &[number]);
            tableau.row(all, cell.held[0] - cell.size(), cell.held[0]);
        }
        for (fact, terms) in counts {
            tableau.row(terms, self.room[fact].0, self.room[fact].1);
        }
        (tableau, owners)
    }
}

/// The sum of all variables of the cells.
fn terms_of(owners: &[usize], cells: &[usize]) -> Vec<(usize, i64)> {
    let of = |(_, owner): &(usize, &usize)| cells.contains(owner);
    owners.iter().enumerate().filter(of).map(|(variable, _)| (variable, 1)).collect()
}

const TRACE: bool = true;
const STUCK: usize = 30;
const GOAL: usize = usize::MAX;

/// Adds multiples of two sums, both in the order of their variables.
fn sum(
    one: &[(usize, i64)],
    by_one: i64,
    other: &[(usize, i64)],
    by_other: i64,
) -> Vec<(usize, i64)> {
    checked_sum(one, by_one, other, by_other).expect("effects are small")
}

/// One number times the first sum plus another times the second, or nothing if that is too large.
fn checked_sum(
    one: &[(usize, i64)],
    by_one: i64,
    other: &[(usize, i64)],
    by_other: i64,
) -> Option<Vec<(usize, i64)>> {
    let mut sum = Vec::with_capacity(one.len() + other.len());
    let (mut i, mut j) = (0, 0);
    while i < one.len() || j < other.len() {
        let a = one.get(i).map_or(usize::MAX, |term| term.0);
        let b = other.get(j).map_or(usize::MAX, |term| term.0);
        let mut total = 0i64;
        if a <= b {
            total = one[i].1.checked_mul(by_one)?;
            i += 1;
        }
        if b <= a {
            total = total.checked_add(other[j].1.checked_mul(by_other)?)?;
            j += 1;
        }
        if total != 0 {
            sum.push((a.min(b), total));
        }
    }
    Some(sum)
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a.abs() } else { gcd(b, a % b) }
}

enum Outcome {
    /// The variables of one solution in whole numbers.
    Found(Vec<i64>),
    Impossible,
    GaveUp,
}

/// `scale * basic` is the sum of the terms; `total` is that sum for the present values.
#[derive(Clone, Default)]
struct Row {
    basic: usize,
    scale: i64,
    total: i64,
    terms: Vec<(usize, i64)>,
}

/// Whole numbers between bounds that are tied by sums: the general simplex method. Every row
/// defines one basic variable by others, which are whole numbers within their bounds all the time.
/// A step exchanges a basic variable that is out of bounds for another one of its row.
#[derive(Clone, Default)]
struct Tableau {
    least: Vec<i64>,
    most: Vec<i64>,
    /// The present values of the variables that are not basic.
    value: Vec<i64>,
    /// Variables that are zero in every solution. They are left out of the rows.
    zero: Vec<bool>,
    rows: Vec<Row>,
    goal: Row,
    stuck: usize,
}

impl Tableau {
    fn variable(&mut self, least: i64, most: i64) -> usize {
        self.least.push(least);
        self.most.push(most);
        self.value.push(0);
        self.zero.push(least == 0 && most == 0);
        self.value.len() - 1
    }

    /// Ties the terms: their sum is between the bounds.
    fn row(&mut self, terms: Vec<(usize, i64)>, least: i64, most: i64) {
        let basic = self.variable(least, most);
        self.rows.push(Row { basic, scale: 1, total: 0, terms });
    }

    /// The sum of the terms as a row for the present basic variables.
    fn express(&self, terms: Vec<(usize, i64)>, basic: usize) -> Option<Row> {
        let mut sum = Row { basic, scale: 1, total: 0, terms };
        sum.terms.retain(|&(variable, _)| !self.zero[variable]);
        for row in &self.rows {
            let factor = sum.factor(row.basic);
            if factor != 0 {
                sum.put_in(row, factor)?;
            }
        }
        sum.total = self.total(&sum.terms)?;
        Some(sum)
    }

    fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0usize; self.value.len()];
        for row in &self.rows {
            for term in &row.terms {
                uses[term.0] += 1;
            }
        }
        uses
    }

    fn is_whole(&self) -> bool {
        self.rows.iter().all(|row| row.total % row.scale == 0)
    }

    fn is_zero(&self, variable: usize) -> bool {
        let row = self.rows.iter().find(|row| row.basic == variable);
        row.map_or(self.value[variable], |row| row.total) == 0
    }

    /// Uses up all rows whose sum is zero: each gives one variable by the others.
    fn eliminate(&mut self) -> Option<()> {
        loop {
            let equations = self.rows.iter().enumerate().filter(|(_, row)| self.zero[row.basic]);
            let Some((number, row)) = equations.min_by_key(|(_, row)| row.terms.len()) else {
                return Some(());
            };
            let rows_with =
                |variable| self.rows.iter().filter(|row| row.factor(variable) != 0).count();
            let terms = row
                .terms
                .iter()
                .map(|&(variable, factor)| (factor.abs(), rows_with(variable), variable));
            match terms.min() {
                Some((_, _, variable)) => self.exchange(number, variable)?,
                None => {
                    self.rows.swap_remove(number);
                }
            }
        }
    }

    /// Takes a step that makes the goal larger, or at least not smaller. Says whether there is one.
    fn climb(&mut self, steps: &mut usize) -> Option<bool> {
        let can = |&&(variable, factor): &&(usize, i64)| {
            if factor > 0 {
                self.value[variable] < self.most[variable]
            } else {
                self.value[variable] > self.least[variable]
            }
        };
        let useful = self.goal.terms.iter().filter(can);
        let first = if self.stuck < STUCK {
            let uses = self.uses();
            useful.min_by_key(|term| (uses[term.0], term.0))
        } else {
            useful.min_by_key(|term| term.0)
        };
        let Some(&(entering, factor)) = first else {
            return Some(false);
        };
        *steps = steps.checked_sub(1)?;
        let up = factor.signum();
        let (value, bounds) = (self.value[entering], (self.least[entering], self.most[entering]));
        let alone = if up > 0 { bounds.1 - value } else { value - bounds.0 };
        // The row, the distance until its basic variable is at the bound, and the bound.
        let mut first = (None, (alone, 1), 0);
        for (number, row) in self.rows.iter().enumerate() {
            let factor = row.factor(entering) * up;
            if factor == 0 {
                continue;
            }
            let bound = if factor > 0 { self.most[row.basic] } else { self.least[row.basic] };
            let way = ((bound * row.scale - row.total).abs(), factor.abs());
            let (one, other) = (way.0.checked_mul(first.1.1)?, first.1.0.checked_mul(way.1)?);
            let size = |row: &Row| {
                if self.stuck < STUCK { (row.terms.len(), row.basic) } else { (0, row.basic) }
            };
            let tie = first.0.is_some_and(|best: usize| size(row) < size(&self.rows[best]));
            if one < other || one == other && tie {
                first = (Some(number), way, bound);
            }
        }
        self.stuck = if first.1.0 == 0 { self.stuck + 1 } else { 0 };
        if let Some(number) = first.0 {
            self.value[self.rows[number].basic] = first.2;
            self.exchange(number, entering)?;
        } else {
            self.value[entering] += up * alone;
            for row in self.rows.iter_mut().chain([&mut self.goal]) {
                row.total += row.factor(entering) * up * alone;
            }
        }
        Some(true)
    }

    /// Searches for a solution in whole numbers in which the sum of the terms is at least one.
    fn search_different(&mut self, terms: Vec<(usize, i64)>, steps: &mut usize) -> Outcome {
        self.goal = Row { scale: 1, ..Row::default() };
        let basic = self.variable(1, i64::MAX >> 16);
        let Some(row) = self.express(terms, basic) else {
            return Outcome::GaveUp;
        };
        self.rows.push(row);
        self.search(steps)
    }

    /// Searches for a solution in whole numbers. Each step is taken from `steps`.
    fn search(&mut self, steps: &mut usize) -> Outcome {
        match self.repair(steps) {
            None => return Outcome::GaveUp,
            Some(false) => return Outcome::Impossible,
            Some(true) => {}
        }
        let broken = self.rows.iter().filter(|row| row.total % row.scale != 0);
        let Some(row) = broken.min_by_key(|row| row.basic) else {
            return Outcome::Found(self.solution());
        };
        let (variable, below) = (row.basic, row.total.div_euclid(row.scale));
        let (least, most) = (self.least[variable], self.most[variable]);
        for (least, most) in [(least, below), (below + 1, most)] {
            let before = self.bound(variable, least, most);
            let outcome = self.search(steps);
            self.bound(variable, before.0, before.1);
            if !matches!(outcome, Outcome::Impossible) {
                return outcome;
            }
        }
        Outcome::Impossible
    }

    fn solution(&self) -> Vec<i64> {
        let mut solution = self.value.clone();
        self.rows.iter().for_each(|row| solution[row.basic] = row.total / row.scale);
        solution
    }

    /// Sets the bounds of a variable and returns the former ones.
    fn bound(&mut self, variable: usize, least: i64, most: i64) -> (i64, i64) {
        let before = (self.least[variable], self.most[variable]);
        (self.least[variable], self.most[variable]) = (least, most);
        if self.rows.iter().all(|row| row.basic != variable) {
            let value = self.value[variable].clamp(least, most);
            let more = value - self.value[variable];
            self.value[variable] = value;
            for row in &mut self.rows {
                row.total += row.factor(variable) * more;
            }
        }
        before
    }

    /// Takes steps until all variables are within their bounds. Says whether that is possible, or
    /// nothing if it takes too many steps or too large numbers. The lowest variables go first,
    /// which makes sure that it ends (the rule of Bland).
    fn repair(&mut self, steps: &mut usize) -> Option<bool> {
        let mut taken = 0;
        loop {
            let outside = self.rows.iter().enumerate().filter(|(_, row)| self.misses(row) != 0);
            let Some((number, row)) = outside.min_by_key(|(_, row)| row.basic) else {
                return Some(true);
            };
            let misses = self.misses(row);
            let helps = |&&(variable, factor): &&(usize, i64)| {
                if (factor > 0) == (misses > 0) {
                    self.value[variable] < self.most[variable]
                } else {
                    self.value[variable] > self.least[variable]
                }
            };
            let helpful = row.terms.iter().filter(helps);
            let first = if taken < STUCK {
                let uses = self.uses();
                helpful.min_by_key(|term| (uses[term.0], term.0))
            } else {
                helpful.min_by_key(|term| term.0)
            };
            taken += 1;
            let Some(&(entering, _)) = first else {
                return Some(false);
            };
            *steps = steps.checked_sub(1)?;
            let bounds = if misses > 0 { &self.least } else { &self.most };
            self.value[row.basic] = bounds[row.basic];
            self.exchange(number, entering)?;
        }
    }

    /// 1 if the basic variable of the row is too small, -1 if it is too large, 0 if it is neither.
    fn misses(&self, row: &Row) -> i64 {
        let (least, most) = (self.least[row.basic], self.most[row.basic]);
        i64::from(row.total < least * row.scale) - i64::from(row.total > most * row.scale)
    }

    /// Makes another variable of a row its basic variable and puts the row into all others.
    fn exchange(&mut self, number: usize, entering: usize) -> Option<()> {
        let mut row = self.rows.swap_remove(number);
        let factor = row.factor(entering);
        let sign = factor.signum();
        let leaving =
            if self.zero[row.basic] { vec![] } else { vec![(row.basic, row.scale * sign)] };
        row.terms.retain(|&(variable, _)| variable != entering);
        row.terms = checked_sum(&row.terms, -sign, &leaving, 1)?;
        (row.basic, row.scale) = (entering, factor.abs());
        row.total = self.total(&row.terms)?;
        for other in 0..self.rows.len() {
            let factor = self.rows[other].factor(entering);
            if factor != 0 {
                self.rows[other].put_in(&row, factor)?;
                self.rows[other].total = self.total(&self.rows[other].terms)?;
            }
        }
        let factor = self.goal.factor(entering);
        if factor != 0 {
            self.goal.put_in(&row, factor)?;
            self.goal.total = self.total(&self.goal.terms)?;
        }
        self.rows.push(row);
        Some(())
    }

    fn total(&self, terms: &[(usize, i64)]) -> Option<i64> {
        terms.iter().try_fold(0i64, |total, &(variable, factor)| {
            total.checked_add(factor.checked_mul(self.value[variable])?)
        })
    }
}

impl Row {
    fn factor(&self, variable: usize) -> i64 {
        let found = self.terms.binary_search_by_key(&variable, |term| term.0);
        found.map_or(0, |place| self.terms[place].1)
    }

    /// Replaces the basic variable of another row, which has the factor here, by its terms.
    fn put_in(&mut self, other: &Row, factor: i64) -> Option<()> {
        let shared = gcd(factor, other.scale);
        let (by, factor) = (other.scale / shared, factor / shared);
        self.terms.retain(|&(variable, _)| variable != other.basic);
        self.terms = checked_sum(&self.terms, by, &other.terms, factor)?;
        self.scale = self.scale.checked_mul(by)?;
        let mut shared = self.scale;
        for term in &self.terms {
            if shared == 1 {
                break;
            }
            shared = gcd(shared, term.1);
        }
        if shared > 1 {
            self.scale /= shared;
            self.terms.iter_mut().for_each(|term| term.1 /= shared);
        }
        Some(())
    }
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
