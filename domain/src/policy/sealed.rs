//! Records that are loaded and not yet permitted, and records as one reader may see them.

use super::{Action, Denial, FIELD_MASKED, Mask, Permit, Subject, Target, decide};
use chrono::NaiveDate;

/// A record that has been loaded but not yet permitted.
#[derive(Clone, Debug)]
pub struct Sealed<T>(T);

/// A record the policy guards.
pub trait Protected {
    /// What the policy must know to decide on a day, relations left empty.
    fn target(&self, today: NaiveDate) -> Target;
}

impl<T: Protected> Sealed<T> {
    /// Seals a record.
    pub fn new(record: T) -> Self {
        Self(record)
    }

    /// What the policy must know to decide on a day, relations left empty.
    pub fn target(&self, today: NaiveDate) -> Target {
        self.0.target(today)
    }

    /// The whole record, by a permit for it that opens every field.
    ///
    /// # Errors
    /// [`Denial::Hidden`] for the permit of another record; [`FIELD_MASKED`] for one that opens only
    /// a part of this one.
    pub fn open(self, permit: &Permit) -> Result<T, Denial> {
        self.show(permit)?.whole()
    }

    /// The record as the permit lets its reader see it.
    ///
    /// # Errors
    /// [`Denial::Hidden`] for the permit of another record.
    pub fn show(self, permit: &Permit) -> Result<Shown<T>, Denial> {
        let id = self.0.target(NaiveDate::MIN).id;
        if permit.target != id {
            return Err(Denial::Hidden);
        }
        Ok(Shown { record: self.0, mask: permit.mask })
    }

    /// The record with a mask that this module has decided.
    pub(super) fn show_as(self, mask: Mask) -> Shown<T> {
        Shown { record: self.0, mask }
    }

    /// A row of a list as its reader sees it. A permit about no single record is one for the list, and
    /// shows each of its rows; `permit` is otherwise one for this record.
    ///
    /// # Errors
    /// [`Denial::Hidden`] for the permit of another record.
    pub fn show_listed(self, permit: &Permit) -> Result<Shown<T>, Denial> {
        if permit.target.is_nil() {
            Ok(Shown { record: self.0, mask: permit.mask })
        } else {
            self.show(permit)
        }
    }
}

/// A record together with the mask by which one reader sees it. The two cannot be parted: a field
/// outside of the outline is reached only by naming the mask that it needs.
#[derive(Clone, Debug)]
pub struct Shown<T> {
    record: T,
    mask: Mask,
}

impl<T> Shown<T> {
    /// The record, for the fields that every reader of its kind sees.
    pub fn outline(&self) -> &T {
        &self.record
    }

    /// The record, for the fields that take a mask at least as wide as `mask`; none for a reader
    /// with a narrower one.
    pub fn at(&self, mask: Mask) -> Option<&T> {
        (self.mask >= mask).then_some(&self.record)
    }

    /// Something that belongs to the record, for the same reader.
    pub fn along<U>(&self, part: U) -> Shown<U> {
        Shown { record: part, mask: self.mask }
    }

    /// The whole record, for a reader who sees every field.
    ///
    /// # Errors
    /// [`FIELD_MASKED`] for every other reader.
    pub fn whole(self) -> Result<T, Denial> {
        if self.mask == Mask::Full {
            Ok(self.record)
        } else {
            Err(Denial::Forbidden { rule: FIELD_MASKED })
        }
    }
}

impl<T: Protected> Shown<T> {
    /// A record that its reader has just changed or been led to, as `action` shows it to them; only
    /// the outline where no rule lets them read it. `target` says how they stand to it.
    pub fn to(subject: &Subject, action: Action, record: T, target: &Target) -> Self {
        let target = Target { id: record.target(NaiveDate::MIN).id, ..*target };
        let mask = decide(subject, action, &target).permit.map(|permit| permit.mask);
        Self { record, mask: mask.unwrap_or(Mask::Directory) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    struct Record(u128);

    impl Protected for Record {
        fn target(&self, _: NaiveDate) -> Target {
            Target::of(Uuid::from_u128(self.0))
        }
    }

    fn permit(id: u128, mask: Mask) -> Permit {
        Permit { target: Uuid::from_u128(id), mask, rule: "of-a-test" }
    }

    #[test]
    fn a_permit_opens_its_own_record_and_as_much_of_it_as_it_says() {
        let open = |of, mask| Sealed::new(Record(1)).open(&permit(of, mask)).map(|it| it.0);
        assert_eq!(open(1, Mask::Full), Ok(1));
        assert_eq!(open(2, Mask::Full), Err(Denial::Hidden));
        for narrow in [Mask::Directory, Mask::Metadata] {
            assert_eq!(open(1, narrow), Err(Denial::Forbidden { rule: FIELD_MASKED }));
        }
    }

    #[test]
    fn a_field_is_shown_from_the_mask_on_that_it_needs() {
        let shown = Sealed::new(Record(1)).show(&permit(1, Mask::Metadata)).expect("its own");
        let seen =
            [Mask::Directory, Mask::Metadata, Mask::Full].map(|mask| shown.at(mask).is_some());
        assert_eq!(seen, [true, true, false]);
        assert!(shown.whole().is_err());
    }
}
