//! References to people and units by what a file has in place of their keys: the e-mail address, the
//! id in another system or the name of a manager, the name of a unit.

use super::Given;
use super::people::PersonRow;
use crate::core::import::Fault;
use crate::core::text::fold;
use crate::text_enum;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What a file has in place of the employee numbers of managers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ManagerBy {
    /// The employee number itself.
    #[default]
    Number,
    /// The e-mail address.
    Email,
    /// The name, if it means only one person.
    Name,
    /// The id in this other system.
    ExternalId(String),
}

impl ManagerBy {
    /// Reads `employee_number`, `email`, `name` or `external_ids.<system>`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "employee_number" => Some(Self::Number),
            "email" => Some(Self::Email),
            "name" => Some(Self::Name),
            other => {
                let system = other.strip_prefix("external_ids.").filter(|it| !it.is_empty())?;
                Some(Self::ExternalId(system.to_owned()))
            }
        }
    }

    /// How a row itself can be named by others; none where it does not say.
    fn of_row<'r>(&self, row: &'r PersonRow) -> Given<&'r str> {
        let given = |value: &'r Given<String>| value.as_ref().map(Option::as_deref);
        match self {
            Self::Number => row.key().map(Some),
            Self::Email => given(&row.email),
            Self::Name => row.name.as_deref().map(Some),
            Self::ExternalId(system) => row.external_ids.get(system).map(Option::as_deref),
        }
    }

    /// The forms of a reference under which it is looked up, the most exact one first.
    fn forms<'t>(&self, text: &'t str) -> Vec<Cow<'t, str>> {
        match self {
            Self::Number | Self::ExternalId(_) => vec![Cow::Borrowed(text)],
            Self::Email => vec![fold(text)],
            Self::Name => {
                let name = name_key(text);
                let short = without_initials(&name);
                if short == name { vec![name.into()] } else { vec![name.into(), short.into()] }
            }
        }
    }
}

text_enum! {
    /// What a file has to name the units of people.
    #[derive(Default)]
    pub enum OrgUnitBy {
        /// The code of the unit.
        #[default]
        Code = "code",
        /// The name of the unit, if it means only one unit.
        Name = "name",
    }
}

/// A known record, and what it may be named by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namesake {
    /// The name, address or id.
    pub name: String,
    /// The key: employee number or code.
    pub key: String,
}

/// The form in which names of people are compared: without regard to case, to points and to how many
/// blanks stand where; `Last, First` is `First Last`.
fn name_key(name: &str) -> String {
    let name = fold(name).replace('.', " ");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    match name.split_once(',') {
        Some((last, first)) if !first.contains(',') => words(&format!("{first} {last}")),
        _ => words(&name),
    }
}

/// A name without the initials in its middle, which some lists have and others have not.
fn without_initials(name: &str) -> String {
    let words: Vec<_> = name.split(' ').collect();
    let last = words.len().saturating_sub(1);
    let is_kept = |(place, word): &(usize, &&str)| {
        *place == 0 || *place == last || !(word.len() == 1 && word.is_ascii())
    };
    let kept: Vec<_> = words.iter().enumerate().filter(is_kept).map(|(_, word)| *word).collect();
    kept.join(" ")
}

/// Records by each form of what they may be named by. A name can mean several.
#[derive(Default)]
struct Index(HashMap<String, BTreeSet<String>>);

impl Index {
    fn add(&mut self, forms: Vec<Cow<'_, str>>, key: &str) {
        for form in forms {
            self.0.entry(form.into_owned()).or_default().insert(key.to_owned());
        }
    }

    /// The key of the only record that a reference means, by its most exact form that means any.
    fn only(&self, forms: &[Cow<'_, str>]) -> Result<&str, (&'static str, Vec<&str>)> {
        let found = forms.iter().find_map(|form| self.0.get(form.as_ref()));
        let found: Vec<_> = found.into_iter().flatten().map(String::as_str).collect();
        match found[..] {
            [] => Err(("unknown_reference", found)),
            [only] => Ok(only),
            _ => Err(("ambiguous_reference", found)),
        }
    }
}

/// Puts employee numbers in place of what the rows name managers by. `known` has the people who are
/// known already; what the rows say of them counts more. A reference that means nobody or several
/// people is removed and told.
pub fn managers_by_number(
    rows: &mut [PersonRow],
    by: &ManagerBy,
    known: &[Namesake],
) -> Vec<Fault> {
    let mut index = Index::default();
    let said: HashSet<&str> =
        rows.iter().filter(|row| by.of_row(row).is_some()).filter_map(PersonRow::key).collect();
    for known in known.iter().filter(|known| !said.contains(known.key.as_str())) {
        index.add(by.forms(&known.name), &known.key);
    }
    // Of a row without a key nobody knows whom it means, but the reference is right.
    let mut keyless = HashSet::new();
    for row in rows.iter() {
        let Some(Some(name)) = by.of_row(row) else { continue };
        match row.key() {
            Some(key) => index.add(by.forms(name), key),
            None => keyless.extend(by.forms(name).into_iter().map(Cow::into_owned)),
        }
    }
    let mut faults = Vec::new();
    for row in rows {
        let Some(Some(name)) = &row.manager_employee_number else { continue };
        let forms = by.forms(name);
        match index.only(&forms) {
            Ok(number) => row.manager_employee_number = Some(Some(number.to_owned())),
            Err((code, found)) => {
                let stands = forms.iter().any(|form| keyless.contains(form.as_ref()));
                let code = if stands { "row_failed" } else { code };
                faults.push(told(row.row, "manager_employee_number", code, name, &found));
                row.manager_employee_number = None;
                row.unread.push("manager_employee_number".to_owned());
            }
        }
    }
    faults
}

/// Puts codes in place of the names that the rows have for units.
pub fn units_by_code(rows: &mut [PersonRow], known: &[Namesake]) -> Vec<Fault> {
    let mut index = Index::default();
    let form = |name: &str| vec![Cow::Owned(name_of_unit(name))];
    for known in known {
        index.add(form(&known.name), &known.key);
    }
    // Thousands of people work in few units.
    let mut codes = BTreeMap::<String, Result<String, (&'static str, Vec<String>)>>::new();
    let mut faults = Vec::new();
    for row in rows {
        let Some(Some(name)) = &row.org_unit_code else { continue };
        let code = codes.entry(name.clone()).or_insert_with(|| {
            let found = index.only(&form(name)).map(str::to_owned);
            found.map_err(|(code, found)| (code, found.into_iter().map(str::to_owned).collect()))
        });
        match code {
            Ok(code) => row.org_unit_code = Some(Some(code.clone())),
            Err((code, found)) => {
                let found: Vec<_> = found.iter().map(String::as_str).collect();
                faults.push(told(row.row, "org_unit_code", code, name, &found));
                row.org_unit_code = None;
                row.unread.push("org_unit_code".to_owned());
            }
        }
    }
    faults
}

fn name_of_unit(name: &str) -> String {
    fold(name).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn told(row: usize, field: &str, code: &'static str, name: &str, found: &[&str]) -> Fault {
    let value = match found {
        [] => name.to_owned(),
        found => format!("{name} ({})", found[..found.len().min(5)].join(", ")),
    };
    Fault::new(row, field, code).with("value", value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(place: usize, number: &str, name: &str, manager: &str) -> PersonRow {
        PersonRow {
            name: Some(name.to_owned()),
            manager_employee_number: Some(Some(manager.to_owned())),
            ..PersonRow::new(place, number)
        }
    }

    fn known(pairs: &[(&str, &str)]) -> Vec<Namesake> {
        let named = |(name, key): &(&str, &str)| Namesake {
            name: (*name).to_owned(),
            key: (*key).to_owned(),
        };
        pairs.iter().map(named).collect()
    }

    fn managers(rows: &[PersonRow]) -> Vec<Option<&str>> {
        rows.iter().map(|row| row.manager_employee_number.as_ref()?.as_deref()).collect()
    }

    fn codes(faults: &[Fault]) -> Vec<(usize, &'static str)> {
        faults.iter().map(|fault| (fault.row, fault.code)).collect()
    }

    #[test]
    fn names_are_compared_however_lists_write_them() {
        let mut rows = [
            row(0, "1", "Albert, Michael  ", "Brandon R. LeBlanc"),
            row(1, "2", "LeBlanc, Brandon  R", "Webster Butler"),
            row(2, "3", "Butler, Webster  L", "MICHAEL ALBERT"),
            row(3, "4", "王小明", "欧阳娜娜"),
            row(4, "5", "Roup,Simon", "Board of Directors"),
        ];
        let known = known(&[("欧阳娜娜", "E9"), ("Somebody Else", "E8")]);
        let faults = managers_by_number(&mut rows, &ManagerBy::Name, &known);
        assert_eq!(managers(&rows), [Some("2"), Some("3"), Some("1"), Some("E9"), None]);
        assert_eq!(codes(&faults), [(4, "unknown_reference")]);
        assert_eq!(rows[4].unread, ["manager_employee_number"]);
    }

    #[test]
    fn a_name_of_several_people_is_refused_with_their_numbers() {
        let mut rows = [row(0, "1", "Li Na", "Chen Wei"), row(1, "2", "Chen Wei", "Li Na")];
        let known = known(&[("Chen Wei", "7"), ("Li  na", "1")]);
        let faults = managers_by_number(&mut rows, &ManagerBy::Name, &known);
        assert_eq!(codes(&faults), [(0, "ambiguous_reference")]);
        let value = Some(("value", "Chen Wei (2, 7)".to_owned()));
        assert_eq!(faults[0].value, value);
        assert_eq!(managers(&rows), [None, Some("1")]);
    }

    #[test]
    fn what_the_file_says_of_known_people_counts_more() {
        let mail = |text: &str| Some(Some(text.to_owned()));
        let mut rows = [
            PersonRow { email: mail("new@acme.example"), ..row(0, "1", "A", "NEW@acme.example") },
            PersonRow { email: Some(None), ..row(1, "2", "B", "old@acme.example") },
            row(2, "3", "C", "c@acme.example"),
        ];
        let known =
            known(&[("old@acme.example", "1"), ("b@acme.example", "2"), ("c@acme.example", "3")]);
        let faults = managers_by_number(&mut rows, &ManagerBy::Email, &known);
        assert_eq!(codes(&faults), [(1, "unknown_reference")]);
        assert_eq!(managers(&rows), [Some("1"), None, Some("3")]);
    }

    #[test]
    fn who_stands_in_the_file_without_a_number_is_not_unknown() {
        let mut rows = [
            PersonRow { unread: vec!["employee_number".to_owned()], ..row(0, "", "Li Na", "X") },
            row(1, "2", "B", "Li Na"),
        ];
        let faults = managers_by_number(&mut rows, &ManagerBy::Name, &[]);
        assert_eq!(codes(&faults), [(0, "unknown_reference"), (1, "row_failed")]);
        assert_eq!(rows[1].unread, ["manager_employee_number"]);
    }

    #[test]
    fn ids_of_other_systems_are_compared_as_they_are() {
        let by = ManagerBy::parse("external_ids.hris").expect("a system");
        let mut rows = [row(0, "1", "A", "h-2"), row(1, "2", "B", "H-2")];
        rows[1].external_ids = [("hris".to_owned(), Some("h-2".to_owned()))].into();
        let faults = managers_by_number(&mut rows, &by, &[]);
        assert_eq!(managers(&rows), [Some("2"), None]);
        assert_eq!(codes(&faults), [(1, "unknown_reference")]);
        for none in ["external_ids.", "number", ""] {
            assert_eq!(ManagerBy::parse(none), None);
        }
    }

    #[test]
    fn units_are_found_by_a_name_that_only_one_has() {
        let in_unit = |place, unit: &str| PersonRow {
            org_unit_code: Some(Some(unit.to_owned())),
            ..PersonRow::new(place, "1")
        };
        let mut rows = [in_unit(0, "production"), in_unit(1, "Sales"), in_unit(2, "IT/IS")];
        let known = known(&[("Production ", "PROD"), ("Sales", "S1"), ("Sales", "S2")]);
        let faults = units_by_code(&mut rows, &known);
        assert_eq!(codes(&faults), [(1, "ambiguous_reference"), (2, "unknown_reference")]);
        assert_eq!(rows[0].org_unit_code, Some(Some("PROD".to_owned())));
        assert_eq!((&rows[1].org_unit_code, rows[1].unread.len()), (&None, 1));
    }
}
