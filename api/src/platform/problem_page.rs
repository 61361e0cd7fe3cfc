//! Problem documents and problem types as pages, for people who meet them in a browser.

use crate::platform::accept::Wanted;
use crate::platform::problem::{Kind, Language, Problem};
use crate::platform::xml::Escaped;
use actix_web::HttpMessage;
use domain::core::text::TextEnum;
use std::fmt::Write;

/// Media type of the pages.
pub const PAGE: &str = "text/html; charset=utf-8";

/// Whether whoever asks wants a page rather than JSON, as browsers say they do. Programs that
/// accept anything get JSON.
pub fn is_wanted(request: &impl HttpMessage) -> bool {
    let wanted = Wanted::of(request);
    let json = ["application/problem+json", "application/json"];
    let json = json.map(|kind| wanted.quality(kind)).into_iter().max();
    json.is_some_and(|json| wanted.quality("text/html") > json)
}

/// The page of a problem document.
pub fn of_problem(problem: &Problem, language: Language) -> String {
    let term = |en, zh| language.of_both(en, zh);
    let mut page = head(&problem.title, language);
    paragraph(&mut page, &problem.detail);
    if !problem.errors.is_empty() {
        page.push_str("<ul>\n");
        for fault in &problem.errors {
            let (pointer, code) = (Escaped(&fault.pointer), Escaped(&fault.code));
            let detail = Escaped(&fault.detail);
            _ = writeln!(page, "<li><code>{pointer}</code> <code>{code}</code>: {detail}</li>");
        }
        page.push_str("</ul>\n");
    }
    let (id, kind) = (Escaped(&problem.request_id), Escaped(&problem.kind));
    let (number, about) = (term("Request", "请求编号"), term("About this problem", "问题说明"));
    _ = writeln!(page, "<p>HTTP {}. {number}: <code>{id}</code></p>", problem.status);
    _ = writeln!(page, "<p>{about}: <a href=\"{kind}\">{kind}</a></p>");
    page.push_str(FOOT);
    page
}

/// The page of a problem type.
pub fn of_kind(kind: &Kind, language: Language) -> String {
    let mut page = head(kind.title(language), language);
    paragraph(&mut page, kind.explanation(language));
    let all = language.of_both("All problem types", "全部问题类型");
    _ = writeln!(page, "<p>HTTP {}. <a href=\"/problems\">{all}</a></p>", kind.status);
    page.push_str(FOOT);
    page
}

/// The page that lists problem types.
pub fn of_kinds(kinds: &[&Kind], language: Language) -> String {
    let mut page = head(language.of_both("Problem types", "问题类型"), language);
    page.push_str("<ul>\n");
    for kind in kinds {
        let (slug, title) = (Escaped(&kind.slug), Escaped(kind.title(language)));
        _ = writeln!(page, "<li>{} <a href=\"/problems/{slug}\">{title}</a></li>", kind.status);
    }
    page.push_str("</ul>\n");
    page.push_str(FOOT);
    page
}

const FOOT: &str = "</body>\n</html>\n";

fn head(title: &str, language: Language) -> String {
    let (tag, title) = (language.as_str(), Escaped(title));
    format!(
        "<!doctype html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n</head>\n\
         <body>\n<h1>{title}</h1>\n"
    )
}

fn paragraph(page: &mut String, text: &str) {
    _ = writeln!(page, "<p>{}</p>", Escaped(text));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::problem::ProblemError;
    use actix_web::test::TestRequest;

    #[test]
    fn browsers_get_a_page_and_programs_json() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for (accept, wanted) in [
            (browser, true),
            ("text/html", true),
            ("TEXT/HTML;charset=utf-8", true),
            ("text/*;q=0.5,application/json;q=0.4", true),
            ("*/*;q=0.1,text/html", true),
            ("*/*", false),
            ("", false),
            ("application/json", false),
            ("application/json, text/plain, */*", false),
            ("text/html;q=0.5, application/problem+json;q=0.5", false),
            ("text/html;q=0.5, application/*;q=0.6", false),
            ("text/html;q=0", false),
            ("text/html;q=0, */*", false),
            ("nonsense", false),
        ] {
            let request =
                TestRequest::default().insert_header(("accept", accept)).to_http_request();
            assert_eq!(is_wanted(&request), wanted, "{accept}");
        }
        assert!(!is_wanted(&TestRequest::default().to_http_request()));
    }

    #[test]
    fn what_was_sent_stays_text() {
        let planted = "<script>alert('x')</script>\"&";
        let problem = Problem {
            kind: "/problems/validation-failed".to_owned(),
            title: planted.to_owned(),
            status: 422,
            detail: planted.to_owned(),
            instance: planted.to_owned(),
            request_id: planted.to_owned(),
            errors: vec![ProblemError {
                pointer: planted.to_owned(),
                code: planted.to_owned(),
                detail: planted.to_owned(),
                line: Some(3),
                key: Some(planted.to_owned()),
            }],
            current_state: None,
            allowed_actions: None,
            rule: None,
        };
        let page = of_problem(&problem, Language::Zh);
        assert!(!page.contains("<script") && !page.contains("'x'"), "{page}");
        let escaped = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;";
        assert_eq!(page.matches(escaped).count(), 7, "{page}");
        assert!(page.starts_with("<!doctype html>\n<html lang=\"zh-CN\">"), "{page}");
    }
}
