//! The distribution of a cycle as an SVG chart: one bar per department, one segment per grade.

use super::views::{Distribution, DistributionLine, DistributionSummary};
use crate::platform::problem::Language;
use crate::platform::xml::Escaped;
use std::fmt::Write;

/// Width of the column of names.
const NAMES: u32 = 220;
/// Width of a full bar.
const BARS: u32 = 500;
/// Width of the column of verdicts.
const VERDICTS: u32 = 150;
/// Height of a row.
const ROW: u32 = 34;
/// Height of a bar.
const BAR: u32 = 22;
/// Height of the header above the rows.
const HEAD: u32 = 70;

/// The grades, each with the colour of its segment and of the text on it. Neighbouring colours
/// differ in brightness, so they can be distinguished without colour vision.
const GRADES: [(&str, &str, &str); 5] = [
    ("S", "#0b3c5d", "#ffffff"),
    ("A", "#3a7ca5", "#ffffff"),
    ("B", "#a8d0db", "#000000"),
    ("C", "#f2cf63", "#000000"),
    ("D", "#b03a2e", "#ffffff"),
];

/// People per grade; zero where they are withheld.
fn counts(line: &DistributionLine) -> [u32; 5] {
    let present = line.present.as_ref();
    present.map_or([0; 5], |DistributionSummary { counts, .. }| {
        [counts.s, counts.a, counts.b, counts.c, counts.d]
    })
}

/// The chart as a self-contained SVG.
pub fn svg(distribution: &Distribution, cycle: &str, language: Language) -> String {
    let (title, total, people, withheld) = match language {
        Language::En => (format!("Grades in {cycle} by department"), "Total", "people", "withheld"),
        Language::Zh => (format!("{cycle} 各部门绩效等级分布"), "合计", "人", "不予显示"),
    };
    let named = distribution.departments.iter().map(|department| {
        let name = department.name.as_deref().or(department.code.as_deref());
        (name.unwrap_or("-"), &department.line)
    });
    let rows: Vec<(&str, &DistributionLine)> =
        std::iter::once((total, &distribution.total)).chain(named).collect();
    let width = NAMES + BARS + VERDICTS;
    let height = HEAD + ROW * u32::try_from(rows.len()).unwrap_or(u32::MAX / ROW - HEAD);
    let mut told = String::new();
    for (name, line) in &rows {
        if line.withheld {
            let _ = write!(told, "{name}: {withheld}. ");
            continue;
        }
        let counts = counts(line);
        let figures: Vec<_> = GRADES
            .iter()
            .zip(counts)
            .map(|((grade, ..), count)| format!("{grade} {count}"))
            .collect();
        let sum: u32 = counts.iter().sum();
        let _ = write!(told, "{name}: {} ({sum} {people}). ", figures.join(", "));
    }
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" aria-labelledby=\"title desc\" font-family=\"sans-serif\" \
         font-size=\"13\"><title id=\"title\">{}</title><desc id=\"desc\">{}</desc>\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\
         <text x=\"8\" y=\"24\" font-size=\"17\">{}</text>",
        Escaped(&title),
        Escaped(told.trim_end()),
        Escaped(&title),
    );
    for (place, (grade, fill, _)) in (0..).zip(GRADES) {
        let x = NAMES + place * 56;
        let _ = write!(
            out,
            "<rect x=\"{x}\" y=\"40\" width=\"14\" height=\"14\" fill=\"{fill}\"/>\
             <text x=\"{}\" y=\"52\">{grade}</text>",
            x + 20,
        );
    }
    for (place, (name, line)) in (0..).zip(&rows) {
        bar(&mut out, HEAD + place * ROW, name, line, withheld);
    }
    out.push_str("</svg>");
    out
}

/// One row: the name, a segment per grade and the verdict.
fn bar(out: &mut String, top: u32, name: &str, line: &DistributionLine, withheld: &str) {
    let counts = counts(line);
    let people: u32 = counts.iter().sum();
    let base = top + 16;
    let name = if name.chars().count() > 26 {
        name.chars().take(25).chain(['…']).collect::<String>()
    } else {
        name.to_owned()
    };
    let _ = write!(out, "<text x=\"8\" y=\"{base}\">{}</text>", Escaped(&name));
    let mut before = 0;
    for ((_, fill, ink), count) in GRADES.into_iter().zip(counts) {
        let (from, to) = (edge(before, people), edge(before + count, people));
        before += count;
        if count == 0 {
            continue;
        }
        let (x, wide) = (NAMES + from, to - from);
        let _ = write!(
            out,
            "<rect x=\"{x}\" y=\"{top}\" width=\"{wide}\" height=\"{BAR}\" fill=\"{fill}\"/>\
             <text x=\"{}\" y=\"{base}\" fill=\"{ink}\" text-anchor=\"middle\">{count}</text>",
            x + wide / 2,
        );
    }
    let said = line.present.as_ref().map_or(withheld.to_owned(), |present| {
        let deviating: String = present.deviating.iter().map(|grade| grade.as_str()).collect();
        format!("{} {deviating}", present.verdict)
    });
    let _ = write!(out, "<text x=\"{}\" y=\"{base}\">{said}</text>", NAMES + BARS + 8);
}

/// End of a segment on the bar, for so many of all people.
fn edge(count: u32, people: u32) -> u32 {
    let edge = u64::from(count) * u64::from(BARS) / u64::from(people.max(1));
    u32::try_from(edge).unwrap_or(BARS)
}
