//! How the Chinese characters of names are read.

use super::folding::Part;
use pinyin::ToPinyin;

/// Surnames that are read unlike the same character elsewhere, or in several ways.
pub(super) const SURNAMES: &[(char, &[&str])] = &[
    ('单', &["shan"]),
    ('曾', &["zeng"]),
    ('解', &["xie"]),
    ('仇', &["qiu"]),
    ('区', &["ou"]),
    ('查', &["zha"]),
    ('朴', &["piao"]),
    ('盖', &["ge", "gai"]),
    ('缪', &["miao"]),
    ('乐', &["yue", "le"]),
    ('员', &["yun"]),
    ('尉', &["wei"]),
    ('洗', &["xian"]),
    ('秘', &["bi"]),
    ('种', &["chong"]),
    ('折', &["she"]),
    ('逢', &["pang", "feng"]),
    ('繁', &["po"]),
    ('召', &["shao"]),
    ('隗', &["wei", "kui"]),
    ('祭', &["zhai"]),
    ('都', &["du"]),
    ('薄', &["bo"]),
    ('谌', &["chen", "shen"]),
    ('郗', &["xi", "chi"]),
    ('能', &["nai"]),
    ('牟', &["mu", "mou"]),
    ('盛', &["sheng"]),
    ('藏', &["zang", "cang"]),
    ('黑', &["he", "hei"]),
    ('句', &["gou"]),
    ('粘', &["nian"]),
    ('宓', &["mi", "fu"]),
    ('费', &["fei", "bi"]),
    ('郇', &["xun", "huan"]),
    ('莘', &["shen", "xin"]),
    ('阚', &["kan"]),
    ('卜', &["bu"]),
    ('晟', &["cheng"]),
    ('长', &["zhang"]),
    ('行', &["xing"]),
    ('重', &["chong"]),
    ('降', &["jiang"]),
    ('阿', &["a"]),
];

/// Surnames of two characters in which a character is read unlike elsewhere. Some are also a surname of
/// one character and a given name.
const COMPOUND_SURNAMES: &[([char; 2], [&[&str]; 2])] = &[
    (['尉', '迟'], [&["yu", "wei"], &["chi"]]),
    (['万', '俟'], [&["mo"], &["qi"]]),
    (['单', '于'], [&["chan", "shan"], &["yu"]]),
    (['长', '孙'], [&["zhang"], &["sun"]]),
    (['澹', '台'], [&["tan"], &["tai"]]),
    (['令', '狐'], [&["ling"], &["hu"]]),
    (['乐', '正'], [&["yue"], &["zheng"]]),
    (['子', '车'], [&["zi"], &["ju"]]),
    (['宰', '父'], [&["zai"], &["fu"]]),
    (['拓', '跋'], [&["tuo"], &["ba"]]),
    (['鲜', '于'], [&["xian"], &["yu"]]),
    (['夹', '谷'], [&["jia"], &["gu"]]),
    (['亓', '官'], [&["qi"], &["guan"]]),
];

/// Characters that are read in several ways in given names.
const SEVERAL: &[(char, &[&str])] = &[
    ('乐', &["le", "yue"]),
    ('行', &["xing", "hang"]),
    ('重', &["zhong", "chong"]),
    ('长', &["chang", "zhang"]),
    ('朝', &["chao", "zhao"]),
    ('晟', &["sheng", "cheng"]),
    ('茜', &["qian", "xi"]),
    ('柏', &["bai", "bo"]),
    ('单', &["dan", "shan"]),
    ('朴', &["pu", "piao"]),
    ('藏', &["cang", "zang"]),
    ('传', &["chuan", "zhuan"]),
    ('都', &["du", "dou"]),
    ('盛', &["sheng", "cheng"]),
    ('降', &["xiang", "jiang"]),
    ('阿', &["a", "e"]),
    ('娜', &["na", "nuo"]),
    ('荨', &["qian", "xun"]),
    ('莎', &["sha", "suo"]),
    ('仔', &["zi", "zai"]),
    ('佛', &["fo", "fu"]),
    ('颉', &["jie", "xie"]),
    ('炅', &["jiong", "gui"]),
    ('隽', &["juan", "jun"]),
    ('参', &["can", "shen"]),
    ('解', &["jie", "xie"]),
    ('曾', &["zeng", "ceng"]),
    ('还', &["huan", "hai"]),
    ('省', &["sheng", "xing"]),
    ('覃', &["qin", "tan"]),
    ('薄', &["bo", "bao"]),
    ('禅', &["chan", "shan"]),
    ('术', &["shu", "zhu"]),
    ('钿', &["dian", "tian"]),
    ('玢', &["bin", "fen"]),
    ('说', &["yue", "shuo"]),
    ('识', &["shi", "zhi"]),
    ('露', &["lu", "lou"]),
    ('峙', &["zhi", "shi"]),
    ('翟', &["zhai", "di"]),
    ('弹', &["tan", "dan"]),
    ('殷', &["yin", "yan"]),
    ('蕃', &["fan", "bo"]),
    ('率', &["shuai", "lv"]),
    ('尉', &["wei", "yu"]),
    ('区', &["qu", "ou"]),
    ('查', &["cha", "zha"]),
];

/// The readings of each part of a name, without tones; none for a part that is no Chinese character. The
/// first Chinese character is taken for the surname.
pub(super) fn readings(parts: &[Part]) -> Vec<Vec<&'static str>> {
    let mut found: Vec<Vec<&str>> =
        parts.iter().map(|part| part.character().map(usual).unwrap_or_default()).collect();
    let Some(first) = found.iter().position(|readings| !readings.is_empty()) else { return found };
    let name: Vec<char> = parts[first..].iter().map_while(Part::character).collect();
    let compound = COMPOUND_SURNAMES.iter().find(|(surname, _)| name.starts_with(surname));
    match (compound, &name[..]) {
        (Some((_, [one, other])), [_, _, _, ..]) => {
            found[first] = one.to_vec();
            found[first + 1] = other.to_vec();
        }
        (_, [surname, _, ..]) => {
            if let Some(readings) = listed(SURNAMES, *surname) {
                found[first] = readings.to_vec();
            }
        }
        _ => {}
    }
    found
}

/// The readings of a character that is no surname.
pub(super) fn usual(c: char) -> Vec<&'static str> {
    if let Some(readings) = listed(SEVERAL, c) {
        return readings.to_vec();
    }
    // Keyboards without `ü` write `v`, some people `u`, and passports `yu`.
    match c.to_pinyin().map(|reading| reading.plain()) {
        None => Vec::new(),
        Some("lü") => vec!["lv", "lu", "lyu"],
        Some("nü") => vec!["nv", "nu", "nyu"],
        Some("lüe") => vec!["lve", "lue"],
        Some("nüe") => vec!["nve", "nue"],
        Some(reading) => vec![reading],
    }
}

fn listed(table: &[(char, &'static [&'static str])], c: char) -> Option<&'static [&'static str]> {
    table.iter().find(|(listed, _)| *listed == c).map(|(_, readings)| *readings)
}
