//! Files as they really come: whatever program has written them, and whatever is wrong with them.

use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use tests::world::Persona::HrAdmin;
use tests::{Answer, TestApp, on_each_engine};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

on_each_engine![
    a_file_of_another_system_goes_in_by_one_request,
    a_text_is_read_in_whatever_encoding_it_comes,
    what_cannot_be_read_is_told_what_can,
    a_workbook_is_read_like_a_table,
    a_workbook_cannot_fill_the_memory,
    what_is_wrong_with_every_row_is_told_at_once,
    a_file_may_have_some_columns_only,
    managers_are_found_by_address_and_other_ids,
    a_name_that_means_several_people_is_refused,
    days_are_declared_or_refused,
    one_person_in_two_spellings_is_noticed,
    what_cannot_be_seen_or_is_no_address_is_refused,
    a_file_that_changes_too_much_needs_a_word,
    units_are_read_alike,
];

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A text as part of a query.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "%{byte:02X}");
        out
    })
}

fn send(app: &TestApp, kind: &str, query: &str, body: impl Into<Vec<u8>>) -> Answer {
    let request = app.as_(HrAdmin).request("POST", format!("/v1/employees/bulk?{query}"));
    request.body(kind, body).send()
}

fn csv(app: &TestApp, query: &str, text: &str) -> Answer {
    send(app, "text/csv", query, text)
}

/// The counts of created, updated, unchanged and failed rows.
fn counts(answer: &Answer) -> [u64; 4] {
    let body = answer.json();
    ["created", "updated", "unchanged", "failed"].map(|name| body[name].as_u64().unwrap_or(99))
}

/// The codes of the warnings about the file.
fn warnings(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let all = body["warnings"].as_array().into_iter().flatten();
    all.map(|it| it["code"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The codes of the warnings about a row.
fn warnings_of(answer: &Answer, row: usize) -> Vec<String> {
    let body = answer.json();
    let all = body["rows"][row]["warnings"].as_array().into_iter().flatten();
    all.map(|it| it["code"].as_str().unwrap_or_default().to_owned()).collect()
}

fn person(app: &TestApp, number: &str) -> Value {
    let found = app.as_(HrAdmin).all(&format!("/v1/employees?employee_number={number}"));
    found.first().cloned().unwrap_or_default()
}

fn units(app: &TestApp, rows: &Value) {
    app.as_(HrAdmin).post("/v1/org-units/bulk", rows).expect(200);
}

/// A list of people as an HR system exports it: blanks at the ends, days with the month first, managers
/// and departments by name, and twenty-nine columns that are nobody's business here.
const LIST: &str = "\
Employee_Name,EmpID,MarriedID,MaritalStatusID,GenderID,EmpStatusID,DeptID,PerfScoreID,FromDiversityJobFairID,Salary,Termd,PositionID,Position,State,Zip,DOB,Sex,MaritalDesc,CitizenDesc,HispanicLatino,RaceDesc,DateofHire,DateofTermination,TermReason,EmploymentStatus,Department,ManagerName,ManagerID,RecruitmentSource,PerformanceScore,EngagementSurvey,EmpSatisfaction,SpecialProjectsCount,LastPerformanceReview_Date,DaysLateLast30,Absences
\"Adinolfi, Wilson  K\",10026,0,0,1,1,5,4,0,62506,0,19,Production Technician I,MA,1960,07/10/83,M ,Single,US Citizen,No,White,7/5/2011,,N/A-StillEmployed,Active,Production       ,Michael Albert,22,LinkedIn,Exceeds,4.6,5,0,1/17/2019,0,1
\"Ait Sidi, Karthikeyan   \",10084,1,1,1,5,3,3,0,104437,1,27,Sr. DBA,MA,2148,05/05/75,M ,Married,US Citizen,No,White,3/30/2015,6/16/2016,career change,Voluntarily Terminated,IT/IS,Simon Roup,4,Indeed,Fully Meets,4.96,3,6,2/24/2016,0,17
\"Albert, Michael  \",10271,0,0,1,1,5,3,0,78000,0,18,Production Manager,MA,2169,10/18/68,M ,Single,US Citizen,No,Black,8/1/2011,,N/A-StillEmployed,Active,Production       ,Janet King,2,LinkedIn,Fully Meets,3.5,4,0,1/18/2019,0,8
\"Roup,Simon\",10217,0,0,1,1,3,3,0,120000,0,13,IT Manager - DB,MA,2481,04/05/73,M ,Single,US Citizen,No,White,1/20/2013,,N/A-StillEmployed,Active,IT/IS,Janet King,2,Indeed,Fully Meets,4.2,4,6,2/4/2019,0,12
\"King, Janet\",10089,1,1,0,1,2,3,0,250000,0,16,President & CEO,MA,1902,09/21/54,F,Married,US Citizen,Yes,White,7/2/2012,,N/A-StillEmployed,Active,Executive Office,Board of Directors,9,Indeed,Fully Meets,4.83,3,0,1/17/2019,0,10
";

fn a_file_of_another_system_goes_in_by_one_request(app: &TestApp) {
    assert_eq!(LIST.lines().next().map(|line| line.split(',').count()), Some(36));
    units(
        app,
        &json!([
            { "code": "HO", "name": "Executive Office", "kind": "department", "parent_code": "COMPANY" },
            { "code": "PROD", "name": "Production", "kind": "department", "parent_code": "COMPANY" },
            { "code": "IT", "name": "IT/IS", "kind": "department", "parent_code": "COMPANY" },
        ]),
    );
    let mapping = json!({
        "columns": {
            "EmpID": "employee_number",
            "Employee_Name": "name",
            "Position": "job_title",
            "DateofHire": "hire_date",
            "DateofTermination": "termination_date",
            "Department": "org_unit_code",
            "ManagerName": "manager_employee_number",
        },
        "ignore_others": true,
        "date_format": "MM/DD/YYYY",
        "manager_by": "name",
        "org_unit_by": "name",
        "values": { "manager_employee_number": { "Board of Directors": null } },
    });
    let query = format!("mapping={}", escaped(&mapping.to_string()));
    let dry = app.unchanged(|| csv(app, &format!("dry_run=true&{query}"), LIST).expect(200));
    assert_eq!(counts(&dry), [5, 0, 0, 0], "{dry:?}");
    let done = csv(app, &query, LIST).expect(200);
    assert_eq!((counts(&done), warnings(&done)), ([5, 0, 0, 0], vec![]));
    assert_eq!(done.json()["rows"][4]["line"], 6);
    let [wilson, michael, janet] = ["10026", "10271", "10089"].map(|number| person(app, number));
    assert_eq!((&wilson["manager_id"], &michael["manager_id"]), (&michael["id"], &janet["id"]));
    assert_eq!(janet["manager_id"], Value::Null);
    assert_eq!(wilson["job_title"], "Production Technician I");
    assert_eq!(
        (&wilson["hire_date"], &wilson["name"]),
        (&json!("2011-07-05"), &json!("Adinolfi, Wilson  K"))
    );
    assert_eq!(wilson["org_unit_id"], michael["org_unit_id"]);
    assert_eq!(person(app, "10084")["status"], "terminated");
    let again = app.unchanged(|| csv(app, &query, LIST).expect(200));
    assert_eq!(counts(&again), [0, 0, 5, 0]);
}

/// 陳美玲 in Big5.
const BIG5_NAME: &[u8] = &[0xb3, 0xaf, 0xac, 0xfc, 0xac, 0xc2];

fn a_text_is_read_in_whatever_encoding_it_comes(app: &TestApp) {
    let text =
        |number: &str| format!("employee_number,name,hire_date\n{number},王小明明明,2024-01-01\n");
    let name_of = |number: &str| person(app, number)["name"].clone();

    let big_endian: Vec<u8> =
        format!("\u{feff}{}", text("A")).encode_utf16().flat_map(u16::to_be_bytes).collect();
    let done = send(app, "text/csv; charset=utf-16", "", big_endian).expect(200);
    assert_eq!((warnings(&done), name_of("A")), (vec![], json!("王小明明明")));

    let marked = format!("\u{feff}{}", text("B"));
    let done = send(app, "text/csv; charset=gb18030", "", marked).expect(200);
    assert_eq!(
        (warnings(&done), name_of("B")),
        (vec!["encoding_differs".to_owned()], json!("王小明明明"))
    );

    let done = send(app, "text/csv; charset=gb18030", "", text("C")).expect(200);
    assert_eq!(
        (warnings(&done), name_of("C")),
        (vec!["encoding_differs".to_owned()], json!("王小明明明"))
    );

    let big5 = |number: &str| {
        let rows = [b"employee_number,name,hire_date\n", number.as_bytes(), b",", BIG5_NAME];
        [&rows.concat()[..], b",2024-01-01\n"].concat()
    };
    let done = send(app, "text/csv; charset=big5", "", big5("D")).expect(200);
    assert_eq!((warnings(&done), name_of("D")), (vec![], json!("陳美玲")));
    let done = send(app, "text/csv; charset=utf-8", "encoding=big5", big5("E")).expect(200);
    assert_eq!(name_of("E"), "陳美玲", "{done:?}");

    let western = b"employee_number,name,hire_date\nF,J\xfcrgen M\xfcller,2024-01-01\n";
    let done = send(app, "application/csv; charset=windows-1252", "", *western).expect(200);
    assert_eq!((warnings(&done), name_of("F")), (vec![], json!("Jürgen Müller")));
    let found = app.unchanged(|| send(app, "text/plain", "", *western).expect(200));
    assert_eq!(
        (warnings(&found), counts(&found)),
        (vec!["encoding_detected".to_owned()], [0, 0, 1, 0])
    );
}

fn what_cannot_be_read_is_told_what_can(app: &TestApp) {
    app.unchanged(|| {
        let detail = |answer: &Answer| answer.json()["errors"][0]["detail"].to_string();
        let other = send(app, "application/xml", "", "<a/>").refused("unsupported-media-type");
        assert!(detail(&other).contains("text/csv") && detail(&other).contains("spreadsheetml"));
        let other = send(app, "text/csv; charset=utf-7", "", "a").refused("unsupported-media-type");
        assert!(detail(&other).contains("gb18030"), "{other:?}");
        let broken = b"employee_number,name,hire_date\nA,\xff\xff,2024-01-01\n";
        let wrong = send(app, "text/csv; charset=utf-8", "", *broken).refused("encoding-invalid");
        assert!(detail(&wrong).contains("2"), "the line is named: {wrong:?}");
        let old = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1...";
        let old = send(app, "application/vnd.ms-excel", "", *old).refused("unsupported-media-type");
        old.faults(&[("/header/Content-Type", "workbook_old")]);
        let query = |query: &str| csv(app, query, "employee_number\n").refused("malformed-request");
        query("encoding=klingon").faults(&[("/query/encoding", "charset_unknown")]);
        query("columns=a").faults(&[("/query/columns", "pattern")]);
        let mapping = escaped(r#"{"columns":{"a":1},"colour":"red"}"#);
        query(&format!("mapping={mapping}")).faults(&[
            ("/query/mapping/columns/a", "wrong_type"),
            ("/query/mapping/colour", "unknown_property"),
        ]);
    });
}

/// A workbook of sheets, each with a state and rows of texts.
fn workbook(sheets: &[(&str, &str, &[&[&str]])]) -> Vec<u8> {
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let (mut list, mut targets, mut parts) = (String::new(), String::new(), Vec::new());
    for (number, (name, state, rows)) in (1..).zip(sheets) {
        let _ = write!(
            list,
            r#"<sheet name="{name}" sheetId="{number}" state="{state}" r:id="r{number}"/>"#
        );
        let _ = write!(
            targets,
            r#"<Relationship Id="r{number}" Type="{office}/worksheet" Target="worksheets/sheet{number}.xml"/>"#
        );
        let mut data = String::new();
        for cells in *rows {
            data += "<row>";
            for cell in *cells {
                match cell.strip_prefix('=') {
                    Some(formula) => {
                        let (formula, value) = formula.split_once('>').unwrap_or((formula, ""));
                        let _ = write!(data, r#"<c t="str"><f>{formula}</f><v>{value}</v></c>"#);
                    }
                    None => {
                        let _ = write!(data, r#"<c t="inlineStr"><is><t>{cell}</t></is></c>"#);
                    }
                }
            }
            data += "</row>";
        }
        let sheet =
            format!(r#"<worksheet xmlns="{main}"><sheetData>{data}</sheetData></worksheet>"#);
        parts.push((format!("xl/worksheets/sheet{number}.xml"), sheet));
    }
    parts.push((
        "_rels/.rels".to_owned(),
        format!(r#"<Relationships xmlns="{package}"><Relationship Id="r" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#),
    ));
    parts.push((
        "xl/workbook.xml".to_owned(),
        format!(
            r#"<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{list}</sheets></workbook>"#
        ),
    ));
    let relations = format!(r#"<Relationships xmlns="{package}">{targets}</Relationships>"#);
    parts.push(("xl/_rels/workbook.xml.rels".to_owned(), relations));
    archive(parts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())))
}

fn archive<'p>(parts: impl Iterator<Item = (&'p str, &'p [u8])>) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        archive.start_file(name, SimpleFileOptions::default()).expect("a part");
        archive.write_all(bytes).expect("bytes");
    }
    archive.finish().expect("an archive").into_inner()
}

fn a_workbook_is_read_like_a_table(app: &TestApp) {
    let people: &[&[&str]] = &[
        &["Employee_Number ", "name", "hire_date", "note"],
        &["00125", "=A2>Li Na", "2024-03-01", "x"],
        &["", " ", "", ""],
        &["E2", "Bo", "2024/3/1", ""],
    ];
    let other: &[&[&str]] = &[&["employee_number"], &["GONE"]];
    let sheets =
        [("Old", "hidden", other), ("People", "visible", people), ("More", "visible", other)];
    let bytes = workbook(&sheets);
    for kind in [XLSX, "application/vnd.ms-excel"] {
        let read = app.unchanged(|| {
            let query = "dry_run=true&ignore_unknown_columns=true";
            send(app, kind, query, bytes.clone()).expect(200)
        });
        assert_eq!(counts(&read), [2, 0, 0, 0], "{read:?}");
        let mut said = warnings(&read);
        said.sort_unstable();
        let expected =
            ["blank_rows", "date_detected", "formula_value", "hidden_sheets", "other_sheets"];
        assert_eq!(said, expected);
        assert_eq!(
            (&read.json()["rows"][1]["line"], &read.json()["rows"][0]["key"]),
            (&json!(4), &json!("00125"))
        );
    }
    app.unchanged(|| {
        send(app, XLSX, "sheet=Nobody", bytes.clone())
            .refused("validation-failed")
            .faults(&[("/query/sheet", "sheet_unknown")]);
        send(app, XLSX, "sheet=more", bytes.clone())
            .refused("validation-failed")
            .faults(&[("/0/name", "required"), ("/0/hire_date", "required")]);
        send(app, "text/csv", "", bytes.clone())
            .refused("unsupported-media-type")
            .faults(&[("/header/Content-Type", "workbook_as_text")]);
    });
}

fn a_workbook_cannot_fill_the_memory(app: &TestApp) {
    let zeros = vec![0; 65 << 20];
    let bomb = archive([("xl/worksheets/x.xml", &zeros[..])].into_iter());
    assert!(bomb.len() < 1 << 20, "it is small");
    app.unchanged(|| {
        send(app, XLSX, "", bomb)
            .refused("validation-failed")
            .faults(&[("", "workbook_too_large")]);
        for damaged in [&b""[..], b"PK\x03\x04", b"employee_number\nE1\n"] {
            send(app, XLSX, "", damaged)
                .refused("validation-failed")
                .faults(&[("", "workbook_unreadable")]);
        }
    });
}

fn what_is_wrong_with_every_row_is_told_at_once(app: &TestApp) {
    let bad = "employee_number,name,hire_date,manager_employee_number,org_unit_code\n\
               A,A,soon,NOBODY,NOWHERE\n\
               B,B,2024-01-01,A,\n\
               \n\
               #REF!,C,2024-01-01,NOBODY,\n\
               D,D,2024-01-01,D,\n\
               E,E,2024-01-01,B,\n\
               e,E,2024-01-01,,\n";
    let faults = [
        ("/0/hire_date", "not_a_date"),
        ("/0/manager_employee_number", "unknown_reference"),
        ("/0/org_unit_code", "unknown_reference"),
        ("/2/employee_number", "error_cell"),
        ("/2/manager_employee_number", "unknown_reference"),
        ("/3/manager_employee_number", "self_reference"),
        ("/4/employee_number", "duplicate_in_request"),
        ("/5/employee_number", "duplicate_in_request"),
    ];
    let answer = app.unchanged(|| csv(app, "", bad)).refused("validation-failed").faults(&faults);
    let errors = answer.json()["errors"].clone();
    assert_eq!((&errors[0]["line"], &errors[0]["key"]), (&json!(2), &json!("A")));
    let refs = errors.as_array().into_iter().flatten().find(|it| it["code"] == "error_cell");
    let refs = refs.cloned().unwrap_or_default();
    assert_eq!((&refs["line"], refs.get("key")), (&json!(5), None));

    let by_row = csv(app, "atomic=false&dry_run=true", bad).expect(200);
    assert_eq!(counts(&by_row), [0, 0, 0, 6], "B needs A, and E needs B");
    let rows = by_row.json()["rows"].clone();
    assert_eq!((&rows[0]["key"], &rows[0]["line"]), (&json!("A"), &json!(2)));
    assert_eq!(rows[0]["errors"].as_array().map(Vec::len), Some(3));
    assert_eq!(rows[1]["errors"][0]["code"], "row_failed");

    // Of a file that would become a job, too.
    let mut long = bad.to_owned();
    for number in 0..1_200 {
        let _ = writeln!(long, "N{number},N,2024-01-01,A,");
    }
    app.unchanged(|| csv(app, "", &long)).refused("validation-failed").faults(&faults);
}

fn a_file_may_have_some_columns_only(app: &TestApp) {
    let before = person(app, "LIN");
    let done = csv(app, "", "Employee_Number;Email\nLIN;new.lin@acme.example\n").expect(200);
    assert_eq!(counts(&done), [0, 1, 0, 0]);
    let after = person(app, "LIN");
    assert_eq!(after["email"], "new.lin@acme.example");
    for kept in ["name", "hire_date", "manager_id", "org_unit_id", "job_title", "external_ids"] {
        assert_eq!(before[kept], after[kept], "{kept}");
    }
    let new = app.unchanged(|| csv(app, "", "employee_number,email\nNEW,new@acme.example\n"));
    new.refused("validation-failed")
        .faults(&[("/0/name", "required"), ("/0/hire_date", "required")]);
    let unit = app
        .as_(HrAdmin)
        .post("/v1/org-units/bulk", &json!([{ "code": "EAST", "name": "Far East" }]));
    assert_eq!(counts(&unit.expect(200)), [0, 1, 0, 0]);
}

fn managers_are_found_by_address_and_other_ids(app: &TestApp) {
    let text = "employee_number,name,hire_date,email,external_ids.hr,manager_employee_number\n\
                A,A,2024-01-01,a@acme.example,x-1,B@acme.example\n\
                B,B,2024-01-01,b@acme.example,x-2,\n";
    let done = csv(app, "manager_by=email", text).expect(200);
    assert_eq!(counts(&done), [2, 0, 0, 0]);
    assert_eq!(person(app, "A")["manager_id"], person(app, "B")["id"]);
    let text = "employee_number,manager_employee_number\nB,\nA,x-2\nLIN,x-1\n";
    let done = csv(app, "manager_by=external_ids.hr", text).expect(200);
    assert_eq!(counts(&done), [0, 1, 2, 0]);
    assert_eq!(person(app, "LIN")["manager_id"], person(app, "A")["id"]);
    app.unchanged(|| {
        csv(
            app,
            "manager_by=email",
            "employee_number,manager_employee_number\nA,no@acme.example\n",
        )
        .refused("validation-failed")
        .faults(&[("/0/manager_employee_number", "unknown_reference")]);
        csv(app, "manager_by=colour", text).refused("malformed-request");
    });
}

fn a_name_that_means_several_people_is_refused(app: &TestApp) {
    let text = "employee_number,name,hire_date,manager_employee_number\n\
                A,Chen Wei,2024-01-01,\nB,\"Wei, Chen\",2024-01-01,\nC,C,2024-01-01,chen  wei\n\
                D,D,2024-01-01,Wei Chen\n";
    csv(app, "", "employee_number,name,hire_date\nX,WEI CHEN,2024-01-01\n").expect(200);
    let refused = app.unchanged(|| csv(app, "manager_by=name", text)).refused("validation-failed");
    let refused = refused.faults(&[("/2/manager_employee_number", "ambiguous_reference")]);
    let detail = refused.json()["errors"][0]["detail"].to_string();
    assert!(detail.contains("A, B"), "{detail}");
}

fn days_are_declared_or_refused(app: &TestApp) {
    let text = |day: &str| format!("employee_number,name,hire_date\nA,A,{day}\n");
    let dry = |query: &str, day: &str| {
        app.unchanged(|| csv(app, &format!("dry_run=true&{query}"), &text(day)))
    };
    let refused = dry("", "03/04/2020").refused("validation-failed");
    let refused = refused.faults(&[("/0/hire_date", "date_ambiguous")]);
    assert!(refused.json()["errors"][0]["detail"].to_string().contains("date_format"));
    for (query, day) in [
        ("date_format=MM/DD/YYYY", "3/4/2020"),
        ("date_format=DD.MM.YYYY", "4.3.2020"),
        ("date_format=YYYYMMDD", "20200304"),
        (&format!("date_format={}", escaped("YYYY年M月D日"))[..], "2020年3月4日"),
    ] {
        assert_eq!(warnings(&dry(query, day).expect(200)), Vec::<String>::new(), "{day}");
    }
    assert_eq!(warnings(&dry("", "2020/3/4").expect(200)), ["date_detected"]);
    for day in ["0204-03-01", "9999-12-31"] {
        dry("", day).refused("validation-failed").faults(&[("/0/hire_date", "date_unlikely")]);
    }
    csv(app, "date_format=M/D/Y", &text("3/4/2020")).refused("malformed-request");
    let open = "employee_number,name,hire_date,termination_date\nA,A,2024-01-01,9999-12-31\n";
    let done = csv(app, "", open).expect(200);
    assert_eq!(
        (warnings_of(&done, 0), person(app, "A")["status"].clone()),
        (vec!["open_end".to_owned()], json!("active"))
    );
}

fn one_person_in_two_spellings_is_noticed(app: &TestApp) {
    let head = "employee_number,name,hire_date,email\n";
    let twice = format!("{head}E001,Li Na,2024-01-01,\ne001,Li Na,2024-01-01,\n");
    app.unchanged(|| csv(app, "", &twice)).refused("validation-failed").faults(&[
        ("/0/employee_number", "duplicate_in_request"),
        ("/1/employee_number", "duplicate_in_request"),
    ]);
    csv(app, "", &format!("{head}E001,Li Na,2024-01-01,li.na@acme.example\n")).expect(200);
    let other = format!("{head}e001,Li Na,2024-01-01,Li.Na@acme.example\n");
    let told = app.unchanged(|| csv(app, "dry_run=true", &other).expect(200));
    let mut told = warnings_of(&told, 0);
    told.sort_unstable();
    assert_eq!(told, ["email_of_another", "key_differs_in_case"]);
}

fn what_cannot_be_seen_or_is_no_address_is_refused(app: &TestApp) {
    let text = "employee_number,name,hire_date,email\n\
                E0062\u{200b},A,2024-01-01,\nB,\u{200b},2024-01-01,\nC,C,2024-01-01,not an address\n\
                D,D,2024-01-01,n/a\nE,E,2024-01-01,x@acme.example; y@acme.example\n";
    app.unchanged(|| csv(app, "", text)).refused("validation-failed").faults(&[
        ("/0/employee_number", "invisible_character"),
        ("/1/name", "blank"),
        ("/2/email", "not_an_email"),
        ("/3/email", "not_an_email"),
        ("/4/email", "not_an_email"),
    ]);
    let hr = app.as_(HrAdmin);
    let new = json!({
        "employee_number": "E\u{200b}", "name": "\u{3164}", "hire_date": "2024-01-01", "email": "n/a",
    });
    app.unchanged(|| hr.post("/v1/employees", &new)).refused("validation-failed").faults(&[
        ("/employee_number", "invisible_character"),
        ("/name", "blank"),
        ("/email", "not_an_email"),
    ]);
    let joined = csv(
        app,
        "",
        "employee_number,name,hire_date,email\nJ,葛\u{e0100}城,2024-01-01,李娜@例子.公司\n",
    );
    assert_eq!(counts(&joined.expect(200)), [1, 0, 0, 0]);
    let login = |login: &str| hr.post("/v1/accounts", &json!({ "login": login }));
    login("li\u{200b}na").refused("validation-failed");
    login("wide.login").expect(201);
    app.unchanged(|| login("ｗｉｄｅ．Login")).refused("duplicate");
}

fn a_file_that_changes_too_much_needs_a_word(app: &TestApp) {
    let many = |from: usize, to: usize, email: &str| {
        let mut text = "employee_number,name,hire_date,email\n".to_owned();
        for number in from..to {
            let email = if email.is_empty() { String::new() } else { format!("{number}{email}") };
            let _ = writeln!(text, "000{number},Person {number},2024-01-01,{email}");
        }
        text
    };
    let first = many(100, 130, "@acme.example");
    assert_eq!(counts(&csv(app, "", &first).expect(200)), [30, 0, 0, 0], "the first time");
    let cut = first.replace("\n000", "\n");
    let refused = app.unchanged(|| csv(app, "", &cut)).refused("mass-creation");
    refused.faults(&[("", "mass_creation")]);
    let dry = app.unchanged(|| csv(app, "dry_run=true&allow_mass_creation=true", &cut).expect(200));
    assert_eq!(warnings_of(&dry, 0), ["email_of_another"]);
    let cleared = many(100, 130, "");
    let refused = app.unchanged(|| csv(app, "", &cleared)).refused("mass-clearing");
    assert!(refused.json()["errors"][0]["detail"].to_string().contains("email"));
    let without = cleared.replace(",email\n", "\n").replace(",\n", "\n");
    assert_eq!(counts(&app.unchanged(|| csv(app, "", &without).expect(200))), [0, 0, 30, 0]);
    assert_eq!(counts(&csv(app, "allow_mass_clearing=true", &cleared).expect(200)), [0, 30, 0, 0]);
    assert_eq!(counts(&csv(app, "allow_mass_creation=true", &cut).expect(200)), [30, 0, 0, 0]);
}

fn units_are_read_alike(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let send = |query: &str, text: &str| {
        let request = hr.request("POST", format!("/v1/org-units/bulk?{query}"));
        request.body("application/csv; charset=gb2312", text).send()
    };
    let text =
        "sep=;\nDepartment code ;Name;KIND;parent_code\n D-1 ;Depot;department;COMPANY\n;;;\n";
    let query = "columns=department%20CODE:code";
    assert_eq!(counts(&send(query, text).expect(200)), [1, 0, 0, 0]);
    app.unchanged(|| send("", "code;kind;parent_code\nD-2;team;D-3\n"))
        .refused("validation-failed")
        .faults(&[("/0/name", "required"), ("/0/parent_code", "unknown_reference")]);
}
