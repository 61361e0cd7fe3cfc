//! The log: plain lines for people or JSON for machines, each with key-values. `RUST_LOG` selects
//! what is logged. The default is `info`, without those messages of the framework that any client
//! could provoke.

use env_logger::fmt::Formatter;
use log::Record;
use log::kv::{Error, Key, Value, VisitSource, VisitValue};
use serde_json::{Map, json};
use std::io::{self, Write};

/// Starts logging as `json`, or as plain lines for any other value. Panics are logged as well.
pub fn start(form: &str) {
    let filter =
        env_logger::Env::default().default_filter_or("info,actix_server=warn,actix_http=off");
    let mut builder = env_logger::Builder::from_env(filter);
    if form == "json" {
        builder.format(|out, record| {
            let line = json_line(&out.timestamp_micros().to_string(), record);
            write_line(out, &line)
        });
    }
    builder.init();
    std::panic::set_hook(Box::new(|panic| log::error!("{panic}")));
}

fn write_line(out: &mut Formatter, line: &Map<String, serde_json::Value>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

fn json_line(time: &str, record: &Record<'_>) -> Map<String, serde_json::Value> {
    let mut fields = Fields(Map::new());
    // A field that cannot be written is left out, so that the line is not lost.
    let _ = record.key_values().visit(&mut fields);
    let mut line = fields.0;
    line.insert("time".into(), time.into());
    line.insert("level".into(), record.level().as_str().into());
    line.insert("target".into(), record.target().into());
    line.insert("message".into(), record.args().to_string().into());
    line
}

struct Fields(Map<String, serde_json::Value>);

impl<'kvs> VisitSource<'kvs> for Fields {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        let mut field = Field(serde_json::Value::Null);
        value.visit(&mut field)?;
        self.0.insert(key.as_str().to_owned(), field.0);
        Ok(())
    }
}

struct Field(serde_json::Value);

impl VisitValue<'_> for Field {
    fn visit_any(&mut self, value: Value<'_>) -> Result<(), Error> {
        self.0 = json!(value.to_string());
        Ok(())
    }

    fn visit_null(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), Error> {
        self.0 = json!(value);
        Ok(())
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), Error> {
        self.0 = json!(value);
        Ok(())
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), Error> {
        self.0 = json!(value);
        Ok(())
    }

    fn visit_bool(&mut self, value: bool) -> Result<(), Error> {
        self.0 = json!(value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_json_has_its_key_values_in_their_types() {
        let fields = [
            ("status", Value::from(404_u16)),
            ("route", Value::from("/v1/\"x\"")),
            ("principal", Value::null()),
        ];
        let record = Record::builder()
            .args(format_args!("request"))
            .target("access")
            .key_values(&fields)
            .build();
        let line = json_line("2026-11-20T08:30:00Z", &record);
        assert_eq!(
            serde_json::Value::Object(line),
            json!({
                "time": "2026-11-20T08:30:00Z", "level": "INFO", "target": "access",
                "message": "request", "status": 404, "route": "/v1/\"x\"",
                "principal": null,
            })
        );
    }
}
