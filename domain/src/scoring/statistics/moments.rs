//! Means and sums of squared deviations.

use crate::core::number::Exact;

/// Number, mean and sum of squared deviations of a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moments {
    /// Number of values; at least 1.
    pub count: usize,
    /// Mean of the values.
    pub mean: Exact,
    /// Sum of the squared deviations from the mean.
    pub squares: Exact,
}

impl Moments {
    /// The moments of a sample; `None` when it is empty.
    pub fn of(values: &[Exact]) -> Option<Moments> {
        let sum: Exact = values.iter().sum();
        let mean = sum.checked_div(&Exact::from(values.len()))?;
        let squares = values.iter().map(|value| value * value).sum::<Exact>() - sum * &mean;
        Some(Moments { count: values.len(), mean, squares })
    }

    /// The sample variance, with one degree of freedom less than values; `None` for a single value.
    pub fn variance(&self) -> Option<Exact> {
        self.squares.checked_div(&Exact::from(self.count - 1))
    }
}

/// The columns of a table given by rows; `None` when rows have different lengths.
pub fn columns(rows: &[Vec<Exact>]) -> Option<Vec<Vec<Exact>>> {
    let width = rows.first()?.len();
    let column = |index| rows.iter().filter_map(move |row: &Vec<Exact>| row.get(index).cloned());
    rows.iter()
        .all(|row| row.len() == width)
        .then(|| (0..width).map(|index| column(index).collect()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(values: &[i64]) -> Vec<Exact> {
        values.iter().map(|value| Exact::from(*value)).collect()
    }

    #[test]
    fn moments_match_their_definition() {
        let moments = Moments::of(&exact(&[2, 4, 4, 4, 5, 5, 7, 9])).unwrap();
        assert_eq!((moments.count, moments.mean.clone()), (8, Exact::from(5)));
        assert_eq!(moments.squares, Exact::from(32));
        assert_eq!(moments.variance(), Exact::from(32).checked_div(&Exact::from(7)));
        assert_eq!(Moments::of(&exact(&[3])).unwrap().variance(), None);
        assert_eq!(Moments::of(&[]), None);
    }

    #[test]
    fn only_rectangles_have_columns() {
        let rows = [exact(&[1, 2, 3]), exact(&[4, 5, 6])];
        assert_eq!(columns(&rows).unwrap(), [exact(&[1, 4]), exact(&[2, 5]), exact(&[3, 6])]);
        assert_eq!(columns(&[exact(&[1, 2]), exact(&[4])]), None);
        assert_eq!(columns(&[]), None);
    }
}
