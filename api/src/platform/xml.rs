//! Text in XML: in charts and in the sheets of exports.

use std::fmt;

/// A text in an element or attribute. Characters that XML does not allow are left out.
pub struct Escaped<'t>(pub &'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for c in self.0.chars().filter(|c| may_stand(*c)) {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\r' => f.write_str("&#13;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Whether XML 1.0 allows the character.
fn may_stand(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_text_and_what_xml_cannot_hold_is_left_out() {
        let text = "<b a=\"1\">R&D 'x'\u{0}\u{b}\u{fffe}研发</b>\r\n";
        assert_eq!(
            Escaped(text).to_string(),
            "&lt;b a=&quot;1&quot;&gt;R&amp;D &#39;x&#39;研发&lt;/b&gt;&#13;\n"
        );
    }
}
