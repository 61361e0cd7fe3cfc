//! Grades, the score bands that earn them, and the conversion of ratings from 1 to 5 into scores.
//!
//! Implements 0.3 and B.8.

use crate::core::error::{Code, DomainError, Result};
use crate::core::number::{Exact, Rounding};
use crate::core::text::TextEnum;
use core::fmt;
use core::str::FromStr;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A grade. Better grades compare greater: `Grade::S > Grade::A`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Grade {
    /// Unsatisfactory (不合格).
    D,
    /// Needs improvement (待改进).
    C,
    /// Meets expectations (达标).
    B,
    /// Exceeds expectations (优秀).
    A,
    /// Outstanding (卓越).
    S,
}

impl Grade {
    /// Every grade, best first: the order of bands, shares and quotas.
    pub const ALL: [Grade; 5] = [Grade::S, Grade::A, Grade::B, Grade::C, Grade::D];

    /// The canonical letter. People see the label of the policy's [`Scale`] instead.
    pub const fn as_str(self) -> &'static str {
        match self {
            Grade::S => "S",
            Grade::A => "A",
            Grade::B => "B",
            Grade::C => "C",
            Grade::D => "D",
        }
    }

    /// Grade points for statistics: S is 5, D is 1.
    pub const fn points(self) -> u8 {
        self as u8 + 1
    }
}

impl TextEnum for Grade {
    const ALL: &'static [Grade] = &Grade::ALL;

    fn as_str(self) -> &'static str {
        Grade::as_str(self)
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Grade {
    type Err = DomainError;
    /// Reads the canonical letter; anything else is `INPUT_INVALID`.
    fn from_str(text: &str) -> Result<Grade> {
        Grade::ALL
            .into_iter()
            .find(|grade| grade.as_str() == text)
            .ok_or_else(|| Code::InputInvalid.because(format!("{text:.40?} is not a grade")))
    }
}

/// One value for each grade, written `{"S": .., "A": .., "B": .., "C": .., "D": ..}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "UPPERCASE")]
pub struct PerGrade<T> {
    /// Value of grade S.
    pub s: T,
    /// Value of grade A.
    pub a: T,
    /// Value of grade B.
    pub b: T,
    /// Value of grade C.
    pub c: T,
    /// Value of grade D.
    pub d: T,
}

impl<T> PerGrade<T> {
    /// Builds it from values in the order of [`Grade::ALL`].
    pub fn new([s, a, b, c, d]: [T; 5]) -> PerGrade<T> {
        PerGrade { s, a, b, c, d }
    }

    /// The value of one grade.
    pub const fn get(&self, grade: Grade) -> &T {
        match grade {
            Grade::S => &self.s,
            Grade::A => &self.a,
            Grade::B => &self.b,
            Grade::C => &self.c,
            Grade::D => &self.d,
        }
    }

    /// The value of one grade, for changing it.
    pub const fn get_mut(&mut self, grade: Grade) -> &mut T {
        match grade {
            Grade::S => &mut self.s,
            Grade::A => &mut self.a,
            Grade::B => &mut self.b,
            Grade::C => &mut self.c,
            Grade::D => &mut self.d,
        }
    }

    /// The values in the order of [`Grade::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        Grade::ALL.into_iter().map(|grade| self.get(grade))
    }
}

/// A ready-made scale (`score.preset`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// 100 is "target met"; scores reach 120.
    #[default]
    #[serde(rename = "target_100")]
    Target100,
    /// Percent marks (百分制); scores reach 100.
    HundredPoint,
}

/// The name of a grade that people see; it is data of the policy and never used as a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Letter shown, usually the canonical one.
    pub letter: String,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
}

/// The lowest score of each grade; every score below `c` is a D.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bands {
    /// Lowest score of grade S.
    pub s: Exact,
    /// Lowest score of grade A.
    pub a: Exact,
    /// Lowest score of grade B.
    pub b: Exact,
    /// Lowest score of grade C.
    pub c: Exact,
}

/// How a rating from 1 to 5 becomes a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conversion {
    /// Scores of the ratings 5 (grade S) to 1 (grade D), with linear interpolation between them.
    Anchors(Box<PerGrade<Exact>>),
    /// Score points per rating point.
    Proportional(Exact),
}

/// Which score earns which grade, and which score a rating earns. Implements 0.3.
///
/// A scale is data of a policy version: call [`Scale::validate`] before using it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Highest score.
    pub cap: Exact,
    /// Lowest scores of the grades.
    pub bands: Bands,
    /// Conversion of ratings into scores.
    pub conversion: Conversion,
    /// Names of the grades.
    pub labels: PerGrade<Label>,
}

impl Default for Scale {
    fn default() -> Scale {
        Scale::preset(Preset::default())
    }
}

impl Scale {
    /// A ready-made scale.
    pub fn preset(preset: Preset) -> Scale {
        let bands = |s: i32, a: i32, b: i32, c: i32| Bands {
            s: s.into(),
            a: a.into(),
            b: b.into(),
            c: c.into(),
        };
        let (cap, bands, conversion) = match preset {
            Preset::Target100 => (
                Exact::from(120),
                bands(115, 105, 90, 70),
                Conversion::Anchors(Box::new(PerGrade::new(
                    [120, 110, 100, 80, 60].map(Exact::from),
                ))),
            ),
            Preset::HundredPoint => {
                (Exact::from(100), bands(95, 85, 75, 60), Conversion::Proportional(Exact::from(20)))
            }
        };
        let label = |letter: &str, zh: &str, en: &str| Label {
            letter: letter.into(),
            zh: zh.into(),
            en: en.into(),
        };
        let labels = PerGrade::new([
            label("S", "卓越", "outstanding"),
            label("A", "优秀", "exceeds"),
            label("B", "达标", "meets"),
            label("C", "待改进", "needs improvement"),
            label("D", "不合格", "unsatisfactory"),
        ]);
        Scale { cap, bands, conversion, labels }
    }

    /// The grade of a total, looked up on the total rounded to 2 places.
    pub fn grade(&self, total: &Exact, rounding: Rounding) -> Grade {
        let total = total.rounded(2, rounding);
        let Bands { s, a, b, c } = &self.bands;
        [(Grade::S, s), (Grade::A, a), (Grade::B, b), (Grade::C, c)]
            .into_iter()
            .find(|(_, lowest)| total >= **lowest)
            .map_or(Grade::D, |(grade, _)| grade)
    }

    /// A score on this scale with its grade: limited to 0..cap, rounded to 2 places, and the grade
    /// looked up on the rounded score. Implements 0.3.
    ///
    /// # Errors
    /// `NUMBER_OVERFLOW` for a cap that a decimal cannot hold.
    pub fn graded(&self, score: &Exact, rounding: Rounding) -> Result<(Decimal, Grade)> {
        let within = score.clone().max(Exact::default()).min(self.cap.clone());
        let score = within.round(2, rounding)?;
        Ok((score, self.grade(&score.into(), rounding)))
    }

    /// The unrounded score of a rating or of a mean of ratings. Implements B.8.
    ///
    /// # Errors
    /// `RATING_OUT_OF_RANGE` for a rating outside 1 to 5.
    pub fn rating_score(&self, rating: &Exact) -> Result<Exact> {
        let (lowest, highest) = (Exact::from(1), Exact::from(5));
        if *rating < lowest || *rating > highest {
            return Err(Code::RatingOutOfRange.because(format!("{rating} is not within 1 to 5")));
        }
        match &self.conversion {
            Conversion::Proportional(worth) => Ok(rating * worth),
            Conversion::Anchors(anchors) => {
                let PerGrade { s, a, b, c, d } = anchors.as_ref();
                let segments = [(1, d, c), (2, c, b), (3, b, a), (4, a, s)];
                let climbed = segments.into_iter().map(|(start, from, to)| {
                    let share = (rating - Exact::from(start)).max(0.into()).min(1.into());
                    share * (to - from)
                });
                Ok(d + climbed.sum::<Exact>())
            }
        }
    }

    /// Checks that the bounds strictly decrease within `floor` to the cap and that each anchor lies
    /// in the band of its grade. A proportional scale has no anchors.
    ///
    /// # Errors
    /// `SCALE_INVALID`; the detail names all [`ScaleFault`]s.
    pub fn validate(&self, floor: &Exact) -> Result<()> {
        let faults = scale_faults(&self.drafts(), floor, &self.cap)?;
        if faults.is_empty() {
            return Ok(());
        }
        let named: Vec<String> = faults.iter().map(ScaleFault::to_string).collect();
        Err(Code::ScaleInvalid.because(format!("the scale has faults: {}", named.join(", "))))
    }

    fn drafts(&self) -> Vec<DraftBand> {
        let Bands { s, a, b, c } = &self.bands;
        let bounds = [Some(s), Some(a), Some(b), Some(c), None];
        let anchor = |grade| match &self.conversion {
            Conversion::Anchors(anchors) => Some(anchors.get(grade).clone()),
            Conversion::Proportional(_) => None,
        };
        Grade::ALL
            .into_iter()
            .zip(bounds)
            .map(|(grade, bound)| DraftBand {
                letter: grade.to_string(),
                lowest: bound.cloned(),
                anchor: anchor(grade),
            })
            .collect()
    }
}

/// The band of one grade as somebody wrote it down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftBand {
    /// Letter of the grade.
    pub letter: String,
    /// Lowest score of the grade; the last grade has none.
    pub lowest: Option<Exact>,
    /// Score of the rating that stands for the grade; absent where ratings have a factor instead.
    pub anchor: Option<Exact>,
}

/// What is wrong with the bands of a scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScaleFault {
    /// Two bands have the same letter.
    GradeDuplicate,
    /// The last band has a bound, or another band has none.
    LastBoundNotOpen,
    /// A bound is not below the bound of the better grade.
    BoundsNotDecreasing,
    /// The bound of this letter lies outside floor..cap.
    BoundOutOfRange(String),
    /// The anchor of this letter lies outside its band.
    AnchorOutOfBand(String),
}

impl fmt::Display for ScaleFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScaleFault::GradeDuplicate => f.write_str("GRADE_DUPLICATE"),
            ScaleFault::LastBoundNotOpen => f.write_str("LAST_BOUND_NOT_OPEN"),
            ScaleFault::BoundsNotDecreasing => f.write_str("BOUNDS_NOT_DECREASING"),
            ScaleFault::BoundOutOfRange(letter) => write!(f, "BOUND_OUT_OF_RANGE:{letter}"),
            ScaleFault::AnchorOutOfBand(letter) => write!(f, "ANCHOR_OUT_OF_BAND:{letter}"),
        }
    }
}

/// Every fault of bands given from the best to the worst; none for a valid scale. Anchors are judged
/// only where the bands themselves are sound. Implements the validator of 0.3.
///
/// # Errors
/// `EMPTY_INPUT` without bands.
pub fn scale_faults(bands: &[DraftBand], floor: &Exact, cap: &Exact) -> Result<Vec<ScaleFault>> {
    let Some((last, upper)) = bands.split_last() else {
        return Err(Code::EmptyInput.because("the scale has no bands"));
    };
    let letters: BTreeSet<&str> = bands.iter().map(|band| band.letter.as_str()).collect();
    let bounds: Vec<&Exact> = bands.iter().filter_map(|band| band.lowest.as_ref()).collect();
    let open = last.lowest.is_some() || upper.iter().any(|band| band.lowest.is_none());
    let shape = [
        (letters.len() < bands.len(), ScaleFault::GradeDuplicate),
        (open, ScaleFault::LastBoundNotOpen),
        (!bounds.is_sorted_by(|better, worse| better > worse), ScaleFault::BoundsNotDecreasing),
    ];
    let shape = shape.into_iter().filter_map(|(found, fault)| found.then_some(fault));
    let within = floor..=cap;
    let astray =
        bands.iter().filter(|band| band.lowest.as_ref().is_some_and(|low| !within.contains(&low)));
    let astray = astray.map(|band| ScaleFault::BoundOutOfRange(band.letter.clone()));
    let faults: Vec<ScaleFault> = shape.chain(astray).collect();
    Ok(if faults.is_empty() { stray_anchors(bands, floor, cap) } else { faults })
}

/// The anchors outside the bands of their grades. The best band ends with the cap, the others below
/// the bound of the better grade.
fn stray_anchors(bands: &[DraftBand], floor: &Exact, cap: &Exact) -> Vec<ScaleFault> {
    let better = core::iter::once(None).chain(bands.iter().map(|band| band.lowest.as_ref()));
    let stray = bands.iter().zip(better).filter(|(band, better)| {
        let lowest = band.lowest.as_ref().unwrap_or(floor);
        band.anchor.as_ref().is_some_and(|anchor| {
            anchor < lowest || better.map_or(anchor > cap, |better| anchor >= better)
        })
    });
    stray.map(|(band, _)| ScaleFault::AnchorOutOfBand(band.letter.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grade(score: &str, preset: Preset) -> Grade {
        Scale::preset(preset).grade(&score.parse().unwrap(), Rounding::HalfUp)
    }

    #[test]
    fn lower_bounds_belong_to_the_better_grade() {
        for (score, expected) in [
            ("120", Grade::S),
            ("115", Grade::S),
            ("114.99", Grade::A),
            ("104.995", Grade::A),
            ("104.9949", Grade::B),
            ("90", Grade::B),
            ("89.99", Grade::C),
            ("70", Grade::C),
            ("69.99", Grade::D),
            ("-1", Grade::D),
        ] {
            assert_eq!(grade(score, Preset::Target100), expected, "{score}");
        }
        assert_eq!(grade("84.99", Preset::HundredPoint), Grade::B);
        assert_eq!(grade("85", Preset::HundredPoint), Grade::A);
    }

    #[test]
    fn the_names_of_grades_are_read_and_written_alike() {
        let names: Vec<_> =
            TextEnum::ALL.iter().map(|grade: &Grade| TextEnum::as_str(*grade)).collect();
        assert_eq!(names, ["S", "A", "B", "C", "D"]);
        assert!(Grade::ALL.iter().all(|grade| grade.as_str().parse() == Ok(*grade)));
    }

    #[test]
    fn ratings_interpolate_between_anchors() {
        let score = |rating: &str, preset| {
            Scale::preset(preset).rating_score(&rating.parse().unwrap()).map(|s| s.to_string())
        };
        for (rating, expected) in
            [("1", "60"), ("1.5", "70"), ("2", "80"), ("3", "100"), ("3.6", "106"), ("5", "120")]
        {
            assert_eq!(score(rating, Preset::Target100).unwrap(), expected);
        }
        assert_eq!(score("3.6", Preset::HundredPoint).unwrap(), "72");
        for rating in ["0.99", "5.01", "-3"] {
            let error = score(rating, Preset::Target100).unwrap_err();
            assert_eq!(error.code, Code::RatingOutOfRange);
        }
    }

    #[test]
    fn presets_are_valid_and_contradictions_are_not() {
        let valid = Scale::preset(Preset::Target100);
        valid.validate(&Exact::default()).unwrap();
        Scale::preset(Preset::HundredPoint).validate(&Exact::default()).unwrap();

        let mut equal_bounds = valid.clone();
        equal_bounds.bands.a = equal_bounds.bands.s.clone();
        let mut low_cap = valid.clone();
        low_cap.cap = 114.into();
        let mut stray_anchor = valid.clone();
        let shifted = PerGrade::new([120, 110, 105, 80, 60].map(Exact::from));
        stray_anchor.conversion = Conversion::Anchors(Box::new(shifted));
        let mut anchor_above_cap = valid;
        anchor_above_cap.cap = 119.into();
        for scale in [equal_bounds, low_cap, stray_anchor, anchor_above_cap] {
            assert_eq!(scale.validate(&Exact::default()).unwrap_err().code, Code::ScaleInvalid);
        }
    }

    #[test]
    fn bounds_of_a_scale_without_anchors_strictly_decrease() {
        let bounds = |[s, a, b, c]: [i32; 4]| {
            let [s, a, b, c] = [s, a, b, c].map(Exact::from);
            Scale { bands: Bands { s, a, b, c }, ..Scale::preset(Preset::HundredPoint) }
        };
        bounds([100, 85, 75, 60]).validate(&Exact::default()).unwrap();
        for broken in [[101, 85, 75, 60], [85, 85, 75, 60], [95, 75, 75, 60], [95, 85, 60, 60]] {
            assert_eq!(
                bounds(broken).validate(&Exact::default()).unwrap_err().code,
                Code::ScaleInvalid
            );
        }
        for broken in [[84, 85, 75, 60], [95, 74, 75, 60], [95, 85, 59, 60]] {
            assert_eq!(
                bounds(broken).validate(&Exact::default()).unwrap_err().code,
                Code::ScaleInvalid
            );
        }
    }

    #[test]
    fn every_fault_of_a_draft_is_named_and_anchors_only_in_sound_bands() {
        let faults = |bands: &[(&str, Option<i64>, Option<i64>)]| -> Vec<String> {
            let bands: Vec<_> = bands
                .iter()
                .map(|(letter, lowest, anchor)| DraftBand {
                    letter: (*letter).to_owned(),
                    lowest: lowest.map(Exact::from),
                    anchor: anchor.map(Exact::from),
                })
                .collect();
            let faults = scale_faults(&bands, &Exact::default(), &Exact::from(120)).unwrap();
            faults.iter().map(ScaleFault::to_string).collect()
        };
        assert!(
            faults(&[("S", Some(120), Some(120)), ("A", Some(0), Some(119)), ("B", None, None)])
                .is_empty()
        );
        assert_eq!(
            faults(&[("S", Some(121), Some(0)), ("S", Some(121), None), ("B", Some(-1), None)]),
            [
                "GRADE_DUPLICATE",
                "LAST_BOUND_NOT_OPEN",
                "BOUNDS_NOT_DECREASING",
                "BOUND_OUT_OF_RANGE:S",
                "BOUND_OUT_OF_RANGE:S",
                "BOUND_OUT_OF_RANGE:B",
            ]
        );
        assert_eq!(
            faults(&[
                ("S", Some(110), Some(121)),
                ("A", Some(90), Some(110)),
                ("B", None, Some(-1))
            ]),
            ["ANCHOR_OUT_OF_BAND:S", "ANCHOR_OUT_OF_BAND:A", "ANCHOR_OUT_OF_BAND:B"]
        );
        assert_eq!(
            scale_faults(&[], &Exact::default(), &Exact::from(120)).unwrap_err().code,
            Code::EmptyInput
        );
    }

    #[test]
    fn a_graded_score_stays_on_the_scale() {
        let graded = |score: &str, rounding| {
            let (score, grade) = Scale::preset(Preset::HundredPoint)
                .graded(&score.parse().unwrap(), rounding)
                .unwrap();
            (score.to_string(), grade)
        };
        assert_eq!(graded("130", Rounding::HalfUp), ("100.00".into(), Grade::S));
        assert_eq!(graded("-1", Rounding::HalfUp), ("0.00".into(), Grade::D));
        assert_eq!(graded("74.985", Rounding::HalfEven), ("74.98".into(), Grade::C));
        assert_eq!(graded("74.995", Rounding::HalfUp), ("75.00".into(), Grade::B));
    }

    #[test]
    fn letters_and_points() {
        for (grade, points) in Grade::ALL.into_iter().zip([5, 4, 3, 2, 1]) {
            assert_eq!(grade.as_str().parse::<Grade>().unwrap(), grade);
            assert_eq!(grade.points(), points);
        }
        assert!(Grade::S > Grade::A && Grade::C > Grade::D);
        assert_eq!("E".parse::<Grade>().unwrap_err().code, Code::InputInvalid);
    }

    proptest! {
        #[test]
        fn a_better_rating_never_scores_less(low in 100..=500_i64, high in 100..=500_i64) {
            let scale = Scale::preset(Preset::Target100);
            let score = |rating: i64| scale.rating_score(&Exact::scaled(rating, 2)).unwrap();
            prop_assert_eq!(low.cmp(&high), score(low).cmp(&score(high)));
        }
    }
}
